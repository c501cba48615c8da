import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { parseStopAt, stopTimeOf } from '../../src/core/stop-time.js';

const NOW = Date.parse('2026-11-29T22:00:00Z');
const HOUR = 3_600_000;

const stopOf = (stopAt: string | null, maxDurationMs: number | null = null): unknown => {
  const time = stopTimeOf({ maxDurationMs, stopAt: stopAt === null ? null : parseStopAt(stopAt) }, NOW);
  return time === null ? null : { ...time, atMs: new Date(time.atMs).toISOString() };
};

describe('when a run stops', () => {
  it.each([
    ['06:00 Europe/Berlin', '2026-11-30T05:00:00.000Z', '06:00 Europe/Berlin'],
    ['6:00 europe/berlin', '2026-11-30T05:00:00.000Z', '6:00 europe/berlin'],
    ['06:00', '2026-11-30T06:00:00.000Z', '06:00, no zone was named'],
    ['06:00 UTC', '2026-11-30T06:00:00.000Z', '06:00 UTC'],
    ['06:00Z', '2026-11-30T06:00:00.000Z', '06:00Z'],
    ['23:30:15 UTC', '2026-11-29T23:30:15.000Z', '23:30:15 UTC'],
    ['2026-12-24T06:00Z', '2026-12-24T06:00:00.000Z', '2026-12-24T06:00Z'],
    ['2026-12-24T06:00:00+01:00', '2026-12-24T05:00:00.000Z', '2026-12-24T06:00:00+01:00'],
    [' 2026-12-24 06:00 +01:00 ', '2026-12-24T05:00:00.000Z', '2026-12-24 06:00 +01:00'],
  ])('“%s” is %s', (text, atMs, asked) => {
    expect(stopOf(text)).toEqual({ by: 'stop-at', atMs, asked });
  });

  it('is after so long, where that is sooner, or alone', () => {
    const inTwoHours = { by: 'max-duration', atMs: '2026-11-30T00:00:00.000Z', durationMs: 2 * HOUR };
    expect(stopOf(null, 2 * HOUR)).toEqual(inTwoHours);
    expect(stopOf('06:00 UTC', 2 * HOUR)).toEqual(inTwoHours);
    expect(stopOf('06:00 UTC', 24 * HOUR)).toMatchObject({ by: 'stop-at' });
    expect(stopOf(null)).toBeNull();
  });
});

describe('what is no time to stop at', () => {
  it.each([
    ['24:00', /from 00:00 to 23:59/],
    ['06:60 UTC', /from 00:00 to 23:59/],
    ['soon', /such as '06:00 Europe\/Berlin'/],
    ['06:00 in the morning', /such as/],
    ['2026-12-24T06:00', /add Z for UTC or an offset/],
    ['2026-02-30T06:00Z', /that exists/],
    ['2026-13-01T06:00Z', /that exists/],
    ['2026-12-24T25:00Z', /that exists/],
  ])('“%s”', (text, message) => {
    expect(() => parseStopAt(text)).toThrow(message);
  });

  it.each([
    ['06:00 Europe/Berln', 'Europe/Berlin'],
    ['06:00 Berlin', 'Europe/Berlin'],
    ['06:00 CEST', null],
    ['06:00 +01:00', null],
    ['06:00 GMT+1', null],
  ])('“%s”: the zone is unknown; meant is %s', (text, near) => {
    const failure = thrownBy(() => parseStopAt(text));
    expect(failure.message).toBe(`there is no time zone "${text.slice(6)}".`);
    if (near === null) expect(failure.next).toBe('Zones are named like Europe/Berlin, or UTC.');
    else expect(failure.next).toContain(`Did you mean ${near}?`);
  });
});

function thrownBy(act: () => unknown): UserError {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
