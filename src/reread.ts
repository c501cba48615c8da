import type { Answer } from './core/answer.js';
import { decideReread } from './core/retry.js';
import type { Pacer } from './pacer.js';
import type { Clock } from './ports.js';
import { observe, type Work } from './work.js';

/** The part of a run's work that reading from Nylas needs. */
export type ReadingWork = Pick<Work, 'pause' | 'stopping' | 'onAnswer' | 'nylasClock'> & {
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'random'>;
  readonly pacer: Pick<Pacer, 'slot'>;
};

/**
 * Makes a call that only reads, in its turn, and again where Nylas was unwell: that can do no harm. Null: the
 * run is stopping.
 */
export async function reread(work: ReadingWork, call: () => Promise<Answer>): Promise<Answer | null> {
  for (let tries = 1; ; tries += 1) {
    if (!(await work.pacer.slot())) return null;
    const answer = await call();
    observe(work, answer);
    const next = decideReread(answer, tries, { nowMs: work.clock.now(), random: work.clock.random() });
    if (next === null) return answer;
    await work.pause(next.delayMs);
    if (work.stopping()) return null;
  }
}
