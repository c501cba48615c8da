import type { LegacyUser } from './core/record.js';
import type { Tries } from './core/retry.js';

/** A row that waits for its turn within the run: the only credentials held beyond those in flight. */
export interface Parked {
  readonly user: LegacyUser;
  /** Where this file named the same record before. */
  readonly seenOnLine: number | null;
  readonly tries: Tries;
  /** Whether it comes from where rows wait, and so isn't the row that was read last. */
  readonly hasWaited: boolean;
  /** How often it has been parked for a time, so that a record can't hold the run for ever. */
  readonly parkings: number;
  /** Until when (Unix milliseconds) it has waited: a clock that is set back doesn't make it wait again. */
  readonly waitedUntilMs: number;
  /** Where it is counted if the run ends before its turn. */
  readonly bucket: 'waiting' | 'in_doubt' | 'held_back';
}

/** A small, bounded buffer of rows that wait: for a time, or for another record's end. */
export class Later {
  readonly capacity: number;
  readonly #entries = new Map<Parked, number>();
  /** No entry is due before this; kept so that asking costs nothing while nothing is due. */
  #nextDueMs = Infinity;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether no row is taken in that has not been begun. */
  get full(): boolean {
    return this.#entries.size >= this.capacity;
  }

  /** Whether no row is taken back either: those that come back from being in flight have room of their own. */
  get overfull(): boolean {
    return this.#entries.size >= 2 * this.capacity;
  }

  /** Keeps a row until `dueMs` (monotonic milliseconds); Infinity: until it is released. */
  park(parked: Parked, dueMs: number): void {
    this.#entries.set(parked, dueMs);
    this.#nextDueMs = Math.min(this.#nextDueMs, dueMs);
  }

  /** Makes a row that waits due at once. */
  release(parked: Parked): void {
    if (this.#entries.has(parked)) this.park(parked, -Infinity);
  }

  /** When the next row is due (monotonic milliseconds): Infinity where none has a time. */
  nextDueMs(): number {
    return this.#nextDueMs;
  }

  /** Takes out a row whose time has come. */
  takeDue(nowMs: number): Parked | null {
    if (this.#nextDueMs > nowMs) return null;
    const due = this.#first(nowMs);
    if (due !== null) this.#entries.delete(due);
    this.#findNextDue();
    return due === null ? null : { ...due, hasWaited: true };
  }

  /** The row that has been due for longest, released ones before all others. */
  #first(nowMs: number): Parked | null {
    let first: readonly [Parked, number] | null = null;
    for (const entry of this.#entries) {
      if (entry[1] <= nowMs && entry[1] < (first?.[1] ?? Infinity)) first = entry;
    }
    return first?.[0] ?? null;
  }

  /** Takes out the rows that wait for a time and that `isMeant`, which is told when that comes. */
  takeTimed(isMeant: (parked: Parked, dueMs: number) => boolean): readonly Parked[] {
    const meant = [...this.#entries].filter(
      ([parked, dueMs]) => Number.isFinite(dueMs) && isMeant(parked, dueMs),
    );
    for (const [parked] of meant) this.#entries.delete(parked);
    this.#findNextDue();
    return meant.map(([parked]) => parked);
  }

  /** Empties the buffer. */
  takeAll(): readonly Parked[] {
    const all = [...this.#entries.keys()];
    this.#entries.clear();
    this.#nextDueMs = Infinity;
    return all;
  }

  #findNextDue(): void {
    this.#nextDueMs = [...this.#entries.values()].reduce((next, dueMs) => Math.min(next, dueMs), Infinity);
  }
}
