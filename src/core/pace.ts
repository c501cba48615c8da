/**
 * When the next request may leave. Computed from when earlier requests actually left, never in advance, so
 * that no second, wherever it starts, holds more than the rate, and a pause is not followed by a burst. All times
 * are monotonic milliseconds.
 */
export interface Pace {
  /** Requests a second; 0: unpaced. */
  readonly ratePerSecond: number;
  /** When the latest `ratePerSecond` requests left, in order. */
  readonly leftAtMs: number[];
  /**
   * When those were let go that haven't left yet, in order: a connection has to be made, or doesn't take anything.
   * Each may leave at any moment, and all of them at the same one.
   */
  readonly leavingSinceMs: number[];
  /** How many requests have been let go in all. */
  sent: number;
  /** When the first of them was; null before it. */
  firstAtMs: number | null;
  /** How long there was nothing to let go, or nothing was let go, in all; the short gaps between two aside. */
  breaksMs: number;
}

/** What a run asks of Nylas where nothing else is said: of the 50 a second that it allows, some are its users'. */
export const RATE_DEFAULT = 45;

/** Requests that left within this of a second's edge count into it: the way to the server isn't even. */
const SECOND_MS = 1008;
/** Requests keep this much of their even distance: the rest makes up for timers that fire late. */
const EVEN_SHARE = 0.8;
/** The even distance is kept on average over so long, since a timer is often later than it is short. */
const EVEN_OVER_MS = 40;

/** A gap between two requests that is longer than both is a break. */
const BREAK_MS_MIN = 5000;
const BREAK_SLOTS_MIN = 5;

/** A pace at which nothing has been sent yet. */
export function newPace(ratePerSecond: number): Pace {
  return { ratePerSecond, leftAtMs: [], leavingSinceMs: [], sent: 0, firstAtMs: null, breaksMs: 0 };
}

/**
 * The earliest moment at which one more request may leave; Infinity: not before one of those has left that were let
 * go. `targetPerSecond` is the rate of the moment where that is lower than the one asked for.
 */
export function nextSlotMs(pace: Pace, targetPerSecond = pace.ratePerSecond): number {
  const { ratePerSecond: rate, leavingSinceMs } = pace;
  if (rate === 0) return -Infinity;
  const room = capacityOf(pace) - leavingSinceMs.length;
  if (room <= 0) return Infinity;
  const target = Math.min(rate, targetPerSecond);
  const bunch = Math.ceil((target * EVEN_OVER_MS) / 1000);
  // Below the full rate no second is full, so that nothing else would keep the distance.
  const even = latest(pace, bunch) + ((1000 * bunch) / target) * (target < rate ? 1 : EVEN_SHARE);
  // Below one a second a single request has more than a second to itself.
  return Math.max(even, fromEnd(pace.leftAtMs, room) + Math.max(SECOND_MS, SECOND_MS / rate));
}

/** How long a gap between two requests may be that is no break yet. */
export function breakMs(ratePerSecond: number): number {
  return ratePerSecond === 0
    ? BREAK_MS_MIN
    : Math.max(BREAK_MS_MIN, (1000 * BREAK_SLOTS_MIN) / ratePerSecond);
}

/** Records that a request is let go at `nowMs`. */
export function letGo(pace: Pace, nowMs: number): void {
  const gapMs = pace.firstAtMs === null ? 0 : nowMs - latest(pace, 1);
  if (gapMs > breakMs(pace.ratePerSecond)) pace.breaksMs += gapMs;
  pace.firstAtMs ??= nowMs;
  pace.sent += 1;
  if (pace.ratePerSecond === 0) pace.leftAtMs[0] = nowMs;
  else insert(pace.leavingSinceMs, nowMs);
}

/**
 * Records that a request which was let go at `sinceMs` left only at `leftMs`, or came to nothing then. The seconds
 * that follow begin there.
 */
export function hasLeft(pace: Pace, sinceMs: number, leftMs: number): void {
  const { ratePerSecond, leavingSinceMs, leftAtMs } = pace;
  if (ratePerSecond === 0) return;
  leavingSinceMs.splice(leavingSinceMs.indexOf(sinceMs), 1);
  insert(leftAtMs, leftMs);
  if (leftAtMs.length > capacityOf(pace)) leftAtMs.shift();
}

/** Keeps the order; nearly always the new one is the last. */
function insert(timesMs: number[], atMs: number): void {
  const before = timesMs.findLastIndex((earlierMs) => earlierMs <= atMs);
  timesMs.splice(before + 1, 0, atMs);
}

function capacityOf({ ratePerSecond }: Pace): number {
  return Math.max(1, Math.floor(ratePerSecond));
}

/** Shorter than this, a mean says nothing: the rate bounds what a second holds, not how its part is used. */
const MEAN_OVER_MS_MIN = 1000;

/**
 * The mean rate at which requests went, from the first to the last without the breaks; null where they span less
 * than a second. It is held to the rate: within a second requests may stand closer than evenly, and a run that
 * ends within one would seem to have gone faster than it may.
 */
export function meanRate(pace: Pace): number | null {
  const { ratePerSecond, sent, firstAtMs, breaksMs } = pace;
  const spanMs = latest(pace, 1) - (firstAtMs ?? 0) - breaksMs;
  if (firstAtMs === null || spanMs < MEAN_OVER_MS_MIN) return null;
  const mean = ((sent - 1) * 1000) / spanMs;
  return ratePerSecond === 0 ? mean : Math.min(mean, ratePerSecond);
}

/**
 * When the latest request left, or the one so many before it, where those that are leaving count from when they were
 * let go; -Infinity: there were fewer.
 */
function latest({ leftAtMs, leavingSinceMs }: Pace, count: number): number {
  let left = 0;
  let leaving = 0;
  let atMs = -Infinity;
  for (let seen = 0; seen < count; seen += 1) {
    const leftMs = fromEnd(leftAtMs, left + 1);
    const sinceMs = fromEnd(leavingSinceMs, leaving + 1);
    if (leftMs >= sinceMs) left += 1;
    else leaving += 1;
    atMs = Math.max(leftMs, sinceMs);
  }
  return atMs;
}

/** The last but so many, from 1; -Infinity: there are fewer. */
function fromEnd(timesMs: readonly number[], count: number): number {
  return timesMs[timesMs.length - count] ?? -Infinity;
}
