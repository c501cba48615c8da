import type { Clock } from '../../src/ports/clock.js';

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

export interface FakeClockOptions {
  /** Unix milliseconds at the start. */
  readonly nowMs?: number;
  readonly monotonicMs?: number;
  readonly seed?: number;
  /** How much later than asked for each timer fires. */
  readonly latenessMs?: () => number;
}

/** A clock that stands still until it is told to advance. Timers fire in the order they are due. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  readonly #random: () => number;
  readonly #latenessMs: () => number;
  #nowMs: number;
  #monotonicMs: number;

  constructor(options: FakeClockOptions = {}) {
    this.#nowMs = options.nowMs ?? Date.UTC(2026, 0, 1);
    this.#monotonicMs = options.monotonicMs ?? 5_000;
    this.#random = seededRandom(options.seed ?? 1);
    this.#latenessMs = options.latenessMs ?? (() => 0);
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  random(): number {
    return this.#random();
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs) + this.#latenessMs(), callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** How many timers are waiting. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Moves the wall clock alone, as a person or NTP does. */
  setNow(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /** Lets time pass, and everything that follows from each timer happen before the next one fires. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    await settled();
    for (let next = this.#next(endMs); next !== null; next = this.#next(endMs)) {
      this.#timers.delete(next);
      this.#passTo(next.dueMs);
      next.callback();
      await settled();
    }
    this.#passTo(endMs);
  }

  /** Lets time pass until the next timer fires, and everything follow from that; false: there is none. */
  async step(): Promise<boolean> {
    await settled();
    const next = this.#next(Infinity);
    if (next === null) return false;
    this.#timers.delete(next);
    this.#passTo(next.dueMs);
    next.callback();
    await settled();
    return true;
  }

  #next(endMs: number): Timer | null {
    let next: Timer | null = null;
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (next === null || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }

  #passTo(monotonicMs: number): void {
    const passedMs = Math.max(0, monotonicMs - this.#monotonicMs);
    this.#nowMs += passedMs;
    this.#monotonicMs += passedMs;
  }
}

/** Resolves when every promise that can settle without time passing has settled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Whether a promise has resolved by now; a rejection is thrown. */
export async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  const watched = promise.then(() => {
    done = true;
  });
  await Promise.race([watched, settled()]);
  return done;
}

/** Uniform in [0, 1), the same sequence for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
