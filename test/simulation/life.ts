import type { Clock } from '../../src/ports/clock.js';

/** The clock of one process: when that dies, nothing it waited for ever comes. */
export class Life implements Clock {
  readonly #clock: Clock;
  readonly #cancels = new Set<() => void>();
  #isOver = false;
  #steps = 0;
  readonly bornAtMs: number;
  readonly #latenessMs: () => number;

  constructor(clock: Clock, latenessMs: () => number) {
    this.#clock = clock;
    this.#latenessMs = latenessMs;
    this.bornAtMs = clock.monotonic();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** How many of its timers have fired. */
  get steps(): number {
    return this.#steps;
  }

  /** Whether anything may still happen to it by itself. */
  get isWaiting(): boolean {
    return this.#cancels.size > 0;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  random(): number {
    return this.#clock.random();
  }

  after(delayMs: number, callback: () => void): () => void {
    if (this.#isOver) return () => undefined;
    const stop = this.#clock.after(Math.max(0, delayMs) + this.#latenessMs(), () => {
      this.#cancels.delete(cancel);
      this.#steps += 1;
      callback();
    });
    const cancel = (): void => {
      this.#cancels.delete(cancel);
      stop();
    };
    this.#cancels.add(cancel);
    return cancel;
  }

  end(): void {
    this.#isOver = true;
    for (const cancel of this.#cancels) cancel();
  }
}
