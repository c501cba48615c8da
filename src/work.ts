import type { Answer } from './core/answer.js';
import type { Category } from './core/category.js';
import type { RefusalScope } from './core/outcome.js';
import type { LegacyUser } from './core/record.js';
import type { RetryPolicy, Tries } from './core/retry.js';
import { observeDate, type Skew } from './core/skew.js';
import type { Pacer } from './pacer.js';
import type { Clock, Ledger, Log, NylasApi, RecordEntry } from './ports.js';

/** What every piece of work on a record needs; one for the whole run. */
export interface Work {
  readonly ledger: Ledger;
  readonly api: NylasApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly pacer: Pacer;
  readonly runId: number;
  readonly retry: RetryPolicy;
  readonly emailMismatch: 'hold' | 'accept';
  readonly apiKey: string;
  /** Waits, but no longer than until the run is stopped. */
  readonly pause: (delayMs: number) => Promise<void>;
  readonly stopping: () => boolean;
  readonly onAnswer: (answer: Answer) => void;
  /** Told of refusals that concern more than their record. */
  readonly onRefusal: (scope: RefusalScope, user: LegacyUser) => void;
  /** What is known of Nylas' clock. */
  skew: Skew;
}

/** One record's work within this run. */
export interface Job {
  readonly user: LegacyUser;
  readonly fingerprint: string;
  readonly tries: Tries;
  /** When the earliest attempt of unknown outcome started; null: there is none. */
  readonly doubtSinceMs: number | null;
}

/** What a job came to. Everything it says is committed. */
export type JobEnd =
  | { readonly kind: 'migrated' }
  | { readonly kind: 'failed'; readonly category: Category }
  /** Not now: nothing was sent that isn't settled, or it waits for its settling. */
  | {
      readonly kind: 'later';
      readonly notBeforeMs: number;
      readonly category: Category | null;
      readonly bucket: 'waiting' | 'in_doubt';
      readonly tries: Tries;
    }
  /** The run is stopping, or what the record needs is broken; it stays pending. */
  | { readonly kind: 'held_back'; readonly category: Category | null };

/** Keeps what an answer tells about Nylas' clock. */
export function observe(work: Work, answer: Answer): void {
  work.onAnswer(answer);
  if (answer.kind === 'fault' || answer.serverDateMs === null) return;
  const { sentAtMs, latencyMs, serverDateMs } = answer;
  work.skew = observeDate(work.skew, { serverDateMs, sentAtMs, receivedAtMs: sentAtMs + latencyMs });
}

export function entryOf(job: Job, atMs: number): RecordEntry {
  return { user: job.user, fingerprint: job.fingerprint, atMs };
}
