import type { Answer } from './core/answer.js';
import type { Pacer } from './pacer.js';
import type { Clock } from './ports/clock.js';

/** How fast a run is going. */
export interface Measured {
  readonly elapsedMs: number;
  readonly requests: number;
  /** Requests a second from the first to the last without the breaks; null where that is too short a time to say. */
  readonly meanRate: number | null;
  /** Breaks between two requests, in all. */
  readonly breaksMs: number;
  /** Requests a second over the last ten seconds. */
  readonly requestsPerSecond: number;
  /** The median over the latest answers; null before the first. */
  readonly latencyP50Ms: number | null;
}

const LATENCIES_MAX = 256;
const RATE_WINDOW_MS = 10_000;
/** Over less, a few answers that came together would look like a rate. */
const RATE_WINDOW_MS_MIN = 1_000;

/** Keeps the latest latencies and the recent rate, in constant space. */
export class Meter {
  readonly #clock: Clock;
  readonly #pacer: Pick<Pacer, 'state'>;
  readonly #startedMs: number;
  readonly #latenciesMs: number[] = [];
  /** Answers by the tenth of a second they came in, for the last ten seconds. */
  readonly #perTenth = new Uint32Array(RATE_WINDOW_MS / 100);
  #lastTenth: number;
  #answers = 0;

  constructor(clock: Clock, pacer: Pick<Pacer, 'state'>) {
    this.#clock = clock;
    this.#pacer = pacer;
    this.#startedMs = clock.monotonic();
    this.#lastTenth = 0;
  }

  answer(answer: Answer): void {
    this.#latenciesMs[this.#answers % LATENCIES_MAX] = answer.latencyMs;
    this.#answers += 1;
    const slot = this.#advance() % this.#perTenth.length;
    this.#perTenth[slot] = (this.#perTenth[slot] ?? 0) + 1;
  }

  measured(): Measured {
    this.#advance();
    const elapsedMs = this.#clock.monotonic() - this.#startedMs;
    const { sent, meanPerSecond, breaksMs } = this.#pacer.state();
    const recent = this.#perTenth.reduce((sum, count) => sum + count, 0);
    const windowMs = Math.max(RATE_WINDOW_MS_MIN, Math.min(elapsedMs, RATE_WINDOW_MS));
    return {
      elapsedMs,
      requests: sent,
      meanRate: meanPerSecond,
      breaksMs,
      requestsPerSecond: (recent * 1000) / windowMs,
      latencyP50Ms: this.#median(),
    };
  }

  /** Empties the tenths that have passed without an answer; returns the present one. */
  #advance(): number {
    const tenth = Math.floor((this.#clock.monotonic() - this.#startedMs) / 100);
    const passed = Math.min(tenth - this.#lastTenth, this.#perTenth.length);
    for (let step = 0; step < passed; step += 1) this.#perTenth[(tenth - step) % this.#perTenth.length] = 0;
    this.#lastTenth = tenth;
    return tenth;
  }

  #median(): number | null {
    const sorted = [...this.#latenciesMs].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }
}
