import { createHash } from 'node:crypto';

const FIRST_CAPACITY = 1_024;
const NUMBERS_A_ROW = 2;

/**
 * Rows that were left out because their lane was held and no room was left to wait in: for another pass over the
 * input. Eight bytes a row: where it begins, and enough of its key to see that another pass reads the same.
 */
export class LeftRows {
  #rows = new Uint32Array(FIRST_CAPACITY * NUMBERS_A_ROW);
  #size = 0;
  #next = 0;

  get size(): number {
    return this.#size;
  }

  /** Rows come in file order. */
  add(line: number, key: string): void {
    if ((this.#size + 1) * NUMBERS_A_ROW > this.#rows.length) this.#grow();
    this.#rows.set([line, shortHash(key)], this.#size * NUMBERS_A_ROW);
    this.#size += 1;
  }

  /** Whether the row at that line was left out. Lines are asked for in ascending order. */
  has(line: number): boolean {
    while (this.#next < this.#size && this.#line(this.#next) < line) this.#next += 1;
    return this.#next < this.#size && this.#line(this.#next) === line;
  }

  /** Whether the row that `has` just found has that key still. */
  isStill(key: string): boolean {
    return this.#rows[this.#next * NUMBERS_A_ROW + 1] === shortHash(key);
  }

  #line(index: number): number {
    return this.#rows[index * NUMBERS_A_ROW] ?? 0;
  }

  #grow(): void {
    const grown = new Uint32Array(this.#rows.length * 2);
    grown.set(this.#rows);
    this.#rows = grown;
  }
}

function shortHash(key: string): number {
  return createHash('sha1').update(key).digest().readUInt32BE(0);
}
