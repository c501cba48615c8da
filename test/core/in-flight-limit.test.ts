import { expect, test } from 'vitest';
import {
  inFlightMax,
  latencyMeasured,
  newInFlightLimit,
  slotLeftEmpty,
} from '../../src/core/in-flight-limit.js';

const after = (latencyMs: number, count = 500, limit = newInFlightLimit(45, 200)) =>
  Array.from({ length: count }).reduce<typeof limit>((next) => latencyMeasured(next, latencyMs), limit);

test('what the rate needs at the latency measured, and a little more', () => {
  expect(inFlightMax(newInFlightLimit(45, 200))).toBe(65);
  expect(inFlightMax(after(100))).toBe(14);
  expect(inFlightMax(after(2_000))).toBe(121);
});

test('never more than is allowed, and never none', () => {
  expect(inFlightMax(after(60_000))).toBe(200);
  expect(inFlightMax(newInFlightLimit(45, 1))).toBe(1);
});

test('unpaced it is all that is allowed', () => {
  expect(inFlightMax(newInFlightLimit(0, 200))).toBe(200);
});

test('grows while slots stay empty, since what hangs tells no latency, and melts as answers come', () => {
  let limit = after(100);
  for (let times = 0; times < 20; times += 1) limit = slotLeftEmpty(limit);
  const grown = inFlightMax(limit);
  expect(grown).toBeGreaterThan(60);
  expect(inFlightMax(after(100, 2_000, limit))).toBeLessThan(20);
  for (let times = 0; times < 200; times += 1) limit = slotLeftEmpty(limit);
  expect(inFlightMax(limit)).toBe(200);
});
