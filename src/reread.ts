import type { Answer } from './core/answer.js';
import { decideReread } from './core/retry.js';
import type { Clock } from './ports/clock.js';
import type { OnLeft } from './ports/nylas.js';
import type { Work } from './work.js';

/** The part of a run's work that reading from Nylas needs. */
export type ReadingWork = Pick<Work, 'pause' | 'stopping' | 'send' | 'nylasClock'> & {
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'random'>;
};

/**
 * Makes a call that only reads, in its turn, and again where Nylas was unwell: that can do no harm. Null: the
 * run is stopping.
 */
export async function reread(
  work: ReadingWork,
  call: (onLeft: OnLeft) => Promise<Answer>,
): Promise<Answer | null> {
  for (let tries = 1; ; tries += 1) {
    const answer = await work.send(call);
    if (answer === null) return null;
    const next = decideReread(answer, tries, { nowMs: work.clock.now(), random: work.clock.random() });
    if (next === null) return answer;
    await work.pause(next.delayMs);
    if (work.stopping()) return null;
  }
}
