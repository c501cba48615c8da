import type { Status } from '../core/category.js';
import type { RecordChange, RecordGrant } from '../core/change.js';
import type { UserError } from '../core/errors.js';
import type { Grant } from '../core/grant.js';
import type { RunPace } from '../core/holds.js';
import type { Decision, HeldRecord, JobKind } from '../core/ledger-rows.js';
import type { Evidence } from '../core/outcome.js';
import type { KnownGrants, RecordState } from '../core/plan.js';
import type { Provider } from '../core/provider.js';
import type { LegacyUser } from '../core/record.js';

/** A provider and, where a row names one, the stored credential record that stands in for its connector's client. */
export interface LaneName {
  readonly provider: Provider;
  readonly credentialId: string | null;
}

/** What a ledger belongs to: one application at one host, and one rule for naming users. */
export interface LedgerOwner {
  readonly applicationId: string;
  /** A loopback host without its port. */
  readonly host: string;
  readonly keying: string;
}

/** What is kept of every run when it begins, whatever its job is. */
interface AnyStart {
  readonly startedAtMs: number;
  readonly label: string | null;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A job other than a migration: it reads no input, and leaves doubts to those who do. */
export interface JobStart extends AnyStart {
  readonly kind: Exclude<JobKind, 'migrate'>;
}

export interface RunStart extends AnyStart {
  readonly inputName: string;
  /** How long doubts that an earlier, interrupted run left behind must rest before they are looked up. */
  readonly settleDelayMs: number;
  /** How long a request can have waited to be sent after its intent was written down: as long as an outage lasts. */
  readonly intentWaitMaxMs: number;
}

export interface RunEnd {
  readonly endedAtMs: number;
  readonly how: string;
  /** What it failed on, where it failed; free of credentials. */
  readonly why: string | null;
  readonly input: { readonly sha256: string; readonly bytes: number } | null;
  readonly balance: unknown;
  /** What it asked of Nylas, and what held it. */
  readonly pace?: RunPace;
}

export interface AttemptEnd {
  readonly endedAtMs: number;
  readonly result: string;
  readonly evidence: Evidence;
  readonly latencyMs: number | null;
}

export interface RowIssue {
  readonly line: number;
  readonly kind: 'invalid' | 'duplicate' | 'out_of_scope';
  readonly key: string | null;
  readonly accountId: string | null;
  readonly email: string | null;
  readonly provider: string | null;
  readonly carried: Readonly<Record<string, string>>;
  readonly reasons: readonly { readonly code: string; readonly message: string }[];
}

/**
 * The ledger while a run holds it. Changes are committed in groups, in the order they were made; a promise
 * resolves after its COMMIT. All throw UserError('ledger') once the file can't be written.
 */
export interface Ledger {
  readonly fingerprintKey: Uint8Array;
  /** The rule for naming users, or null where no run has fixed it yet. */
  readonly keying: string | null;
  /** Takes an empty ledger for this owner, or throws UserError where it belongs to another. */
  claim(owner: LedgerOwner): void;
  /** For jobs that need no rule for naming users. Throws UserError where the ledger isn't of this application. */
  assertOwner(owner: Omit<LedgerOwner, 'keying'>): void;
  beginRun(run: RunStart): number;
  /** Begins a run that is no migration. */
  beginJob(job: JobStart): number;
  endRun(runId: number, end: RunEnd): void;
  /** Records by key; those absent are unknown. Sees every change made so far. */
  lookUp(keys: readonly string[]): ReadonlyMap<string, RecordState>;
  /**
   * Which of these keys, by their place, are of records that aren't migrated, or of none. Sees every change made so
   * far. In a rerun those are few.
   */
  unmigrated(keys: readonly (string | null)[]): ReadonlySet<number>;
  /** By `mailboxName`: the grants known for each mailbox; those without any are absent. */
  knownGrants(mailboxes: readonly MailboxName[]): ReadonlyMap<string, KnownGrants>;
  /** The listed grants of a provider that carry this `state`. */
  seenByState(state: string, provider: Provider): readonly Grant[];
  /** Keeps a page of listed grants; resolves to how many of them this listing had not brought before. */
  see(grants: readonly Grant[], listingId: number): Promise<number>;
  /** Unix seconds by Nylas' clock: what was made before this has been listed; null: nothing has. */
  listedUntil(): number | null;
  setListedUntil(seconds: number): Promise<void>;
  /** Likewise, what was renewed before this; null: that isn't known. */
  renewedUntil(): number | null;
  setRenewedUntil(seconds: number): Promise<void>;
  /** The id of the latest listing, of whatever run; 0: there was none. */
  lastListing(): number;
  /** The listing that brought a grant last; null: none did, or it was forgotten. */
  listingOf(grantId: string): number | null;
  /** A grant that was asked for by its id is still there: as good as listed by that listing. */
  confirm(grantId: string, status: string | null, listingId: number): Promise<void>;
  /** A listed grant isn't there any more. */
  forget(grantId: string): Promise<void>;
  /**
   * Writes down that an attempt begins; resolves to its id. A submission makes the record `submitting`, and has
   * the earliest second (by Nylas' clock) that it can leave on a grant.
   */
  intend(runId: number, kind: 'submit' | 'look_up', entry: RecordEntry, opensAt?: number): Promise<number>;
  /** The same for a job that knows the record, but no row for it; the record stays as it is. */
  attempt(runId: number, kind: 'verify' | 'undo', recordId: number, atMs: number): Promise<number>;
  /** Writes down how an attempt ended, and what it makes of the record (null: nothing). */
  conclude(attemptId: number, end: AttemptEnd, change: RecordChange | null): Promise<void>;
  /** The same of an attempt to undo: a grant that is gone leaves its records `undone`. */
  concludeUndo(attemptId: number, end: AttemptEnd, undone: UndoneGrant | null): Promise<void>;
  /** What a migrated record's grant is known to be from now on: `valid`, what Nylas calls it, or a loss. */
  setGrantStatus(recordId: number, grantStatus: string): Promise<void>;
  /** Writes decisions down, and what each makes of its record: all of them or, where that fails, none. */
  decide(runId: number, decided: readonly Decided[]): Promise<void>;
  /** Changes or makes a record without an attempt. */
  put(runId: number, entry: RecordEntry, change: RecordChange): Promise<void>;
  /** Makes a `pending` record for a row that is not submitted now; leaves an existing record alone. */
  hold(runId: number, entry: RecordEntry): Promise<void>;
  /** Brings a record's carried columns up to date; those that aren't given are kept. */
  carry(key: string, carried: Readonly<Record<string, string>>): Promise<void>;
  note(runId: number, issue: RowIssue): Promise<void>;
  /** How many outcomes the lane has had, if none of them was a success; among the latest attempts only. */
  withoutSuccess(lane: LaneName): number;
  /**
   * Makes `pending`, `misconfigured` of what has failed in a lane without any success; resolves to how many
   * of those records this run had brought to their end.
   */
  reconsider(runId: number, lane: LaneName): Promise<number>;
  /** Commits what is waiting. */
  flush(): void;
  /**
   * From now on also watches that the files stay what they are. Calls back once, with the failure after which
   * nothing can be written any more; returns how to stop.
   */
  watch(onFailure: (failure: UserError) => void): () => void;
  /**
   * Copies the ledger to the file beside it, in the background, if there is anything in it to lose. Settles when
   * nothing of that goes on any more; `signal` gives it up, which is due before the ledger is closed.
   */
  backUp(signal: AbortSignal): Promise<void>;
  close(): void;
}

/** A grant that is no longer there, and the records that have none any more. */
export interface UndoneGrant {
  readonly grantId: string;
  readonly recordIds: readonly number[];
}

/** A decision about a held record. */
export interface Decided {
  readonly held: HeldRecord;
  readonly decision: Decision;
  readonly atMs: number;
  readonly by: string;
  readonly why: string;
  /** The grant that the record has from now on; null: none. */
  readonly grant: RecordGrant | null;
}

/** A copy of a ledger. */
export interface LedgerCopy {
  readonly file: string;
  readonly records: number;
  readonly bytes: number;
}

/** What a ledger forgets of the people in it, counted before it does. */
export interface Redaction {
  readonly records: number;
  /** Records of which an address is known. */
  readonly addresses: number;
  /** Records without a grant: a later run may have work with them. */
  readonly open: number;
  /** Rows that became no record, and have an address. */
  readonly rows: number;
  readonly grantsSeen: number;
  /** The copy beside the ledger; null: there is none. */
  readonly copy: string | null;
}

/** An outcome that the ledger couldn't take any more; free of credentials. */
export interface Unwritten {
  readonly key: string;
  readonly result: string;
  readonly status: Status | null;
  readonly grantId: string | null;
}

/** The part of a ledger that planning reads. */
export type PlanningLedger = Pick<
  Ledger,
  'lookUp' | 'unmigrated' | 'knownGrants' | 'fingerprintKey' | 'keying'
>;

export interface MailboxName {
  readonly provider: Provider;
  readonly mailbox: string;
}

/** A row's part of a record: who it is and what would be submitted, without the credential. */
export interface RecordEntry {
  readonly user: Pick<
    LegacyUser,
    'key' | 'provider' | 'email' | 'mailbox' | 'accountId' | 'credentialId' | 'carried' | 'line'
  >;
  readonly fingerprint: string;
  readonly atMs: number;
}
