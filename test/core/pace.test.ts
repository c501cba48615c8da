import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasLeft, letGo, meanRate, newPace, nextSlotMs } from '../../src/core/pace.js';
import { seededRandom } from '../support/fake-clock.js';

const never = (): number => 0;

/** The way to the server isn't even: what left this much apart can arrive within one second. */
const JITTER_MS = 7;

/**
 * Sends as a pacer would: each request arrives at its time, waits its turn, and is let go when a timer for the
 * slot fires, which may be late, or when another leaves; it leaves so much later, which is told as soon as it has.
 * Returns when each one left.
 */
function sendAll(
  rate: number,
  arrivals: Iterable<number>,
  lateMs: () => number,
  leavingMs: () => number = never,
): readonly number[] {
  const pace = newPace(rate);
  const sent: number[] = [];
  let leaving: { readonly letGoAtMs: number; readonly leftAtMs: number }[] = [];
  const tellUntil = (ms: number): void => {
    for (const { letGoAtMs, leftAtMs } of leaving.filter((each) => each.leftAtMs <= ms)) {
      hasLeft(pace, letGoAtMs, leftAtMs);
    }
    leaving = leaving.filter(({ leftAtMs }) => leftAtMs > ms);
  };
  const nextLeaveMs = (): number => Math.min(...leaving.map(({ leftAtMs }) => leftAtMs));
  let nowMs = 0;
  for (const arrival of arrivals) {
    nowMs = Math.max(nowMs, arrival);
    // Each wait ends with a look at what has left meanwhile.
    tellUntil(nowMs);
    while (nextSlotMs(pace) > nowMs) {
      const slotMs = nextSlotMs(pace);
      nowMs = slotMs === Infinity ? nextLeaveMs() : slotMs + lateMs();
      tellUntil(nowMs);
    }
    letGo(pace, nowMs);
    const leftAtMs = nowMs + leavingMs();
    leaving.push({ letGoAtMs: nowMs, leftAtMs });
    tellUntil(nowMs);
    sent.push(leftAtMs);
  }
  return sent.sort((a, b) => a - b);
}

/** The most sends that any half-open window of `lengthMs` holds. */
function mostWithin(lengthMs: number, sent: readonly number[]): number {
  let most = 0;
  let from = 0;
  for (const [index, at] of sent.entries()) {
    while (at - (sent[from] ?? 0) >= lengthMs) from += 1;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

function steady(rate: number, seconds: number, lateMs: () => number): readonly number[] {
  const arrivals = Array<number>(Math.ceil(rate * seconds) + 1).fill(0);
  return sendAll(rate, arrivals, lateMs);
}

const RATES = [0.5, 1, 1.5, 2.5, 5, 45, 50, 500];

describe('no second holds more than the rate', () => {
  const gap = fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.double({ min: 0, max: 60, noNaN: true }) },
    { weight: 1, arbitrary: fc.double({ min: 0, max: 5_000, noNaN: true }) },
  );
  const lateness = fc.record({
    seed: fc.integer(),
    maxMs: fc.constantFrom(0, 0.5, 3, 20, 400),
    leavingMsMax: fc.constantFrom(0, 5, 30, 20_000),
    leavesLate: fc.constantFrom(0.1, 0.9),
  });

  test.each(RATES)(
    '%d a second, whenever requests come, however late timers fire and however long connections stall',
    (rate) => {
      fc.assert(
        fc.property(
          fc.array(gap, { minLength: 1, maxLength: 60 }),
          lateness,
          fc.integer({ min: 1, max: 40 }),
          (gaps, late, repeats) => {
            const random = seededRandom(late.seed);
            let at = 0;
            const arrivals = Array.from({ length: repeats }, () => gaps)
              .flat()
              .map((gapMs) => (at += gapMs));
            const leavingMs = (): number => (random() < late.leavesLate ? random() * late.leavingMsMax : 0);
            const sent = sendAll(rate, arrivals, () => random() * late.maxMs, leavingMs);
            const most = mostWithin(1_000 + JITTER_MS, sent);
            expect(most).toBeLessThanOrEqual(Math.max(1, rate));
            if (rate < 1) expect(mostWithin(1_000 / rate, sent)).toBe(1);
          },
        ),
      );
    },
  );
});

describe('connections that stall', () => {
  /** Half a minute in which nothing leaves, and then all of it at once. */
  const stalledUntil = (endMs: number, rate: number): readonly number[] => {
    const pace = newPace(rate);
    const letGoAtMs: number[] = [];
    for (let nowMs = 0; nowMs < endMs; nowMs = Math.max(nowMs + 1, Math.min(endMs, nextSlotMs(pace)))) {
      if (nextSlotMs(pace) > nowMs) continue;
      letGo(pace, nowMs);
      letGoAtMs.push(nowMs);
    }
    for (const sinceMs of letGoAtMs) hasLeft(pace, sinceMs, endMs);
    return [...letGoAtMs, nextSlotMs(pace)];
  };

  test.each([1, 5, 45, 500])('%d a second: no more are let go than one second may hold', (rate) => {
    const [slotAfterMs, ...letGoAtMs] = [...stalledUntil(30_000, rate)].reverse();
    expect(letGoAtMs.length).toBe(rate);
    // Having left together they fill one second together.
    expect(slotAfterMs).toBe(31_008);
  });

  test('a request that came to nothing makes room like any other', () => {
    const pace = newPace(1);
    letGo(pace, 0);
    expect(nextSlotMs(pace)).toBe(Infinity);
    hasLeft(pace, 0, 15_000);
    expect(nextSlotMs(pace)).toBe(16_008);
  });

  test('cost the others nothing while they are few', () => {
    const random = seededRandom(3);
    const arrivals = Array<number>(45 * 120).fill(0);
    // One in a hundred takes up to two seconds to connect.
    const sent = sendAll(45, arrivals, never, () => (random() < 0.01 ? random() * 2_000 : 0));
    const achieved = ((sent.length - 1) / ((sent.at(-1) ?? 0) - (sent[0] ?? 0))) * 1_000;
    expect(achieved / 45).toBeGreaterThanOrEqual(0.95);
  });
});

describe('a pause is not followed by a burst', () => {
  test.each([5, 45, 50, 500])('%d a second', (rate) => {
    const afterPause = [0, 30_000, 30_100, 3_600_000].flatMap((at) => Array<number>(rate * 2).fill(at));
    const sent = sendAll(rate, afterPause, never);
    const perTenth = Math.ceil(rate / 10 / 0.8);
    expect(mostWithin(100, sent)).toBeLessThanOrEqual(perTenth + Math.ceil(rate * 0.04));
  });

  test('a start costs no more than half a second of the full rate', () => {
    for (const rate of [5, 45, 500]) {
      const sent = steady(rate, 1, never).filter((at) => at < 1_000);
      expect(sent.length).toBeGreaterThanOrEqual(Math.floor(rate / 2));
    }
  });
});

describe('steady demand is served at the full rate', () => {
  const achieved = (rate: number, seconds: number, lateMs: () => number): number => {
    const sent = steady(rate, seconds, lateMs);
    return ((sent.length - 1) / ((sent.at(-1) ?? 0) - (sent[0] ?? 0))) * 1_000;
  };

  test.each([0.5, 1, 5, 45, 50, 500])('%d a second, with timers on time', (rate) => {
    expect(achieved(rate, 120, never) / rate).toBeGreaterThanOrEqual(0.97);
  });

  test.each([5, 45, 50, 200, 500])('%d a second, with timers up to 8 ms late', (rate) => {
    const random = seededRandom(rate);
    expect(achieved(rate, 120, () => random() * 8) / rate).toBeGreaterThanOrEqual(0.97);
  });

  test('of a fraction the whole part is served: no second can hold half a request', () => {
    expect(achieved(2.5, 120, never)).toBeGreaterThanOrEqual(0.97 * 2);
    expect(achieved(2.5, 120, never)).toBeLessThanOrEqual(2);
    expect(achieved(1.5, 120, never)).toBeLessThanOrEqual(1);
  });
});

describe('the mean rate', () => {
  const meanOf = (rate: number, sent: readonly number[]): number | null => {
    const pace = newPace(rate);
    for (const at of sent) {
      letGo(pace, at);
      hasLeft(pace, at, at);
    }
    return meanRate(pace);
  };

  test.each([1, 5, 45, 500])('of %d a second is never told to be more, however short the run', (rate) => {
    for (let seconds = 0; seconds < 6; seconds += 0.1) {
      expect(meanOf(rate, steady(rate, seconds, never)) ?? 0).toBeLessThanOrEqual(rate);
    }
  });

  test('of a long run is what was sent in that time', () => {
    expect(meanOf(45, steady(45, 60, never))).toBeGreaterThan(43);
    expect(meanOf(45, [0, 1_000, 2_000, 4_000])).toBe(0.75);
    expect(meanOf(0, [0, 1, 2, 1_000])).toBe(3);
  });

  test('leaves out the breaks in which there was nothing to send', () => {
    const pace = newPace(45);
    const [first, second] = [steady(45, 60, never), steady(45, 60, never).map((at) => at + 180_000)];
    for (const at of [...first, ...second]) {
      letGo(pace, at);
      hasLeft(pace, at, at);
    }
    expect(meanRate(pace)).toBeGreaterThan(43);
    expect(pace.breaksMs).toBeGreaterThan(119_000);
    expect(pace.breaksMs).toBeLessThan(121_000);
  });

  test('takes the distance of a slow rate for no break', () => {
    expect(meanOf(0.1, [0, 10_080, 20_160])).toBeCloseTo(0.1, 2);
  });

  test('of less than a second says nothing', () => {
    expect(meanOf(45, [])).toBeNull();
    expect(meanOf(45, [7])).toBeNull();
    expect(meanOf(45, [0, 999])).toBeNull();
  });
});

test('nothing sent yet: at once', () => {
  expect(nextSlotMs(newPace(45))).toBe(-Infinity);
});

test('unpaced: always at once', () => {
  const pace = newPace(0);
  for (let count = 0; count < 1_000; count += 1) letGo(pace, 7);
  expect(nextSlotMs(pace)).toBe(-Infinity);
  expect(pace.sent).toBe(1_000);
});
