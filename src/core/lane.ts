import type { Category } from './category.js';
import { backoffMs } from './retry.js';

/**
 * What is known of one lane, a provider and its credential record: whether that provider throttles, and
 * whether what is sent on it has any chance. Rows of a stopped lane stay pending.
 */
export interface Lane {
  /** Nothing of this lane is sent before; monotonic milliseconds. */
  readonly holdUntilMs: number;
  /** Holds in a row: nothing that was sent after the first of them was taken. */
  readonly holds: number;
  readonly heldAtMs: number;
  /** How long it is held in all, up to `holdUntilMs`. */
  readonly heldMs: number;
  /** Times in a row that Nylas waited for the provider in vain. */
  readonly silences: number;
  /** Outcomes of earlier runs, where the lane has never had a success. */
  readonly before: number;
  /** Outcomes of this run since the last success. */
  readonly withoutSuccess: number;
  readonly hasSucceeded: boolean;
  /** Outcomes of this run. */
  readonly outcomes: number;
  /** Which of the latest of them were failures that no user can be to blame for, by their number. */
  readonly faults: readonly number[];
  /** Domains whose users met a client mismatch since the last success. */
  readonly mismatchedDomains: ReadonlySet<string>;
  readonly stopped: LaneStop | null;
}

/** Why nothing more of a lane is sent. */
export type LaneStop =
  | { readonly kind: 'no_connector' }
  | { readonly kind: 'client_mismatch'; readonly domains: number }
  | { readonly kind: 'no_success'; readonly outcomes: number }
  | { readonly kind: 'failure_rate'; readonly failures: number; readonly outcomes: number };

export interface LanePolicy {
  /** Of the latest 200 outcomes. */
  readonly failureRateMax: number;
  /** Whether a lane without any success is as it should be. */
  readonly expectsReauth: boolean;
}

/** How a submission of the lane ended, as far as it concerns more than its record. */
export type LaneOutcome =
  | { readonly kind: 'success' }
  /** A grant, but of another mailbox than the row's: the credential works, the row is wrong. */
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'failure'; readonly category: Category; readonly mismatchedDomain: string | null };

const SILENCES_IN_ROW = 20;
const WITHOUT_SUCCESS_MAX = 100;
/** So many of them in this run: what an earlier one met can have been mended since. */
const OF_THIS_RUN_MIN = 50;
const LATEST_MAX = 200;
const MISMATCHED_DOMAINS_MAX = 3;
/** What the person or an administrator must do isn't the tool's failure; throttling and waiting aren't either. */
const BLAMELESS: ReadonlySet<Category> = new Set(['needs_reauth', 'needs_admin', 'throttled', 'unavailable']);

/** A lane that never had a success in `before` outcomes of earlier runs; 0 where it had one. */
export function newLane(before: number): Lane {
  return {
    before,
    holdUntilMs: -Infinity,
    holds: 0,
    heldAtMs: -Infinity,
    heldMs: 0,
    silences: 0,
    withoutSuccess: 0,
    hasSucceeded: false,
    outcomes: 0,
    faults: [],
    mismatchedDomains: new Set(),
    stopped: null,
  };
}

/** Takes in a 429 of the provider: the lane holds, longer each time in a row. `Retry-After` is a floor. */
export function laneThrottled(
  lane: Lane,
  hit: {
    readonly nowMs: number;
    readonly sentAtMs: number;
    readonly retryAfterMs: number | null;
    readonly random: number;
  },
): Lane {
  // What left before the lane was last held says nothing new about how long to hold.
  const holds = hit.sentAtMs <= lane.heldAtMs ? lane.holds : lane.holds + 1;
  const untilMs = hit.nowMs + (hit.retryAfterMs ?? 0) + backoffMs(holds, hit.random);
  const longerMs = Math.max(0, untilMs - Math.max(lane.holdUntilMs, hit.nowMs));
  return {
    ...lane,
    ...{ holds, heldAtMs: hit.nowMs, holdUntilMs: Math.max(lane.holdUntilMs, untilMs) },
    heldMs: lane.heldMs + longerMs,
  };
}

/** Takes in that the provider did not answer Nylas: after so many in a row its lane rests, ever longer. */
export function laneSilent(
  lane: Lane,
  silence: { readonly nowMs: number; readonly sentAtMs: number; readonly random: number },
): Lane {
  const silences = lane.silences + 1;
  const next = { ...lane, silences };
  return silences < SILENCES_IN_ROW ? next : laneThrottled(next, { ...silence, retryAfterMs: null });
}

/** Takes in how a submission ended, and stops the lane where going on would only burn rows. */
export function laneEnded(lane: Lane, outcome: LaneOutcome, policy: LanePolicy): Lane {
  const works = outcome.kind !== 'failure';
  const isFault = outcome.kind === 'mismatch' || (!works && !BLAMELESS.has(outcome.category));
  const outcomes = lane.outcomes + 1;
  const next: Lane = {
    ...lane,
    outcomes,
    holds: works ? 0 : lane.holds,
    silences: 0,
    withoutSuccess: works ? 0 : lane.withoutSuccess + 1,
    hasSucceeded: lane.hasSucceeded || works,
    faults: [...lane.faults, ...(isFault ? [outcomes] : [])].filter((at) => at > outcomes - LATEST_MAX),
    mismatchedDomains: works ? new Set() : withDomain(lane.mismatchedDomains, outcome.mismatchedDomain),
  };
  return { ...next, stopped: lane.stopped ?? stopOf(next, policy) };
}

function withDomain(domains: ReadonlySet<string>, domain: string | null): ReadonlySet<string> {
  return domain === null || domains.has(domain) ? domains : new Set([...domains, domain]);
}

function stopOf(lane: Lane, { failureRateMax, expectsReauth }: LanePolicy): LaneStop | null {
  const { mismatchedDomains, outcomes, faults, before, withoutSuccess, hasSucceeded } = lane;
  if (mismatchedDomains.size >= MISMATCHED_DOMAINS_MAX) {
    return { kind: 'client_mismatch', domains: mismatchedDomains.size };
  }
  const isHopeless = before + withoutSuccess >= WITHOUT_SUCCESS_MAX && withoutSuccess >= OF_THIS_RUN_MIN;
  if (!hasSucceeded && !expectsReauth && isHopeless) {
    return { kind: 'no_success', outcomes: before + withoutSuccess };
  }
  if (outcomes < LATEST_MAX || faults.length <= failureRateMax * LATEST_MAX) return null;
  return { kind: 'failure_rate', failures: faults.length, outcomes: LATEST_MAX };
}
