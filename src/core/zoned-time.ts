/** A time of day, as a clock on a wall shows it. */
export interface ClockTime {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const DAY_MS = 86_400_000;

/** Whether this is the name of a time zone that can be computed with, such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  try {
    wallClock(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * The first moment after `afterMs` (Unix milliseconds) at which a clock in the zone shows that time. On a day on
 * which the clocks skip it, that is the moment at which they do: they show a later time from then on. On a day on
 * which they show it twice, it is the first of the two that still lies ahead.
 */
export function nextClockTime(time: ClockTime, zone: string, afterMs: number): number {
  const wall = wallClock(zone);
  const today = Math.floor(wall(afterMs) / DAY_MS) * DAY_MS;
  const ofDay = (time.hour * 3600 + time.minute * 60 + time.second) * 1000;
  // Clocks that are set back over midnight show yesterday once more.
  for (let dayMs = today - DAY_MS; ; dayMs += DAY_MS) {
    const next = momentsOf(wall, dayMs + ofDay).find((atMs) => atMs > afterMs);
    if (next !== undefined) return next;
  }
}

/** What a zone's clocks show at a moment, read as if it were UTC: Unix milliseconds. */
type WallClock = (atMs: number) => number;

/** Throws RangeError where there is no such zone. */
function wallClock(zone: string): WallClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  return (atMs) => {
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
    const [year, month, day] = [parts.get('year'), parts.get('month'), parts.get('day')];
    const [hour, minute, second] = [parts.get('hour'), parts.get('minute'), parts.get('second')];
    return Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1, hour ?? 0, minute ?? 0, second ?? 0);
  };
}

/** When the clocks show `shownMs`, in order: once as a rule, twice where they are set back, never skipped. */
function momentsOf(wall: WallClock, shownMs: number): readonly number[] {
  // What the clocks were ahead of UTC by a day earlier and a day later: one of the two holds.
  const offsets = [-DAY_MS, DAY_MS].map((apart) => wall(shownMs + apart) - (shownMs + apart));
  const candidates = [...new Set(offsets)].map((offset) => shownMs - offset).sort((a, b) => a - b);
  const exact = candidates.filter((atMs) => wall(atMs) === shownMs);
  if (exact.length > 0) return exact;
  return [whenPast(wall, shownMs, candidates[0] ?? shownMs, candidates.at(-1) ?? shownMs)];
}

/** The moment between the two from which on the clocks show more than that. */
function whenPast(wall: WallClock, shownMs: number, fromMs: number, toMs: number): number {
  let [before, after] = [fromMs, toMs];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (wall(middle) < shownMs) before = middle;
    else after = middle;
  }
  return after;
}
