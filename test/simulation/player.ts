import { parentPort } from 'node:worker_threads';
import type { Range, Report } from './play.js';
import { simulate } from './simulate.js';

/** The thread that plays worlds: says `ready` when it wants the next seeds, and what each came to. */
function say(what: Report | 'ready'): void {
  parentPort?.postMessage(what);
}

async function playSeed(seed: number): Promise<Report> {
  try {
    return { seed, ...(await simulate(seed)) };
  } catch (error) {
    // The world itself is broken: that is told like anything else that must not be.
    const what = error instanceof Error ? String(error.stack) : String(error);
    return { seed, violations: [what], story: [], runs: 0, requests: 0 };
  }
}

parentPort?.on('message', (range: Range) => {
  void playRange(range);
});
say('ready');

async function playRange({ first, last }: Range): Promise<void> {
  for (let seed = first; seed <= last; seed += 1) say(await playSeed(seed));
  say('ready');
}
