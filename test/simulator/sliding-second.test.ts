import { expect, test } from 'vitest';
import { SlidingSecond } from '../../src/simulator/sliding-second.js';

test('a second starts anywhere: two halves of neighbouring seconds count together', () => {
  const second = new SlidingSecond();
  for (const at of [900, 950, 1000, 1050]) second.add(at);
  expect(second.count(1050)).toBe(4);
  expect(second.max).toBe(4);
});

test('an event is over exactly one second later', () => {
  const second = new SlidingSecond();
  second.add(100);
  expect(second.count(1099.9)).toBe(1);
  expect(second.count(1100)).toBe(0);
});

test('the largest second is remembered over many events', () => {
  const second = new SlidingSecond();
  for (let at = 0; at < 10_000; at += 1) second.add(at * 20);
  expect(second.count(199_980)).toBe(50);
  expect(second.max).toBe(50);
});
