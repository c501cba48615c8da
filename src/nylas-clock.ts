import type { Answer } from './core/answer.js';
import type { MadeWindow } from './core/outcome.js';
import { isKnown, observeDate, UNKNOWN_SKEW, windowClosesAt, windowOpensAt, type Skew } from './core/skew.js';
import type { Clock } from './ports/clock.js';

/**
 * Nylas' clock, as far as its answers tell of it. Between two answers time is taken from the clock that only
 * ever grows: that ours is set meanwhile, by a person or by NTP, moves nothing.
 */
export class NylasClock {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  #skew: Skew = UNKNOWN_SKEW;
  /** What our wall clock, as it was when the skew was last observed, is ahead of the monotonic one. */
  #aheadMs: number;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
    this.#aheadMs = clock.now() - clock.monotonic();
  }

  /** Learns from an answer that has just come. */
  observe(answer: Answer): void {
    if (answer.kind === 'fault' || answer.serverDateMs === null) return;
    const { sentAtMs, latencyMs, serverDateMs } = answer;
    const receivedAtMs = sentAtMs + latencyMs;
    this.#skew = observeDate(this.#skew, { serverDateMs, sentAtMs, receivedAtMs });
    this.#aheadMs = receivedAtMs - this.#clock.monotonic();
  }

  /** The earliest second that a request started at `startedMs` (monotonic) can leave on a grant. */
  opensAt(startedMs: number = this.#clock.monotonic()): number {
    return windowOpensAt(startedMs + this.#aheadMs, this.#skew);
  }

  /**
   * In which seconds a grant was made that a request started at `startedMs` (monotonic) and answered just now
   * made; null where nothing is known of Nylas' clock.
   */
  madeSince(startedMs: number): MadeWindow | null {
    if (!isKnown(this.#skew)) return null;
    const nowMs = this.#clock.monotonic() + this.#aheadMs;
    return { opensAt: this.opensAt(startedMs), closesAt: windowClosesAt(nowMs, this.#skew) };
  }
}
