export interface Clock {
  /** Unix milliseconds; can be set back. */
  now(): number;
  /** Milliseconds that only ever grow. */
  monotonic(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Calls back once, no sooner than `delayMs`; returns how to cancel it. */
  after(delayMs: number, callback: () => void): () => void;
}
