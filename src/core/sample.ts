import type { SampleSize } from './parse.js';
import { sampleOf } from './scope.js';

/** Picks items by their keys: the same ones every time, a larger sample holding every smaller one. */
export class Sample<T extends { readonly key: string }> {
  readonly #size: SampleSize;
  #kept: { readonly item: T; readonly rank: number }[] = [];

  constructor(size: SampleSize) {
    this.#size = size;
  }

  offer(item: T): void {
    const rank = sampleOf(item.key);
    if (this.#size.by === 'share' && rank >= this.#size.share) return;
    this.#kept.push({ item, rank });
    if (this.#size.by === 'count' && this.#kept.length >= 2 * this.#size.count) this.#cut(this.#size.count);
  }

  items(): readonly T[] {
    if (this.#size.by === 'count') this.#cut(this.#size.count);
    return this.#kept.map(({ item }) => item);
  }

  #cut(count: number): void {
    this.#kept = this.#kept.sort((a, b) => a.rank - b.rank).slice(0, count);
  }
}
