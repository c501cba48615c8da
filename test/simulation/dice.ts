import { seededRandom } from '../support/fake-clock.js';

/** The chance in a scenario: all of it follows from one seed. */
export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** Whether something of that probability happens. */
  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** A whole number in that range, both ends included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.#random() * (max - min + 1));
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.int(0, items.length - 1)] ?? items[0];
  }

  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, place: this.#random() }))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item);
  }

  /** Dice of their own: what is rolled with them changes nothing elsewhere. */
  fork(): Dice {
    return new Dice(this.int(0, 0xffff_ffff));
  }
}
