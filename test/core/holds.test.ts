import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addHold, shiftHolds, type Hold } from '../../src/core/holds.js';

const hold = (fromMs: number, toMs: number, cause: Hold['cause'] = 'throttled'): Hold => ({
  cause,
  fromMs,
  toMs,
});

it('keeps holds apart that have a break or another cause between them', () => {
  const holds = [hold(0, 5), hold(5, 9), hold(8, 9, 'outage'), hold(12, 13)].reduce(
    (all: readonly Hold[], next) => addHold(all, next),
    [],
  );
  expect(holds).toEqual([hold(0, 9), hold(8, 9, 'outage'), hold(12, 13)]);
});

it('leaves out the shortest break where there are too many', () => {
  const holds = [hold(0, 10), hold(20, 30), hold(31, 40), hold(90, 99)].reduce(
    (all: readonly Hold[], next) => addHold(all, next, 3),
    [],
  );
  expect(holds).toEqual([hold(0, 10), hold(20, 40), hold(90, 99)]);
});

it('never keeps more than it may, and always when it began and ended', () => {
  const lengths = fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 5 }), (steps, countMax) => {
      let nowMs = 0;
      let holds: readonly Hold[] = [];
      for (const [breakMs, lastsMs] of steps) {
        const fromMs = nowMs + breakMs;
        nowMs = fromMs + lastsMs;
        holds = addHold(holds, hold(fromMs, nowMs), countMax);
      }
      expect(holds.length).toBeLessThanOrEqual(countMax);
      expect([holds[0]?.fromMs, holds.at(-1)?.toMs]).toEqual([steps[0]?.[0], nowMs]);
    }),
  );
});

it('can be told by another clock', () => {
  expect(shiftHolds([hold(1.2, 2.7)], 1_000)).toEqual([hold(1_001, 1_003)]);
});
