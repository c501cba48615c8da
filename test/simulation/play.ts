import { Worker } from 'node:worker_threads';

/** A world in which something went wrong. */
export interface Failure {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly story: readonly string[];
}

/** What many worlds came to. */
export interface Played {
  readonly seeds: number;
  readonly runs: number;
  readonly requests: number;
  readonly failures: readonly Failure[];
}

/** The seeds that a thread plays next; an empty range ends it. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** What a thread says of one world. */
export type Report = Failure & { readonly runs: number; readonly requests: number };

const RANGE_SEEDS = 20;
const TOLD_EVERY_MS = 10_000;

/**
 * Plays the worlds of a range of seeds in threads; stops at so many that went wrong. What one thread does has no
 * influence on another's worlds.
 */
export async function play(
  options: Range & { readonly jobs: number; readonly failuresMax: number },
  onProgress: (done: number) => void,
): Promise<Played> {
  const failures: Failure[] = [];
  const sums = { seeds: 0, runs: 0, requests: 0 };
  let next = options.first;
  let toldAtMs = performance.now();
  const take = (): Range | null => {
    if (next > options.last || failures.length >= options.failuresMax) return null;
    const range = { first: next, last: Math.min(options.last, next + RANGE_SEEDS - 1) };
    next = range.last + 1;
    return range;
  };
  const onReport = ({ runs, requests, ...world }: Report): void => {
    sums.seeds += 1;
    sums.runs += runs;
    sums.requests += requests;
    if (world.violations.length > 0) failures.push(world);
    if (performance.now() - toldAtMs < TOLD_EVERY_MS) return;
    toldAtMs = performance.now();
    onProgress(sums.seeds);
  };
  await Promise.all(Array.from({ length: options.jobs }, () => runThread(take, onReport)));
  return { ...sums, failures: failures.sort((a, b) => a.seed - b.seed) };
}

/** Resolves when the thread has nothing left to play. Rejects with what it died of. */
function runThread(take: () => Range | null, onReport: (report: Report) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('player.js', import.meta.url));
    const feed = (): void => {
      const range = take();
      if (range === null)
        void thread.terminate().then(() => {
          resolve();
        });
      else thread.postMessage(range);
    };
    thread.on('message', (said: Report | 'ready') => {
      if (said === 'ready') feed();
      else onReport(said);
    });
    thread.on('error', reject);
  });
}
