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
  readonly inputName: string;
  readonly inputSha256: string | null;
  readonly inputBytes: number | null;
  readonly balance: unknown;
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
