import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { observeDate, UNKNOWN_SKEW, windowOpensAt, type Skew } from '../../src/core/skew.js';

const T = Date.UTC(2026, 2, 1, 12);

describe('a Date header', () => {
  test('was written between sending and receiving, in the second that it names', () => {
    const skew = observeDate(UNKNOWN_SKEW, { serverDateMs: T + 5_000, sentAtMs: T, receivedAtMs: T + 300 });
    expect(skew).toEqual({ minMs: 4_700, maxMs: 6_000 });
  });

  test('narrows what was known and never widens it', () => {
    const first = observeDate(UNKNOWN_SKEW, { serverDateMs: T, sentAtMs: T, receivedAtMs: T + 400 });
    const slow = observeDate(first, { serverDateMs: T, sentAtMs: T, receivedAtMs: T + 9_000 });
    expect(slow).toEqual(first);
    const late = observeDate(first, { serverDateMs: T, sentAtMs: T + 900, receivedAtMs: T + 990 });
    expect(late).toEqual({ minMs: -400, maxMs: 100 });
  });

  test('that contradicts it means that a clock was set: all starts anew', () => {
    const known: Skew = { minMs: -100, maxMs: 100 };
    const seen = { serverDateMs: T + 3_600_000, sentAtMs: T, receivedAtMs: T + 100 };
    expect(observeDate(known, seen)).toEqual({ minMs: 3_599_900, maxMs: 3_601_000 });
  });

  test('whatever the answers, the true skew stays inside', () => {
    const answer = fc.record({
      sentAfterMs: fc.integer({ min: 0, max: 100_000 }),
      thereMs: fc.integer({ min: 0, max: 5_000 }),
      backMs: fc.integer({ min: 0, max: 5_000 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: -1e7, max: 1e7 }),
        fc.array(answer, { minLength: 1 }),
        (trueMs, answers) => {
          let skew = UNKNOWN_SKEW;
          for (const { sentAfterMs, thereMs, backMs } of answers) {
            const sentAtMs = T + sentAfterMs;
            const writtenMs = sentAtMs + thereMs;
            const serverDateMs = Math.floor((writtenMs + trueMs) / 1_000) * 1_000;
            skew = observeDate(skew, { serverDateMs, sentAtMs, receivedAtMs: writtenMs + backMs });
          }
          expect(skew.minMs).toBeLessThanOrEqual(trueMs);
          expect(skew.maxMs).toBeGreaterThanOrEqual(trueMs);
        },
      ),
    );
  });
});

describe('the window of what a request can have caused', () => {
  test('opens a second before it, by the clock of Nylas', () => {
    expect(windowOpensAt(T + 999, { minMs: 0, maxMs: 0 })).toBe(T / 1_000 - 1);
    expect(windowOpensAt(T, { minMs: -60_000, maxMs: -59_000 })).toBe(T / 1_000 - 61);
    expect(windowOpensAt(T, { minMs: 2_500, maxMs: 3_000 })).toBe(T / 1_000 + 1);
  });

  test('of clocks that nothing is known of, that they agree', () => {
    expect(windowOpensAt(T, UNKNOWN_SKEW)).toBe(T / 1_000 - 1);
  });

  test('always holds a grant that the request made', () => {
    const ms = fc.integer({ min: 0, max: 120_000 });
    fc.assert(
      fc.property(fc.integer({ min: -1e7, max: 1e7 }), ms, ms, (trueMs, uncertainMs, tookMs) => {
        const skew = { minMs: trueMs - uncertainMs, maxMs: trueMs + uncertainMs };
        const createdAt = Math.floor((T + tookMs + trueMs) / 1_000);
        expect(createdAt).toBeGreaterThanOrEqual(windowOpensAt(T, skew));
      }),
    );
  });
});
