import type { RunPace } from './holds.js';
import type { Category, Origin, Status } from './category.js';

/** What a ledger belongs to, as readers see it. */
export interface LedgerIdentity {
  readonly ledgerId: string;
  readonly createdAtMs: number;
  /** Null, as host and keying, until a run has claimed the ledger. */
  readonly applicationId: string | null;
  readonly host: string | null;
  readonly keying: string | null;
}

/** One record as the ledger holds it. */
export interface LedgerRecord {
  readonly recordId: number;
  readonly key: string;
  readonly accountId: string | null;
  readonly email: string | null;
  readonly mailbox: string | null;
  readonly provider: string;
  readonly status: Status;
  readonly category: Category | null;
  readonly grantId: string | null;
  readonly grantStatus: string | null;
  readonly grantEmail: string | null;
  readonly origin: Origin | null;
  readonly scope: string | null;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  readonly providerError: string | null;
  readonly httpStatus: number | null;
  readonly requestId: string | null;
  readonly attempts: number;
  readonly firstAttemptAtMs: number | null;
  readonly lastAttemptAtMs: number | null;
  readonly notBeforeMs: number | null;
  readonly sourceLine: number;
  readonly runId: number;
  readonly carried: Readonly<Record<string, string>>;
}

export const ISSUE_KINDS = ['invalid', 'duplicate', 'out_of_scope'] as const;

export type IssueKind = (typeof ISSUE_KINDS)[number];

/** A row of a file that became no record, and what is known of the record with its key. */
export interface LedgerIssue {
  readonly runId: number;
  readonly line: number;
  readonly kind: IssueKind;
  readonly key: string | null;
  readonly accountId: string | null;
  readonly email: string | null;
  readonly provider: string | null;
  readonly carried: Readonly<Record<string, string>>;
  readonly reasons: readonly { readonly code: string; readonly message: string }[];
  readonly grantId: string | null;
  readonly grantStatus: string | null;
}

/** Rows that options left out of a run, and that have no grant and wait for no person. */
export interface LeftOut {
  /** The ledger knows no record of theirs. */
  readonly unknown: number;
  readonly waiting: number;
  readonly misconfigured: number;
  /** In doubt, and no look-up can settle it. */
  readonly doubtsWithoutMailbox: number;
}

/** One request made for a record, or meant to be made; without an end it was interrupted. */
export interface LedgerAttempt {
  readonly attemptId: number;
  readonly runId: number;
  readonly kind: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly result: string | null;
  readonly httpStatus: number | null;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  readonly providerError: string | null;
  readonly requestId: string | null;
  readonly fastlyId: string | null;
  readonly latencyMs: number | null;
}

/** The jobs that hold a ledger; each leaves a run in it. */
export type JobKind = 'migrate' | 'verify' | 'undo' | 'resolve';

/** An attempt, and whose it was. */
export interface AttemptRow extends LedgerAttempt {
  readonly key: string;
  readonly accountId: string | null;
  readonly provider: string;
  readonly status: Status;
  readonly category: Category | null;
}

/** How many people of one domain, and of one provider, are in one state. */
export interface DomainCount {
  /** Null: of whom no email is known, or none with a domain. */
  readonly domain: string | null;
  readonly provider: string;
  readonly status: Status;
  readonly category: Category | null;
  /** Mailboxes: two accounts of one mailbox are one person. */
  readonly people: number;
  readonly records: number;
}

export interface LedgerRun {
  readonly runId: number;
  readonly kind: JobKind;
  readonly startedAtMs: number;
  /** Null while it goes on, and after a crash until the next run. */
  readonly endedAtMs: number | null;
  readonly endedHow: string | null;
  /** What it failed on and what to do about that, where it failed; holds no field of its input. */
  readonly endedWhy: string | null;
  readonly label: string | null;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Empty where the job reads none. */
  readonly inputName: string;
  readonly inputSha256: string | null;
  readonly inputBytes: number | null;
  readonly balance: unknown;
  /** Null while it goes on, and where it died. */
  readonly pace: RunPace | null;
}

/** The latest of them that was a migration; null: none was. */
export function lastMigration(runs: readonly LedgerRun[]): LedgerRun | null {
  return runs.findLast(({ kind }) => kind === 'migrate') ?? null;
}

/** The latest migration that came to its end with nothing left to run, be it that people must act; null: none did. */
export function lastSuccess(runs: readonly LedgerRun[]): LedgerRun | null {
  return (
    runs.findLast(
      ({ kind, endedHow }) => kind === 'migrate' && (endedHow === 'done' || endedHow === 'people_remain'),
    ) ?? null
  );
}

/** What verify makes of a migrated record's grant, where it isn't as it was. */
export const LOSSES = ['missing', 'invalid', 'unusable', 'changed'] as const;

export type Loss = (typeof LOSSES)[number];

/** A migrated record, and its grant as the latest listing brought it. */
export interface ComparedRecord {
  readonly recordId: number;
  readonly key: string;
  readonly provider: string;
  readonly email: string | null;
  readonly mailbox: string | null;
  readonly grantId: string;
  /** As the ledger knows it so far. */
  readonly grantStatus: string | null;
  readonly grantEmail: string | null;
  readonly scope: string | null;
  /** Null: the listing didn't bring it. */
  readonly seen: SeenFacts | null;
}

/** What of a listed grant is compared. */
export interface SeenFacts {
  readonly provider: string | null;
  readonly mailbox: string | null;
  readonly status: string | null;
}

/** A record without a working grant, and a valid grant of its mailbox. */
export interface Candidate {
  readonly recordId: number;
  readonly key: string;
  readonly provider: string;
  readonly email: string | null;
  readonly grantId: string;
  readonly mailbox: string;
  readonly scope: string | null;
  /** Whether it was made or renewed since our latest submission. */
  readonly isNewer: boolean;
  /** Whether the record had a grant that is gone; else it failed. */
  readonly isMissing: boolean;
}

/** A migrated record whose grant isn't as it was. */
export interface LostRecord {
  readonly key: string;
  readonly provider: string;
  readonly email: string | null;
  readonly grantId: string;
  readonly loss: Loss;
}

/** A record whose grant is for another mailbox. */
export interface HeldRecord {
  readonly recordId: number;
  readonly key: string;
  readonly provider: string;
  /** What was asked for. */
  readonly email: string | null;
  /** `migrated`: the grant was for the right mailbox once. */
  readonly status: Status;
  /** Null: it has none, and only lacks one. */
  readonly grantId: string | null;
  readonly origin: Origin | null;
  readonly answeredEmail: string | null;
  readonly isRejected: boolean;
}

export const DECISIONS = ['accept', 'reject', 'grant'] as const;

export type Decision = (typeof DECISIONS)[number];

/** What somebody decided about a held record. */
export interface LedgerDecision {
  readonly runId: number;
  readonly decidedAtMs: number;
  readonly decision: Decision;
  readonly heldGrantId: string | null;
  readonly heldEmail: string | null;
  /** Null: the record has none. */
  readonly grantId: string | null;
  readonly by: string;
  readonly why: string;
}

/** How many records of one provider are in one state. */
export interface StateCount {
  readonly provider: string;
  readonly status: Status;
  readonly category: Category | null;
  readonly count: number;
}

/** What records wait for, where no person has to act. */
export interface Waits {
  /** When the first of them can be run again, in Unix milliseconds (0: at once); null: none waits. */
  readonly earliestNotBeforeMs: number | null;
  /** Records in doubt that no look-up can settle. */
  readonly doubtsWithoutMailbox: number;
}

/** What waits for a person, in records that a run doesn't touch by itself. */
export interface Aftermath {
  /** By what verify found last. */
  readonly lost: Readonly<Record<Loss, number>>;
  /** Another mailbox answered, and nobody has decided yet. */
  readonly held: number;
}
