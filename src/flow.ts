import {
  inFlightMax,
  latencyMeasured,
  newInFlightLimit,
  slotLeftEmpty,
  type InFlightLimit,
} from './core/in-flight-limit.js';
import type { Clock } from './ports/clock.js';

/** So often, at most, more are allowed in flight while slots stay empty. */
const EMPTY_MS = 50;

/** Keeps the window as wide as the rate needs at the latency measured. */
export class Flow {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #resize: (concurrency: number) => void;
  #limit: InFlightLimit;
  #isGrowing = false;

  constructor(
    options: { readonly ratePerSecond: number; readonly concurrencyMax: number },
    clock: Pick<Clock, 'after'>,
    resize: (concurrency: number) => void,
  ) {
    this.#clock = clock;
    this.#resize = resize;
    this.#limit = newInFlightLimit(options.ratePerSecond, options.concurrencyMax);
  }

  /** Requests that may be in flight at once. */
  get max(): number {
    return inFlightMax(this.#limit);
  }

  answered(latencyMs: number): void {
    this.#change(latencyMeasured(this.#limit, latencyMs));
  }

  /**
   * Work that could be sent at once waits for an end: where none comes soon, more are let in. Those in flight
   * may hang, and would tell us their latency only when it is too late.
   */
  full(): void {
    if (this.#limit.ratePerSecond === 0 || this.#isGrowing) return;
    this.#isGrowing = true;
    this.#clock.after(EMPTY_MS, () => {
      this.#isGrowing = false;
      this.#change(slotLeftEmpty(this.#limit));
    });
  }

  #change(limit: InFlightLimit): void {
    this.#limit = limit;
    this.#resize(inFlightMax(limit));
  }
}
