import type { Answer } from './answer.js';
import { parseHttpDate } from './http-date.js';
import type { Outcome } from './outcome.js';

/** How a record's next try within a run is decided. */
export interface RetryPolicy {
  readonly attemptsMax: number;
  readonly settleDelayMs: number;
}

/** What one record has cost in this run so far, the last attempt included. */
export interface Tries {
  /** Attempts that count: neither throttled nor known never to have left. */
  readonly attempts: number;
  /** Throttled answers in a row. */
  readonly throttles: number;
  /** Attempts in a row that couldn't reach Nylas. */
  readonly unreachables: number;
  /** When the latest attempt that counts ended, monotonic milliseconds; null: there is none, or it was forgiven. */
  readonly countedAtMs: number | null;
}

export type Retry =
  /** Nothing more to do: the outcome is final. */
  | { readonly kind: 'final' }
  /** Wait in the worker, then send again. */
  | { readonly kind: 'again'; readonly delayMs: number }
  /** Give the worker back; not before that delay, in this run or the next. */
  | { readonly kind: 'later'; readonly delayMs: number }
  /** Look before anything else, and not before the settle delay. */
  | { readonly kind: 'settle'; readonly delayMs: number };

export const NO_TRIES: Tries = { attempts: 0, throttles: 0, unreachables: 0, countedAtMs: null };

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 30_000;
/** A wait longer than this leaves the worker. */
const WAIT_IN_WORKER_MAX_MS = 60_000;
/** No server's word holds a record for longer than this. */
const RETRY_AFTER_MAX_MS = 24 * 60 * 60 * 1000;
/** So many throttled answers in a row, and the record makes room for others. */
const THROTTLES_MAX = 10;
/** When a record gives its worker back, it comes again no sooner than this. */
const LATER_MS = 60_000;

/** Counts an outcome, which came at `nowMs` (monotonic milliseconds), into what the record has cost. */
export function countTry(tries: Tries, outcome: Outcome, nowMs: number): Tries {
  switch (outcome.kind) {
    case 'throttled':
      return { ...tries, throttles: tries.throttles + 1, unreachables: 0 };
    case 'unreachable':
      return { ...tries, unreachables: tries.unreachables + 1 };
    case 'granted':
    case 'granted_invalid':
    case 'granted_other':
    case 'refused':
    case 'in_doubt':
      return { attempts: tries.attempts + 1, throttles: 0, unreachables: 0, countedAtMs: nowMs };
  }
}

/** Takes back the latest attempt that counted: it ended in an outage, which is nothing of the record's. */
export function forgive(tries: Tries): Tries {
  return { ...tries, attempts: tries.attempts - 1, countedAtMs: null };
}

/**
 * Decides what follows an outcome. `random` is uniform in [0, 1) and `nowMs` is Unix milliseconds, by the
 * clock of the server's `Date` if that is known.
 */
export function decideRetry(
  outcome: Outcome,
  tries: Tries,
  policy: RetryPolicy,
  now: { readonly nowMs: number; readonly random: number },
): Retry {
  switch (outcome.kind) {
    case 'granted':
    case 'granted_invalid':
    case 'granted_other':
    case 'refused':
      return { kind: 'final' };
    case 'in_doubt':
      return { kind: 'settle', delayMs: policy.settleDelayMs };
    case 'throttled':
      return afterThrottle(outcome, tries.throttles, now);
    case 'unreachable':
      return tries.unreachables >= policy.attemptsMax
        ? { kind: 'later', delayMs: LATER_MS }
        : { kind: 'again', delayMs: backoffMs(tries.unreachables, now.random) };
  }
}

/** So often a read that got no usable answer is repeated at once. */
const REREADS_MAX = 6;

/**
 * Decides whether a call that only reads is repeated: after a fault, a 429 or a 5xx, since that can do no
 * harm. Null: its answer stands.
 */
export function decideReread(
  answer: Answer,
  tries: number,
  now: { readonly nowMs: number; readonly random: number },
): { readonly delayMs: number } | null {
  const passing = answer.kind === 'fault' || answer.status === 429 || answer.status >= 500;
  return passing ? decideRelook(answer, tries, now) : null;
}

/**
 * Decides whether to look what became of a call that has changed something, perhaps, and got no usable answer. Null:
 * that was done often enough.
 */
export function decideRelook(
  answer: Answer,
  tries: number,
  now: { readonly nowMs: number; readonly random: number },
): { readonly delayMs: number } | null {
  if (tries >= REREADS_MAX) return null;
  const floorMs = answer.kind === 'fault' ? 0 : (parseRetryAfter(answer.retryAfter, now.nowMs) ?? 0);
  return { delayMs: Math.min(floorMs, WAIT_IN_WORKER_MAX_MS) + backoffMs(tries, now.random) };
}

/** Exponential with full jitter: uniform between nothing and the doubled, capped wait. */
export function backoffMs(tryNumber: number, random: number): number {
  const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.max(0, tryNumber - 1));
  return Math.round(ceiling * random);
}

/**
 * Reads `Retry-After` in both its forms, seconds and an HTTP date (RFC 9110, 10.2.3), as milliseconds from
 * now; null where there is none or it is neither.
 */
export function parseRetryAfter(header: string | null, nowMs: number): number | null {
  const text = header?.trim() ?? '';
  const delayMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : parseHttpDate(text) - nowMs;
  return Number.isNaN(delayMs) ? null : Math.min(Math.max(0, delayMs), RETRY_AFTER_MAX_MS);
}

/** The server's word is a floor; jitter only adds to it. Where a provider throttles, its lane has the say. */
function afterThrottle(
  { by, retryAfter }: Extract<Outcome, { kind: 'throttled' }>,
  throttles: number,
  now: { readonly nowMs: number; readonly random: number },
): Retry {
  const floorMs = parseRetryAfter(retryAfter, now.nowMs) ?? 0;
  const delayMs = floorMs + backoffMs(throttles, now.random);
  if (throttles >= THROTTLES_MAX) return { kind: 'later', delayMs: Math.max(delayMs, LATER_MS) };
  return { kind: by === 'provider' || delayMs > WAIT_IN_WORKER_MAX_MS ? 'later' : 'again', delayMs };
}
