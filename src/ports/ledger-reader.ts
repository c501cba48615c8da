import type { Category, Status } from '../core/category.js';
import type {
  Aftermath,
  AttemptRow,
  Candidate,
  ComparedRecord,
  DomainCount as DomainPeople,
  HeldRecord,
  IssueKind,
  LedgerAttempt,
  LedgerDecision,
  LedgerIdentity,
  LedgerIssue,
  LedgerRecord,
  LedgerRun,
  LeftOut,
  LostRecord,
  StateCount,
  Waits,
} from '../core/ledger-rows.js';
import type {
  AttemptsCount,
  DomainCount,
  LatencyCount,
  RunActivity,
  SlotCount,
  Span,
} from '../core/statistics.js';
import type { HeldGrant } from '../core/undo.js';
import type { Answer as WriteBackAnswer } from '../core/write-back.js';

/**
 * A ledger as it stood when it was opened for reading, also while a run holds it: all answers are of that one
 * moment. All throw UserError('ledger') where the file can't be read.
 */
export interface LedgerReader {
  identity(): LedgerIdentity;
  /** How many migrations its schema has seen. */
  schemaVersion(): number;
  /** In the order they began. */
  runs(): readonly LedgerRun[];
  /** Whether a run holds the ledger at this moment; a run without an end that doesn't has died. */
  isHeld(): boolean;
  recordCount(): number;
  counts(): readonly StateCount[];
  issueCounts(runId: number): Readonly<Record<IssueKind, number>>;
  leftOut(runId: number): LeftOut;
  /** The user's own columns, over the whole ledger, in the order they came. */
  carriedHeaders(): readonly string[];
  /** Streamed in the order they were made; null: whatever the status or category. */
  records(filter: RecordFilter): Iterable<LedgerRecord>;
  /** In file order. */
  rowIssues(runId: number, kinds: readonly IssueKind[]): Iterable<LedgerIssue>;
  /** By key, or by email in whatever case. */
  find(keyOrEmail: string): readonly LedgerRecord[];
  /** By the grant they have; goes through the whole ledger. */
  findByGrant(grantId: string): readonly LedgerRecord[];
  /** Of any run, the latest first, at most `countMax`. */
  findIssues(keyOrEmail: string, countMax: number): readonly LedgerIssue[];
  /** By a carried value, whatever its column, at most `countMax` of each; reads the whole ledger. */
  findCarried(value: string, countMax: number): FoundByCarried;
  attempts(recordId: number): readonly LedgerAttempt[];
  waits(): Waits;
  /** Every grant that a record names, or that somebody decided against, but for those undone. */
  heldGrants(afterGrantId?: string): Iterable<HeldGrant>;
  aftermath(): Aftermath;
  /** Migrated records beside their grants, as that listing or a later one brought them; streamed. */
  compared(listingId: number): Iterable<ComparedRecord>;
  /** Valid grants, listed likewise, of the mailboxes of records that failed or lost their grant; by record. */
  candidates(listingId: number): Iterable<Candidate>;
  /** How many listed grants no record knows, those left out that `except` names. */
  unknownGrants(listingId: number, except: readonly string[]): number;
  /** Records that were probed since that run began, and what came of it. */
  probedSince(runId: number): ReadonlyMap<number, string>;
  lost(): Iterable<LostRecord>;
  held(): readonly HeldRecord[];
  /** Of one record, in their order. */
  decisions(recordId: number): readonly LedgerDecision[];
  /** What the charts and tables of a report are drawn from. */
  figures(): LedgerFigures;
  /** The number of the latest outcome; every later one gets a larger. 0: there is none. */
  lastSeq(): number;
  /** Records whose outcome has changed since that number, in the order of their changes. */
  changedRecords(filter: RecordFilter, afterSeq: number): Iterable<LedgerRecord>;
  /**
   * Rows that repeat a record in one of these statuses (null: whatever it is) under another account_id or with
   * other carried columns, if the record's outcome, or the row itself, has come since that number.
   */
  repeats(statuses: readonly Status[] | null, afterSeq: number): Iterable<LedgerIssue>;
  /**
   * What there is to write back, by a column of the report, in its order: first what has none. One key can stand
   * for several grants.
   */
  answers(column: string): Iterable<WriteBackAnswer>;
  /** One record a mailbox and state, in the order they were made, and for how many it stands. */
  people(filter: RecordFilter): Iterable<{ readonly record: LedgerRecord; readonly records: number }>;
  /** The most people first. */
  domains(filter: RecordFilter): Iterable<DomainPeople>;
  /** Of the records that are asked for, in the order they began. */
  attemptRows(filter: RecordFilter): Iterable<AttemptRow>;
  close(): void;
}

/** Figures over a whole ledger, each made in one pass over it; none grows with the number of records. */
export interface LedgerFigures {
  /** Of what has no grant, at most `countMax` domains of each state, the largest first. */
  domains(countMax: number): readonly DomainCount[];
  activity(): readonly RunActivity[];
  slots(spans: readonly Span[]): readonly SlotCount[];
  /** Of submissions, the shortest first. */
  latencies(): readonly LatencyCount[];
  attempts(): readonly AttemptsCount[];
  /** The first records of one state, at most `countMax`; a null category means records without one. */
  sample(asked: {
    readonly status: Status;
    readonly category: Category | null;
    readonly countMax: number;
  }): Iterable<LedgerRecord>;
  /** Each record as a line of text, in the order of their keys: what a digest is made of. */
  lines(): Iterable<string>;
}

export interface FoundByCarried {
  readonly records: readonly LedgerRecord[];
  readonly issues: readonly LedgerIssue[];
}

export interface RecordFilter {
  readonly statuses: readonly Status[] | null;
  readonly categories: readonly Category[] | null;
}
