import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { play, type Failure } from './play.js';

const USAGE = `Usage: npm run simulate-faults -- [--seeds N] [--from SEED] [--seed SEED] [--jobs N] [--failures-max N]

Plays the worlds of N seeds (1000 unless said), beginning with SEED (1), in so many threads (one a core).
--seed plays one alone. Ends after so many worlds in which something went wrong (1), each with how to replay it.
`;

/** A whole number above 0, or what is wrong with it. */
function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new RangeError(`--${name} ${text}: it must be a whole number above 0.`);
}

function optionsOf(args: readonly string[]) {
  const option = (value: string) => ({ type: 'string', default: value }) as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: option('1000'),
      from: option('1'),
      seed: { type: 'string' },
      jobs: option(String(availableParallelism())),
      'failures-max': option('1'),
    },
  });
  const number = (name: 'seeds' | 'from' | 'jobs' | 'failures-max'): number =>
    wholeNumber(name, values[name]);
  const first = values.seed === undefined ? number('from') : wholeNumber('seed', values.seed);
  return {
    first,
    last: values.seed === undefined ? first + number('seeds') - 1 : first,
    jobs: number('jobs'),
    failuresMax: number('failures-max'),
  };
}

function tellFailure({ seed, violations, story }: Failure): void {
  const replay = `npm run simulate-faults -- --seed ${seed}`;
  process.stdout.write(
    `\nseed ${seed}: ${violations.join('\n  ')}\n${story.join('\n')}\nreplay: ${replay}\n`,
  );
}

function tellProgress(done: number, of: number, elapsedMs: number): void {
  const perMinute = Math.round((done * 60_000) / elapsedMs);
  process.stderr.write(`${done} of ${of} seeds, ${perMinute} a minute\n`);
}

async function main(): Promise<number> {
  const { first, last, jobs, failuresMax } = optionsOf(process.argv.slice(2));
  const count = last - first + 1;
  const startedMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedMs;
  const played = await play({ first, last, jobs, failuresMax }, (done) => {
    tellProgress(done, count, elapsedMs());
  });
  for (const failure of played.failures) tellFailure(failure);
  const { seeds, runs, requests, failures } = played;
  const minutes = elapsedMs() / 60_000;
  process.stdout.write(
    `${seeds} seeds, ${runs} runs, ${requests} requests in ${minutes.toFixed(1)} min ` +
      `(${Math.round(seeds / minutes)} seeds a minute): ${failures.length} went wrong\n`,
  );
  return failures.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
