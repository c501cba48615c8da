/**
 * When the next request may leave. Computed from when earlier requests actually went, never in advance, so
 * that no second, wherever it starts, holds more than the rate, and a pause is not followed by a burst.
 */
export interface Pace {
  /** Requests a second; 0: unpaced. */
  readonly ratePerSecond: number;
  /** When the latest `ratePerSecond` requests went, in order; monotonic milliseconds. */
  readonly sentAtMs: number[];
  /** How many requests have gone in all. */
  sent: number;
  /** When the first of them went; null before it. */
  firstAtMs: number | null;
}

/** What a run asks of Nylas where nothing else is said: of the 50 a second that it allows, some are its users'. */
export const RATE_DEFAULT = 45;

/** Requests that left within this of a second's edge count into it: the way to the server isn't even. */
const SECOND_MS = 1008;
/** Requests keep this much of their even distance: the rest makes up for timers that fire late. */
const EVEN_SHARE = 0.8;
/** The even distance is kept on average over so long, since a timer is often later than it is short. */
const EVEN_OVER_MS = 40;

/** A pace at which nothing has been sent yet. */
export function newPace(ratePerSecond: number): Pace {
  return {
    ratePerSecond,
    sentAtMs: [],
    sent: 0,
    firstAtMs: null,
  };
}

/**
 * The earliest moment (monotonic milliseconds) at which one more request may leave. `targetPerSecond` is the
 * rate of the moment where that is lower than the one asked for.
 */
export function nextSlotMs(pace: Pace, targetPerSecond = pace.ratePerSecond): number {
  const { ratePerSecond: rate } = pace;
  if (rate === 0) return -Infinity;
  const target = Math.min(rate, targetPerSecond);
  const bunch = Math.ceil((target * EVEN_OVER_MS) / 1000);
  // Below the full rate no second is full, so that nothing else would keep the distance.
  const even = latest(pace, bunch) + ((1000 * bunch) / target) * (target < rate ? 1 : EVEN_SHARE);
  // Below one a second a single request has more than a second to itself.
  return Math.max(even, latest(pace, capacityOf(pace)) + Math.max(SECOND_MS, SECOND_MS / rate));
}

/** Records that a request goes at `nowMs` (monotonic milliseconds). */
export function recordSend(pace: Pace, nowMs: number): void {
  pace.firstAtMs ??= nowMs;
  pace.sent += 1;
  insert(pace, nowMs);
}

/**
 * Records that a request which was to go at `atMs` went only at `wentAtMs`: a connection had to be made, or this
 * process was busy. The seconds that follow begin there.
 */
export function correctSend(pace: Pace, atMs: number, wentAtMs: number): void {
  const index = pace.sentAtMs.lastIndexOf(atMs);
  if (index >= 0) pace.sentAtMs.splice(index, 1);
  insert(pace, wentAtMs);
}

function insert(pace: Pace, atMs: number): void {
  const { sentAtMs } = pace;
  const before = sentAtMs.findLastIndex((earlierMs) => earlierMs <= atMs);
  sentAtMs.splice(before + 1, 0, atMs);
  if (sentAtMs.length > capacityOf(pace)) sentAtMs.shift();
}

function capacityOf({ ratePerSecond }: Pace): number {
  return Math.max(1, Math.floor(ratePerSecond));
}

/** Shorter than this, a mean says nothing: the rate bounds what a second holds, not how its part is used. */
const MEAN_OVER_MS_MIN = 1000;

/**
 * The mean rate at which requests went, from the first to the last with one slot more; null where they span less
 * than a second. It is held to the rate: within a second requests may stand closer than evenly, and a run that
 * ends within one would seem to have gone faster than it may.
 */
export function meanRate(pace: Pace): number | null {
  const { ratePerSecond, sent, firstAtMs } = pace;
  const spanMs = latest(pace, 1) - (firstAtMs ?? 0);
  if (firstAtMs === null || spanMs < MEAN_OVER_MS_MIN) return null;
  const mean = ((sent - 1) * 1000) / spanMs;
  return ratePerSecond === 0 ? mean : Math.min(mean, ratePerSecond);
}

/** When the latest request went, or the one so many before it; -Infinity: there were fewer. */
function latest({ sentAtMs }: Pace, count: number): number {
  return sentAtMs[sentAtMs.length - count] ?? -Infinity;
}
