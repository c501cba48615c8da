import type { Database } from 'better-sqlite3';
import type { Clock } from '../../ports/clock.js';

interface Change {
  readonly apply: () => void;
  readonly settle: (error: Error | null) => void;
}

const CHANGES_MAX = 64;
const DELAY_MAX_MS = 5;

/**
 * Commits changes in groups of 64 or after 5 ms, in the order they were made: one fsync serves many. A change
 * counts only after its COMMIT. The first failure is final: nothing is written after a lost change.
 */
export class GroupCommit {
  readonly #begin;
  readonly #commit;
  readonly #rollback;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => Error;
  readonly #assertSound: () => void;
  #waiting: Change[] = [];
  #cancelTimer: (() => void) | null = null;
  #failure: Error | null = null;

  /**
   * `assertSound` throws where nothing may be written any more, or may have been written in vain. `onFailure` is told
   * what a commit failed with, and says what whoever waits is told.
   */
  constructor(
    db: Database,
    clock: Clock,
    {
      assertSound,
      onFailure,
    }: { readonly assertSound: () => void; readonly onFailure: (error: unknown) => Error },
  ) {
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
    this.#rollback = (): void => {
      try {
        if (db.inTransaction) db.exec('ROLLBACK');
      } catch {
        // The failure that led here is the one to tell; without its COMMIT nothing of the group counts.
      }
    };
    this.#clock = clock;
    this.#onFailure = onFailure;
    this.#assertSound = assertSound;
  }

  /** Queues a change; resolves to its result after the COMMIT that holds it. */
  add<T>(change: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure);
        return;
      }
      let result: { readonly value: T } | null = null;
      this.#waiting.push({
        apply: () => {
          result = { value: change() };
        },
        settle: (error) => {
          if (error !== null || result === null) reject(error ?? new Error('the change was not applied'));
          else resolve(result.value);
        },
      });
      this.#schedule();
    });
  }

  /** Commits what is waiting, now. Throws what the commit failed with. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const group = this.#waiting;
    this.#waiting = [];
    if (group.length > 0) this.#write(group);
    if (this.#failure !== null) throw this.#failure;
  }

  /** Commits what is waiting and takes no more; a failure reaches whoever waits. */
  close(after: Error): void {
    this.#flushQuietly();
    this.fail(after);
  }

  /** Takes no more, and writes nothing of what is waiting: whoever waits is told. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    for (const change of this.#waiting.splice(0)) change.settle(this.#failure);
  }

  #schedule(): void {
    if (this.#waiting.length >= CHANGES_MAX) this.#flushQuietly();
    else {
      this.#cancelTimer ??= this.#clock.after(DELAY_MAX_MS, () => {
        this.#flushQuietly();
      });
    }
  }

  /** The failure reaches whoever waits for a change of the group. */
  #flushQuietly(): void {
    try {
      this.flush();
    } catch {
      return;
    }
  }

  #write(group: readonly Change[]): void {
    try {
      this.#assertSound();
      this.#begin.run();
      for (const change of group) change.apply();
      this.#commit.run();
      this.#assertSound();
    } catch (error) {
      this.#failure = this.#onFailure(error);
      this.#rollback();
    }
    for (const change of group) change.settle(this.#failure);
  }
}
