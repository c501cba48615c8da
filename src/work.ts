import type { Answer } from './core/answer.js';
import type { Category, Origin } from './core/category.js';
import type { RecordChange } from './core/change.js';
import { isLedgerFailure } from './core/errors.js';
import type { Outcome } from './core/outcome.js';
import type { Provider } from './core/provider.js';
import type { LegacyUser } from './core/record.js';
import type { RetryPolicy, Tries } from './core/retry.js';
import type { Scrub } from './core/scrub.js';
import type { Listed, Standing } from './listing.js';
import type { NylasClock } from './nylas-clock.js';
import type { Clock } from './ports/clock.js';
import type { AttemptEnd, Ledger, RecordEntry, Unwritten } from './ports/ledger.js';
import type { Log } from './ports/log.js';
import type { NylasApi, OnLeft } from './ports/nylas.js';

/** What every piece of work on a record needs; one for the whole run. */
export interface Work {
  readonly ledger: Ledger;
  readonly api: NylasApi;
  readonly clock: Clock;
  readonly log: Log;
  /** Says that a call to `send` will follow as soon as its intent is committed. */
  readonly announce: () => void;
  /** Resolves when no more is announced than can be sent shortly. For one producer. */
  readonly pacerReady: () => Promise<void>;
  /**
   * Makes a call of the API in its turn, which hands on `onLeft`; null: the run stopped before, or it was announced
   * and isn't wanted any more.
   */
  readonly send: (
    call: (onLeft: OnLeft) => Promise<Answer>,
    isWanted?: () => boolean,
  ) => Promise<Answer | null>;
  /** Whether nothing of the user's lane is sent any more. */
  readonly isLaneStopped: (user: LegacyUser) => boolean;
  readonly runId: number;
  readonly retry: RetryPolicy;
  readonly emailMismatch: 'hold' | 'accept';
  /** Whether a healthy grant that was there before us is left alone. */
  readonly existing: 'skip' | 'reauthenticate';
  /** Scrubs what came back from Nylas of these secrets and of the API key. */
  readonly scrubberOf: (secrets: readonly string[]) => Scrub;
  /** Providers whose refresh tokens work only once. */
  readonly singleUse: ReadonlySet<Provider>;
  /** Whether `--retry in_doubt` was given: doubts that nothing can settle are submitted again. */
  readonly retryDoubts: boolean;
  /** Brings the ledger's copy of the application's grants up to date. */
  readonly refreshGrants: (sinceMs: number) => Promise<Listed>;
  /** Brings the ledger's copy of a grant up to date that an earlier run listed. */
  readonly confirmGrant: (grantId: string) => Promise<'known' | 'unknown'>;
  /** Asks for one grant, and keeps in the ledger what came of it. */
  readonly askForGrant: (grantId: string) => Promise<Standing>;
  /** Waits, but no longer than until the run is stopped. */
  readonly pause: (delayMs: number) => Promise<void>;
  readonly stopping: () => boolean;
  /** Told how each submission ended: it can concern more than its record. */
  readonly onOutcome: (user: LegacyUser, outcome: Outcome, answer: Answer) => void;
  /** For how long the user's lane is held still; 0: it isn't. */
  readonly laneHeldMs: (user: LegacyUser) => number;
  /** Whether an attempt that ended then (monotonic milliseconds) ended in an outage. */
  readonly endedInOutage: (endedAtMs: number) => boolean;
  /** Told of what came back from Nylas and could not be written down. */
  readonly onUnwritten: (outcome: Unwritten) => void;
  /** Told of every answer. */
  readonly nylasClock: NylasClock;
}

/** One record's work within this run. */
export interface Job {
  readonly user: LegacyUser;
  readonly fingerprint: string;
  readonly tries: Tries;
  /** Whether an attempt of the record's own is of unknown outcome. */
  readonly isInDoubt: boolean;
  /**
   * The earliest second, by Nylas' clock, that the earliest attempt of unknown outcome can have left on a grant,
   * be it the record's own or another's for its mailbox; null: there is none.
   */
  readonly doubtOpensAt: number | null;
  /** Looks in a row that found nothing since the latest submission. */
  readonly emptyLooks: number;
  /** Whether Nylas had a grant for the mailbox before this job: then it isn't ours, whatever its date. */
  readonly wasThere: boolean;
}

/** What a job came to. Everything it says is committed. */
export type JobEnd =
  | { readonly kind: 'migrated'; readonly origin: Origin | null }
  | { readonly kind: 'failed'; readonly category: Category }
  /** Not now: nothing was sent that isn't settled, or it waits for its settling. */
  | {
      readonly kind: 'later';
      readonly notBeforeMs: number;
      readonly category: Category | null;
      readonly bucket: 'waiting' | 'in_doubt';
      readonly tries: Tries;
    }
  /** Not in this run any more. */
  | { readonly kind: 'left'; readonly bucket: 'waiting' | 'in_doubt' }
  /** The run is stopping, or what the record needs is broken; it stays pending. */
  | { readonly kind: 'held_back'; readonly category: Category | null };

/**
 * Writes down how an attempt that was sent ended. Where the ledger has failed, whoever watches is told instead:
 * the run is stopping then, and the record is looked up by the next.
 */
export async function conclude(
  work: Work,
  job: Job,
  attemptId: number,
  end: AttemptEnd,
  change: RecordChange | null,
  grantId: string | null,
): Promise<void> {
  try {
    await work.ledger.conclude(attemptId, end, change);
  } catch (error) {
    if (!isLedgerFailure(error)) throw error;
    const { key } = job.user;
    work.onUnwritten({ key, result: end.result, status: change?.status ?? null, grantId });
  }
}

export function entryOf(job: Job, atMs: number): RecordEntry {
  return { user: job.user, fingerprint: job.fingerprint, atMs };
}
