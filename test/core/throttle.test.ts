import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lowered, newThrottle, rateAt, recovered } from '../../src/core/throttle.js';

const ASKED = 50;
const settledThrottle = (): ReturnType<typeof newThrottle> => newThrottle(ASKED, 0);
const hitAt = (nowMs: number, rest: Partial<Parameters<typeof lowered>[1]> = {}) => ({
  nowMs,
  sentAtMs: nowMs - 100,
  retryAfterMs: null,
  random: 0,
  ...rest,
});

test('the start is gentle and costs less than half a second of full rate', () => {
  const throttle = newThrottle(ASKED, 1_000);
  expect(rateAt(throttle, 1_000)).toBe(5);
  expect(rateAt(throttle, 2_000)).toBe(ASKED);
  let missing = 0;
  for (let ms = 0; ms < 3_000; ms += 1) missing += (ASKED - rateAt(throttle, 1_000 + ms)) / 1_000;
  expect(missing).toBeLessThan(ASKED / 2);
});

test('a few requests a second need no gentle start', () => {
  expect(rateAt(newThrottle(3, 0), 0)).toBe(3);
});

test('unpaced stays unpaced, but for the hold', () => {
  const throttle = lowered(newThrottle(0, 0), hitAt(5_000));
  expect(rateAt(throttle, 6_000)).toBe(0);
  expect(throttle.holdUntilMs).toBe(5_250);
});

describe('a 429', () => {
  test('lowers the rate a little', () => {
    const throttle = lowered(settledThrottle(), hitAt(10_000));
    expect(rateAt(throttle, 10_000)).toBeCloseTo(ASKED * 0.95);
    expect(throttle.holdUntilMs).toBe(10_250);
  });

  test('of a request that left before the rate was lowered only prolongs the hold', () => {
    const first = lowered(settledThrottle(), hitAt(10_000));
    const second = lowered(first, hitAt(10_050, { sentAtMs: 9_990, retryAfterMs: 3_000 }));
    expect(rateAt(second, 20_000)).toBe(rateAt(first, 20_000));
    expect(second.holdUntilMs).toBe(13_050);
  });

  test('that follows soon halves it; it climbs back fast to where it went well, then slowly', () => {
    const first = lowered(settledThrottle(), hitAt(10_000));
    const second = lowered(first, hitAt(11_000));
    const before = rateAt(first, 11_000);
    expect(rateAt(second, 11_250)).toBeCloseTo(before / 2);
    const knee = before * 0.95;
    const kneeMs = 11_250 + ((knee - before / 2) / (ASKED * 0.05)) * 1_000;
    expect(rateAt(second, kneeMs)).toBeCloseTo(knee);
    expect(rateAt(second, kneeMs + 1_000)).toBeCloseTo(knee + ASKED * 0.005);
    expect(rateAt(second, 60_000)).toBe(ASKED);
  });
});

test('after an outage the rate climbs over ten seconds', () => {
  const throttle = recovered(settledThrottle(), 100_000);
  expect(rateAt(throttle, 100_000)).toBe(5);
  expect(rateAt(throttle, 105_000)).toBeCloseTo(30);
  expect(rateAt(throttle, 110_000)).toBe(ASKED);
});

test('whatever comes, the rate stays between one and the one asked for, and climbs between 429s', () => {
  const hits = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 20_000 }),
      latencyMs: fc.integer({ min: 0, max: 60_000 }),
      retryAfterMs: fc.option(fc.integer({ min: 0, max: 120_000 })),
      random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), hits, (asked, given) => {
      let throttle = newThrottle(asked, 0);
      let nowMs = 0;
      for (const { afterMs, latencyMs, retryAfterMs, random } of given) {
        nowMs += afterMs;
        throttle = lowered(throttle, { nowMs, sentAtMs: nowMs - latencyMs, retryAfterMs, random });
        const rates = [0, 1_000, 10_000, 100_000].map((ms) => rateAt(throttle, nowMs + ms));
        expect(Math.min(...rates)).toBeGreaterThanOrEqual(1);
        expect(Math.max(...rates)).toBeLessThanOrEqual(asked);
        expect([...rates].sort((a, b) => a - b)).toEqual(rates);
        expect(throttle.holdUntilMs).toBeGreaterThan(nowMs);
      }
    }),
  );
});

/** Live users take of the limit: how near do we come to the rest of it, at how many 429s? */
test('with a limit below the rate asked for it finds its level: most of the limit, few 429s', () => {
  const limit = 40;
  let throttle = settledThrottle();
  let [sent, hits, credit] = [0, 0, 0];
  for (let ms = 0; ms < 300_000; ms += 10) {
    if (ms < throttle.holdUntilMs) continue;
    const rate = rateAt(throttle, ms);
    credit += rate / 100;
    if (credit < 1) continue;
    credit -= 1;
    sent += 1;
    if (rate <= limit) continue;
    hits += 1;
    throttle = lowered(throttle, hitAt(ms, { sentAtMs: ms - 10 }));
  }
  expect(sent / 300).toBeGreaterThan(limit * 0.85);
  expect(hits / sent).toBeLessThan(0.01);
});
