/**
 * How fast requests may leave: the rate that was asked for, less what Nylas' own 429s take of it. The limit is
 * shared with the application's live users, so where it lies can only be found out by coming near it.
 */
export interface Throttle {
  /** Requests a second; 0: unpaced, and then only holds apply. */
  readonly askedPerSecond: number;
  /** What the rate was at `sinceMs`; it climbs from there. */
  readonly fromPerSecond: number;
  readonly sinceMs: number;
  /** Up to here it climbs by `climbPerSecond` each second, beyond it slowly. */
  readonly kneePerSecond: number;
  readonly climbPerSecond: number;
  /** Nothing leaves before this. All times are monotonic milliseconds. */
  readonly holdUntilMs: number;
  /** When the last 429 came that the rate was lowered for; -Infinity: none yet. */
  readonly loweredAtMs: number;
}

/** One 429 of Nylas' own. */
export interface ThrottleHit {
  readonly nowMs: number;
  /** When the request left. */
  readonly sentAtMs: number;
  readonly retryAfterMs: number | null;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/** A gentle start: within a second the rate climbs from a tenth of what was asked for to all of it. */
const START_SHARE = 0.1;
/** So few requests a second hurt nobody. */
const GENTLE_PER_SECOND = 5;
/** The limit counts over one second: a shorter hold would meet the same full second again. */
const HOLD_MIN_MS = 250;
const HOLD_JITTER_MS = 250;
/** A 429 so soon after the last one means that the rate is still too high. */
const PERSISTS_WITHIN_MS = 5_000;
const GIVES = 0.95;
const HALVES = 0.5;
/** Of the rate asked for, each second: fast up to where it went well, then feeling its way. */
const CLIMB_SHARE = 0.05;
const CREEP_SHARE = 0.005;
const AFTER_OUTAGE_CLIMB_SHARE = 0.1;

/** The rate of a run that begins at `nowMs`. */
export function newThrottle(askedPerSecond: number, nowMs: number): Throttle {
  return {
    askedPerSecond,
    ...climbing(askedPerSecond, nowMs, askedPerSecond),
    holdUntilMs: -Infinity,
    loweredAtMs: -Infinity,
  };
}

/** The rate at a moment (requests a second); 0: unpaced. */
export function rateAt(throttle: Throttle, nowMs: number): number {
  const { askedPerSecond: asked, fromPerSecond: from, kneePerSecond: knee, climbPerSecond } = throttle;
  const seconds = Math.max(0, nowMs - throttle.sinceMs) / 1000;
  const fast = from + climbPerSecond * seconds;
  if (asked === 0 || fast <= knee) return Math.min(asked, fast);
  const secondsToKnee = Math.max(0, knee - from) / climbPerSecond;
  return Math.min(asked, Math.max(from, knee) + asked * CREEP_SHARE * (seconds - secondsToKnee));
}

/**
 * Takes one 429 in: everything holds briefly and the rate gives a little; where they persist it halves. What
 * left before the rate was last lowered says nothing new.
 */
export function lowered(throttle: Throttle, hit: ThrottleHit): Throttle {
  const waitMs = Math.max(HOLD_MIN_MS, hit.retryAfterMs ?? 0) + hit.random * HOLD_JITTER_MS;
  const holdUntilMs = Math.max(throttle.holdUntilMs, hit.nowMs + waitMs);
  if (hit.sentAtMs <= throttle.loweredAtMs) return { ...throttle, holdUntilMs };
  const { askedPerSecond: asked } = throttle;
  const persists = hit.nowMs - throttle.loweredAtMs < PERSISTS_WITHIN_MS;
  const before = rateAt(throttle, hit.nowMs);
  return {
    askedPerSecond: asked,
    fromPerSecond: Math.max(Math.min(asked, 1), before * (persists ? HALVES : GIVES)),
    sinceMs: holdUntilMs,
    kneePerSecond: before * GIVES,
    climbPerSecond: asked * CLIMB_SHARE,
    holdUntilMs,
    loweredAtMs: hit.nowMs,
  };
}

/** After an outage the rate climbs anew, over some ten seconds: everybody comes back at once. */
export function recovered(throttle: Throttle, nowMs: number): Throttle {
  const { askedPerSecond: asked } = throttle;
  return { ...throttle, ...climbing(asked, nowMs, asked * AFTER_OUTAGE_CLIMB_SHARE) };
}

function climbing(
  asked: number,
  nowMs: number,
  climbPerSecond: number,
): Pick<Throttle, 'fromPerSecond' | 'sinceMs' | 'kneePerSecond' | 'climbPerSecond'> {
  const fromPerSecond = Math.min(asked, Math.max(GENTLE_PER_SECOND, asked * START_SHARE));
  return { fromPerSecond, sinceMs: nowMs, kneePerSecond: asked, climbPerSecond };
}
