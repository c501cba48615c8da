import fc from 'fast-check';
import { expect, it } from 'vitest';
import { clockTime, clockTimeAfter, isoOrNull } from '../../src/core/utc.js';

const AT_MS = Date.UTC(2026, 0, 31, 23, 59, 1);

it('a time of today has no date, any other has', () => {
  expect(clockTime(AT_MS, AT_MS)).toBe('23:59 UTC');
  expect(clockTime(AT_MS, AT_MS + 86_400_000)).toBe('2026-01-31 23:59 UTC');
});

it('a time to wait for is rounded up, over midnight too', () => {
  expect(clockTimeAfter(AT_MS, AT_MS)).toBe('2026-02-01 00:00 UTC');
  expect(clockTimeAfter(AT_MS - 1_000, AT_MS)).toBe('23:59 UTC');
});

it('no time stays none', () => {
  expect(isoOrNull(null)).toBeNull();
  expect(isoOrNull(0)).toBe('1970-01-01T00:00:00.000Z');
});

it('a time is written as Date writes it, whatever was written before it', () => {
  const anyTime = fc.date({ noInvalidDate: true }).map((date) => date.getTime());
  fc.assert(
    fc.property(fc.array(fc.oneof(anyTime, fc.integer({ min: -3_000, max: 3_000 }))), (times) => {
      expect(times.map(isoOrNull)).toEqual(times.map((atMs) => new Date(atMs).toISOString()));
    }),
  );
});
