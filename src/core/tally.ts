import type { Origin } from './category.js';

/** Where a row that was read ends: exactly one of these. */
export const BUCKETS = [
  'migrated',
  'failed',
  'already_done',
  'duplicate',
  'skipped',
  'waiting',
  'in_doubt',
  'held_back',
  'out_of_scope',
  'invalid',
] as const;

export type Bucket = (typeof BUCKETS)[number];

/** A run's books: rows read must equal the sum over the buckets. */
export interface Balance {
  readonly read: number;
  readonly buckets: Readonly<Record<Bucket, number>>;
}

/** How those who were migrated came by their grants; `unknown`: what was accepted later doesn't say. */
export type OriginCounts = Readonly<Partial<Record<Origin | 'unknown', number>>>;

/** Counts what becomes of the rows of one run. */
export class Tally {
  #read = 0;
  readonly #buckets = Object.fromEntries(BUCKETS.map((bucket) => [bucket, 0])) as Record<Bucket, number>;
  readonly #origins = new Map<Origin | 'unknown', number>();

  row(): void {
    this.#read += 1;
  }

  put(bucket: Bucket, count = 1): void {
    this.#buckets[bucket] += count;
  }

  /** A row that was migrated, and how its record came by the grant. */
  migrated(origin: Origin | null): void {
    this.put('migrated');
    const name = origin ?? 'unknown';
    this.#origins.set(name, (this.#origins.get(name) ?? 0) + 1);
  }

  /** Rows that turned out to end elsewhere. */
  move(from: Bucket, to: Bucket, count: number): void {
    this.#buckets[from] -= count;
    this.#buckets[to] += count;
  }

  balance(): Balance {
    return { read: this.#read, buckets: { ...this.#buckets } };
  }

  origins(): OriginCounts {
    return Object.fromEntries(this.#origins);
  }
}

/** Whether every row read has ended in exactly one bucket. */
export function balances(balance: Balance): boolean {
  return balance.read === BUCKETS.reduce((sum, bucket) => sum + balance.buckets[bucket], 0);
}
