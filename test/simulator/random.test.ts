import { expect, test } from 'vitest';
import { randomHex, seededRandom, uuidFromHex } from '../../src/simulator/random.js';

function draws(seed: number, stream: string): number[] {
  const random = seededRandom(seed, stream);
  return Array.from({ length: 2000 }, random);
}

test('the same seed and stream give the same numbers, another seed or stream gives others', () => {
  expect(draws(7, 'faults')).toEqual(draws(7, 'faults'));
  expect(draws(7, 'faults')).not.toEqual(draws(8, 'faults'));
  expect(draws(7, 'faults')).not.toEqual(draws(7, 'latency'));
});

test('numbers lie in [0, 1) and fill it evenly', () => {
  const numbers = draws(1, 'any');
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  expect(mean).toBeCloseTo(0.5, 1);
});

test('any 32 hex digits make a version 4 UUID', () => {
  const random = seededRandom(1, 'ids');
  for (let round = 0; round < 100; round += 1) {
    expect(uuidFromHex(randomHex(random, 4))).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  }
});
