import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimeZone, nextClockTime } from '../../src/core/zoned-time.js';

const next = (time: string, zone: string, after: string): string => {
  const [hour = 0, minute = 0, second = 0] = time.split(':').map(Number);
  return new Date(nextClockTime({ hour, minute, second }, zone, Date.parse(after))).toISOString();
};

describe('the next time that a clock shows', () => {
  it.each([
    ['06:00', 'UTC', '2026-11-29T05:59:59Z', '2026-11-29T06:00:00.000Z', 'today'],
    ['06:00', 'UTC', '2026-11-29T06:00:00Z', '2026-11-30T06:00:00.000Z', 'tomorrow: now is not ahead'],
    ['06:00:30', 'UTC', '2026-11-29T06:00:00Z', '2026-11-29T06:00:30.000Z', 'seconds'],
    ['06:00', 'Europe/Berlin', '2026-11-29T22:00:00Z', '2026-11-30T05:00:00.000Z', 'winter'],
    ['06:00', 'Europe/Berlin', '2026-07-01T22:00:00Z', '2026-07-02T04:00:00.000Z', 'summer'],
    [
      '06:00',
      'Europe/Berlin',
      '2026-03-28T22:00:00Z',
      '2026-03-29T04:00:00.000Z',
      'over the night that is short',
    ],
    [
      '06:00',
      'Europe/Berlin',
      '2026-10-24T22:00:00Z',
      '2026-10-25T05:00:00.000Z',
      'over the night that is long',
    ],
    [
      '02:30',
      'Europe/Berlin',
      '2026-03-28T22:00:00Z',
      '2026-03-29T01:00:00.000Z',
      'skipped: when it is skipped',
    ],
    [
      '02:30',
      'Europe/Berlin',
      '2026-03-29T01:00:00Z',
      '2026-03-30T00:30:00.000Z',
      'skipped already: tomorrow',
    ],
    ['02:30', 'Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-25T00:30:00.000Z', 'twice: the first'],
    [
      '02:30',
      'Europe/Berlin',
      '2026-10-25T00:45:00Z',
      '2026-10-25T01:30:00.000Z',
      'twice: the second is ahead',
    ],
    ['02:30', 'America/New_York', '2026-03-08T00:00:00Z', '2026-03-08T07:00:00.000Z', 'west of Greenwich'],
    [
      '02:15',
      'Australia/Lord_Howe',
      '2026-10-03T12:00:00Z',
      '2026-10-03T15:30:00.000Z',
      'half an hour skipped',
    ],
    ['09:00', 'Pacific/Kiritimati', '2026-11-29T18:59:00Z', '2026-11-29T19:00:00.000Z', 'far ahead of UTC'],
    ['09:00', 'Pacific/Pago_Pago', '2026-11-29T19:59:00Z', '2026-11-29T20:00:00.000Z', 'far behind it'],
    ['05:45', 'Asia/Kathmandu', '2026-11-29T23:00:00Z', '2026-11-30T00:00:00.000Z', 'a quarter of an hour'],
    ['23:15', 'Asia/Beirut', '2026-10-24T20:30:00Z', '2026-10-24T21:15:00.000Z', 'set back over midnight'],
  ])('%s %s after %s is %s (%s)', (time, zone, after, expected) => {
    expect(next(time, zone, after)).toBe(expected);
  });

  const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Havana'];
  const MINUTE_MS = 60_000;

  it('is the first minute at which the clocks show it, or show more for the first time', () => {
    const shown = new Map(
      ZONES.map((timeZone) => {
        const options = { timeZone, hourCycle: 'h23', hour: '2-digit', minute: '2-digit' } as const;
        return [timeZone, new Intl.DateTimeFormat('en-GB', options)];
      }),
    );
    const minutes = fc.integer({
      min: Date.UTC(2026, 0, 1) / MINUTE_MS,
      max: Date.UTC(2030, 0, 1) / MINUTE_MS,
    });
    const around = fc.constantFrom(Date.UTC(2026, 2, 28), Date.UTC(2026, 9, 24), Date.UTC(2026, 10, 1));
    const near = fc
      .tuple(around, fc.integer({ min: 0, max: 2_880 }))
      .map(([atMs, add]) => atMs / MINUTE_MS + add);
    const time = fc.record({
      hour: fc.integer({ min: 0, max: 23 }),
      minute: fc.integer({ min: 0, max: 59 }),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.oneof(minutes, near),
        time,
        (zone, after, { hour, minute }) => {
          const wanted = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
          const at = nextClockTime({ hour, minute, second: 0 }, zone, after * MINUTE_MS) / MINUTE_MS;
          expect(at).toBeGreaterThan(after);
          expect(Number.isInteger(at)).toBe(true);
          const shows = (atMinute: number): string => shown.get(zone)?.format(atMinute * MINUTE_MS) ?? '';
          const earlier = Array.from({ length: at - after - 1 }, (_, n) => after + 1 + n);
          expect(earlier.filter((minute) => shows(minute) === wanted)).toEqual([]);
          if (shows(at) === wanted) return;
          expect(shows(at) > wanted && shows(at - 1) < wanted).toBe(true);
        },
      ),
      { numRuns: 100, seed: 10 },
    );
  });
});

it.each([
  ['Europe/Berlin', true],
  ['UTC', true],
  ['Europe/Berln', false],
  ['', false],
])('whether “%s” is a time zone: %s', (name, expected) => {
  expect(isTimeZone(name)).toBe(expected);
});
