/**
 * What is known of Nylas' clock against ours: server time minus our time lies in [minMs, maxMs].
 * Every `Date` header narrows it; a header that contradicts the interval means that a clock was set, and
 * starts it anew.
 */
export interface Skew {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Before any answer nothing is known; until one comes, the clocks are taken to agree. */
export const UNKNOWN_SKEW: Skew = { minMs: -Infinity, maxMs: Infinity };

/** How much later than its second a `Date` header or a `created_at` can truly be. */
const SECOND_COARSE_MS = 1000;

/** Narrows the skew by one answer: its `Date` was written between sending and receiving. */
export function observeDate(
  skew: Skew,
  seen: { readonly serverDateMs: number; readonly sentAtMs: number; readonly receivedAtMs: number },
): Skew {
  const minMs = seen.serverDateMs - seen.receivedAtMs;
  const maxMs = seen.serverDateMs + SECOND_COARSE_MS - seen.sentAtMs;
  const narrowed = { minMs: Math.max(skew.minMs, minMs), maxMs: Math.min(skew.maxMs, maxMs) };
  return narrowed.minMs <= narrowed.maxMs ? narrowed : { minMs, maxMs };
}

/**
 * The earliest `created_at` or `updated_at` (Unix seconds, Nylas' clock) that a request started at
 * `startedAtMs` (our clock) can have caused.
 */
export function windowOpensAt(startedAtMs: number, skew: Skew): number {
  const minMs = Number.isFinite(skew.minMs) ? skew.minMs : 0;
  return Math.floor((startedAtMs + minMs - SECOND_COARSE_MS) / 1000);
}

/** The latest `created_at` of what was made before `endedAtMs` (our clock), of a skew that is known. */
export function windowClosesAt(endedAtMs: number, skew: Skew): number {
  return Math.floor((endedAtMs + skew.maxMs) / 1000);
}

export function isKnown(skew: Skew): boolean {
  return Number.isFinite(skew.minMs) && Number.isFinite(skew.maxMs);
}
