import { openSource, simulator } from '../context.js';
import { readDirectory } from '../directory.js';
import { formatCounted } from '../core/counted.js';
import type { OptionValues } from '../config.js';
import type { Action } from './command.js';
import { EXIT } from '../core/exit-codes.js';
import { readingOf } from './input.js';
import type { SIMULATE } from './options.js';
import { print, type Shell } from './shell.js';

export const action: Action<typeof SIMULATE> = async (values, _args, _flags, shell) => {
  const { startSimulator, parseFault, parseLatency } = await simulator();
  const server = await startSimulator({
    port: values.port,
    latencyMs: parseLatency(values.latency),
    ratePerSecond: values.rateLimit === 0 ? null : values.rateLimit,
    faults: values.fault.map(parseFault),
    connectors: values.connectors,
    seed: values.seed,
    directory: await directoryOf(values),
  });
  await announce(values, shell, server.url);
  await new Promise<void>((stopped) => {
    shell.onStopSignal(() => {
      stopped();
    });
  });
  const stats = server.stats();
  await server.close();
  if (!values.quiet)
    await print(
      shell.stderr,
      `${formatCounted(stats.requestsTotal, 'request')}, ${formatCounted(stats.grantsCreated, 'grant')} made.`,
    );
  return EXIT.done;
};

async function directoryOf(values: OptionValues<typeof SIMULATE>): Promise<ReadonlyMap<string, string>> {
  if (values.users === null) return new Map();
  const source = await openSource({ file: values.users }, () => undefined);
  return readDirectory(source, readingOf({ ...values, carry: [] }));
}

async function announce(values: OptionValues<typeof SIMULATE>, shell: Shell, url: string): Promise<void> {
  const apiKey = 'sim-api-key';
  if (values.json) await print(shell.stdout, JSON.stringify({ url, api_key: apiKey }));
  else
    await print(
      shell.stdout,
      `${url}\nA simulated Nylas v3 listens there until Ctrl-C. Its API key is ${apiKey}.`,
    );
}
