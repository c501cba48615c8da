import { expect, test } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { drawLatencyMs, parseLatency } from '../../src/simulator/latency.js';

test.each([
  ['200ms', { min: 200, max: 200 }],
  ['1.5s', { min: 1500, max: 1500 }],
  ['0.5s-3s', { min: 500, max: 3000 }],
  ['200ms-1s', { min: 200, max: 1000 }],
  ['0ms', { min: 0, max: 0 }],
])('%s is a latency', (text, latency) => {
  expect(parseLatency(text)).toEqual(latency);
});

test.each(['', '200', '3s-1s', '1s-2s-3s', '-1s', '1s-', 'fast', '2h', '9999s'])(
  '"%s" is refused',
  (text) => {
    expect(() => parseLatency(text)).toThrow(UserError);
  },
);

test('a draw lies between the two ends', () => {
  const latency = { min: 500, max: 3000 };
  expect([0, 0.5, 1].map((number) => drawLatencyMs(latency, () => number))).toEqual([500, 1750, 3000]);
});
