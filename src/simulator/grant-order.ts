/** As much of a grant as its place depends on; times in Unix seconds. */
interface Timed {
  readonly id: string;
  readonly created_at: number;
  readonly updated_at: number;
}

type Grants = ReadonlyMap<string, { readonly grant: Timed }>;

/**
 * The ids of all grants by when they were made, or last authenticated. Nearly all come in that order: a listing
 * between two submissions shall not sort a million of them.
 */
export class GrantOrder {
  readonly #field: 'created_at' | 'updated_at';
  readonly #all: Grants;
  /** The oldest first, those of the same second as they came; null: to be sorted when it is next wanted. */
  #ids: string[] | null = [];
  #lastS = -Infinity;

  /** `all` is in the order in which grants first came, and knows a grant before it is added here. */
  constructor(field: 'created_at' | 'updated_at', all: Grants) {
    this.#field = field;
    this.#all = all;
  }

  /** A grant is there now, or has changed: then `before` is what it was. */
  put(grant: Timed, before: Timed | undefined): void {
    const at = grant[this.#field];
    if (before?.[this.#field] === at) return;
    if (before !== undefined || at < this.#lastS) this.forget();
    this.#lastS = Math.max(this.#lastS, at);
    this.#ids?.push(grant.id);
  }

  /** The order is no longer known: a grant is gone, or has moved. */
  forget(): void {
    this.#ids = null;
  }

  /** Every id from `sinceS` to `beforeS`, both included, but the first so many, in this order or its exact reverse. */
  *between(orderBy: 'asc' | 'desc', sinceS: number, beforeS: number, skipped: number): Generator<string> {
    const ids = this.#sorted();
    const from = this.#firstAt(ids, sinceS);
    const to = this.#firstAt(ids, beforeS + 1);
    for (let index = skipped; index < to - from; index += 1) {
      yield ids[orderBy === 'asc' ? from + index : to - 1 - index] ?? '';
    }
  }

  #sorted(): readonly string[] {
    this.#ids ??= [...this.#all.keys()].sort((a, b) => this.#at(a) - this.#at(b));
    return this.#ids;
  }

  /** The index of the first grant of that second or a later one. */
  #firstAt(ids: readonly string[], second: number): number {
    let low = 0;
    let high = ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(ids[middle]) < second) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #at(id = ''): number {
    return this.#all.get(id)?.grant[this.#field] ?? 0;
  }
}
