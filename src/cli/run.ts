import { openProgress, renderers } from '../context.js';
import type { OptionValues } from '../config.js';
import type { RunDocument } from '../core/run-summary.js';
import type { Connected } from '../connected.js';
import type { Progress } from '../ports.js';
import { runThrough, type RunPlan } from '../run.js';
import { makeStopSwitch } from '../stop.js';
import { readConnectors } from '../target.js';
import type { Action } from './command.js';
import { readConnection } from './connection.js';
import { dryRun } from './dry-run.js';
import { scopeOf, sourceOf, warnerOf } from './input.js';
import { migrateOptions } from './migrate-options.js';
import { followSignals, onScreen, sayStopped } from './on-screen.js';
import { RUN } from './options.js';
import { assertNotPrecious } from './precious.js';
import { advise, announce, progressForm, unwrittenTeller } from './run-output.js';
import { print, type Shell } from './shell.js';
import { shownOptions } from './shown-options.js';

type Values = OptionValues<typeof RUN>;

export const action: Action<typeof RUN> = (values, args, flags, shell) =>
  values.dryRun ? dryRun(values, args, shell) : runOnScreen(values, args, flags, shell);

async function runOnScreen(
  values: Values,
  args: readonly string[],
  flags: ReadonlySet<string>,
  shell: Shell,
): Promise<number> {
  const bare = await openProgress(shell.stderr, progressForm(values, shell));
  return onScreen(shell, bare, await renderers.state(), (spoken, progress) =>
    run(values, args, flags, spoken, progress),
  );
}

async function run(
  values: Values,
  args: readonly string[],
  flags: ReadonlySet<string>,
  shell: Shell,
  progress: Progress,
): Promise<number> {
  const plan = await planOf(values, args, flags, shell);
  const stop = makeStopSwitch();
  const release = followSignals(values.quiet, shell, stop);
  try {
    const document = await runThrough(plan, {
      stop,
      progress,
      warn: warnerOf(values, shell),
      onUnwritten: unwrittenTeller(shell),
      onReady: (world, inputName) => tellBeforehand(values, shell, inputName, plan.connection.apiUri, world),
    });
    if (document === null) return await sayStopped(values, shell, stop, 'submitted');
    await tell(values, shell, document);
    return document.exitCode;
  } finally {
    release();
  }
}

async function planOf(
  values: Values,
  args: readonly string[],
  flags: ReadonlySet<string>,
  shell: Shell,
): Promise<RunPlan> {
  const connection = await readConnection(values, shell, flags);
  const source = await sourceOf(values, args, shell);
  const options = migrateOptions(values, scopeOf(values, shell), connection.apiKey);
  if (values.logFile !== null) assertNotPrecious(values.logFile, '--log-file', values.ledger, [source.name]);
  const { label, okIfAttention } = values;
  const { hostname: host, pid, version } = shell;
  const by = { label, host, pid, version, options: shownOptions(values, RUN) };
  return { source, ledgerPath: values.ledger, connection, talking: values, options, okIfAttention, by };
}

/** Says where the run goes, and what the application lacks. False: stopped meanwhile. */
async function tellBeforehand(
  values: Values,
  shell: Shell,
  inputName: string,
  apiUri: string,
  { api, pacer, target }: Connected,
): Promise<boolean> {
  await announce(values, shell, inputName, apiUri, target);
  if (values.noPreflight) return true;
  await advise(values, shell, await readConnectors(api));
  return (await pacer.slot()) !== null;
}

/** Prints what a run came to: a summary, or its JSON document. */
async function tell(values: Values, shell: Shell, document: RunDocument): Promise<void> {
  const text = values.json ? JSON.stringify(document, null, 2) : (await renderers.runSummary())(document);
  await print(shell.stdout, text);
}
