const SECOND_MS = 1000;

/** Counts events in the second that ends now, wherever that second starts: never by the calendar. */
export class SlidingSecond {
  #times: number[] = [];
  #first = 0;
  #max = 0;

  /** The largest number of events that any second held so far. */
  get max(): number {
    return this.#max;
  }

  /** How many events the second that ends at `nowMs` holds. */
  count(nowMs: number): number {
    while ((this.#times[this.#first] ?? Infinity) <= nowMs - SECOND_MS) this.#first += 1;
    this.#compact();
    return this.#times.length - this.#first;
  }

  add(nowMs: number): void {
    this.#times.push(nowMs);
    this.#max = Math.max(this.#max, this.count(nowMs));
  }

  /** Lets go of what is over, now and then: shifting at every event would copy the whole second. */
  #compact(): void {
    if (this.#first < 1024) return;
    this.#times = this.#times.slice(this.#first);
    this.#first = 0;
  }
}
