/**
 * How many requests may be in flight: what the rate needs at the latency measured, and a little more. More
 * would only be more doubts should they all be lost.
 */
export interface InFlightLimit {
  readonly ratePerSecond: number;
  readonly max: number;
  /** A moving average over the latest answers; null before the first. */
  readonly latencyMs: number | null;
  /** What was allowed beyond the need, because slots stayed empty; it melts away. */
  readonly extra: number;
}

const HEADROOM = 1.25;
const RESERVE = 8;
/** Until something is measured. */
const LATENCY_FIRST_MS = 1_000;
const SMOOTHING = 0.05;
const MELTS = 0.995;
const GROWS = 0.1;

export function newInFlightLimit(ratePerSecond: number, max: number): InFlightLimit {
  return { ratePerSecond, max, latencyMs: null, extra: 0 };
}

/** Requests that may be in flight at once. */
export function inFlightMax({ ratePerSecond, max, latencyMs, extra }: InFlightLimit): number {
  if (ratePerSecond === 0) return max;
  const needed = (ratePerSecond * (latencyMs ?? LATENCY_FIRST_MS) * HEADROOM) / 1000;
  return Math.max(1, Math.min(max, Math.ceil(needed + extra) + RESERVE));
}

/** Takes in the latency of one answer. */
export function latencyMeasured(limit: InFlightLimit, latencyMs: number): InFlightLimit {
  const before = limit.latencyMs ?? latencyMs;
  const average = before + (latencyMs - before) * SMOOTHING;
  return { ...limit, latencyMs: average, extra: limit.extra * MELTS };
}

/** A slot stayed empty because too few may be in flight: answers take longer than those that have come. */
export function slotLeftEmpty(limit: InFlightLimit): InFlightLimit {
  if (inFlightMax(limit) >= limit.max) return limit;
  return { ...limit, extra: limit.extra + Math.max(1, inFlightMax(limit) * GROWS) };
}
