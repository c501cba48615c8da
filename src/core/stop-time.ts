import { UserError } from './errors.js';
import { nearest } from './nearest.js';
import { isTimeZone, nextClockTime, type ClockTime } from './zoned-time.js';

/** When a run is to stop, as it was asked for. */
export type StopAt =
  | { readonly kind: 'moment'; readonly text: string; readonly atMs: number }
  | {
      readonly kind: 'clock';
      /** As it was written. */
      readonly text: string;
      readonly time: ClockTime;
      readonly zone: string;
      /** Whether the zone was named: where it wasn't, it is UTC. */
      readonly isZoneNamed: boolean;
    };

/** The moment at which a run stops (Unix milliseconds), and which option says so. */
export type StopTime =
  | { readonly by: 'stop-at'; readonly atMs: number; readonly asked: string }
  | { readonly by: 'max-duration'; readonly atMs: number; readonly durationMs: number };

const CLOCK = /^(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*(Z)|\s+(\S+))?$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{2}:\d{2})?$/;

/**
 * `06:00 Europe/Berlin`, `06:00` (UTC), or a moment such as `2026-12-01T06:00Z`. Throws an Error that says what it
 * should have been, or UserError('usage') where there is no such zone.
 */
export function parseStopAt(text: string): StopAt {
  const written = text.trim();
  const clock = CLOCK.exec(written);
  if (clock !== null) return clockOf(written, clock);
  const moment = MOMENT.exec(written);
  if (moment === null) throw new Error("a time such as '06:00 Europe/Berlin' or 2026-12-01T06:00Z");
  if (moment[3] === undefined) {
    throw new Error('a moment: add Z for UTC or an offset such as +01:00, or give a time of day with a zone');
  }
  const atMs = Date.parse(written.replace(' ', 'T').replace(/\s+/, ''));
  if (Number.isNaN(atMs) || !isDate(written.slice(0, 10))) throw new Error('a moment that exists');
  return { kind: 'moment', text: written, atMs };
}

function clockOf(text: string, [, hour, minute, second, utc, zone]: RegExpExecArray): StopAt {
  const time = { hour: Number(hour), minute: Number(minute), second: Number(second ?? 0) };
  if (time.hour > 23 || time.minute > 59 || time.second > 59) {
    throw new Error('a time of day, from 00:00 to 23:59');
  }
  if (zone === undefined) return { kind: 'clock', text, time, zone: 'UTC', isZoneNamed: utc !== undefined };
  // Some runtimes take offsets for zones, others don't; one that is near doesn't follow summer time anyway.
  if (!/^[A-Za-z]/.test(zone) || !isTimeZone(zone)) throw unknownZone(zone);
  return { kind: 'clock', text, time, zone, isZoneNamed: true };
}

/** `2026-02-30` would be taken for the second of March. */
function isDate(day: string): boolean {
  const ms = Date.parse(day);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

function unknownZone(zone: string): UserError {
  const zones = Intl.supportedValuesOf('timeZone');
  const city = `/${zone.toLowerCase()}`;
  const near = zones.find((name) => name.toLowerCase().endsWith(city)) ?? nearest(zone, zones);
  const guess = near === null ? '' : `Did you mean ${near}? `;
  return new UserError(
    'usage',
    `there is no time zone "${zone}".`,
    `${guess}Zones are named like Europe/Berlin, or UTC.`,
  );
}

/** When a run that begins at `nowMs` stops: the sooner of the two that were asked for; null: neither was. */
export function stopTimeOf(
  options: { readonly maxDurationMs: number | null; readonly stopAt: StopAt | null },
  nowMs: number,
): StopTime | null {
  const { maxDurationMs: durationMs, stopAt } = options;
  const times: StopTime[] = [];
  if (stopAt !== null) times.push({ by: 'stop-at', atMs: momentOf(stopAt, nowMs), asked: askedOf(stopAt) });
  if (durationMs !== null) times.push({ by: 'max-duration', atMs: nowMs + durationMs, durationMs });
  return times.sort((a, b) => a.atMs - b.atMs)[0] ?? null;
}

/** In the past only where a moment was named that has passed. */
function momentOf(stopAt: StopAt, nowMs: number): number {
  return stopAt.kind === 'moment' ? stopAt.atMs : nextClockTime(stopAt.time, stopAt.zone, nowMs);
}

function askedOf(stopAt: StopAt): string {
  if (stopAt.kind === 'moment' || stopAt.isZoneNamed) return stopAt.text;
  return `${stopAt.text}, no zone was named`;
}
