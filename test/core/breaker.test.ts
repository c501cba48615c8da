import { describe, expect, test } from 'vitest';
import { CLOSED, endedInOutage, probeEnded, submissionEnded, type Breaker } from '../../src/core/breaker.js';

const end = (answered: boolean, nowMs: number) => ({ answered, nowMs, random: 0 });

/** Failures a second apart, from `fromMs` on. */
function failing(count: number, fromMs = 1_000, breaker: Breaker = CLOSED): Breaker {
  let next = breaker;
  for (let index = 0; index < count; index += 1)
    next = submissionEnded(next, end(false, fromMs + index * 1_000));
  return next;
}

describe('an outage', () => {
  test('is twenty submissions in a row without an answer, and begins with the first of them', () => {
    expect(failing(19).outage).toBeNull();
    expect(failing(20).outage).toMatchObject({ fromMs: 1_000, noticedAtMs: 20_000, nextProbeAtMs: 20_500 });
  });

  test('is none where one of them is answered, a refusal included', () => {
    const answered = submissionEnded(failing(19), end(true, 20_000));
    expect(failing(19, 21_000, answered).outage).toBeNull();
  });

  test('is not over because something that was in flight is answered', () => {
    const still = submissionEnded(failing(20), end(true, 25_000));
    expect(still.outage).not.toBeNull();
  });

  test('is probed ever more rarely, up to every half minute', () => {
    let breaker = failing(20);
    const waits: number[] = [];
    for (let nowMs = 30_000; nowMs < 330_000; nowMs += 30_000) {
      breaker = probeEnded(breaker, { answered: false, nowMs, random: 0.999_999 });
      waits.push((breaker.outage?.nextProbeAtMs ?? 0) - nowMs);
    }
    expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
  });

  test('is over with a probe that is answered; the next needs twenty again', () => {
    const over = probeEnded(failing(20), { answered: true, nowMs: 60_000, random: 0 });
    expect(over.outage).toBeNull();
    expect(failing(19, 61_000, over).outage).toBeNull();
    expect(failing(20, 61_000, over).outage).toMatchObject({ fromMs: 61_000 });
  });

  test('that was not, is not ended', () => {
    expect(probeEnded(CLOSED, { answered: true, nowMs: 1, random: 0 })).toBe(CLOSED);
  });
});

test('attempts that ended in an outage, from its first failure to its end, cost nothing', () => {
  const open = failing(20, 10_000);
  expect([9_999, 10_000, 99_000].map((ms) => endedInOutage(open, ms))).toEqual([false, true, true]);
  const over = probeEnded(open, { answered: true, nowMs: 60_000, random: 0 });
  expect([9_999, 10_000, 60_000, 60_001].map((ms) => endedInOutage(over, ms))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});
