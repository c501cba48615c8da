import type { Answer } from './core/answer.js';
import type { Category, Status } from './core/category.js';
import type { UserError } from './core/errors.js';
import type {
  Aftermath,
  AttemptRow,
  Candidate,
  ComparedRecord,
  Decision,
  DomainCount as DomainPeople,
  HeldRecord,
  IssueKind,
  JobKind,
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
} from './core/ledger-rows.js';
import type { RecordChange, RecordGrant } from './core/change.js';
import type { Evidence, Outcome } from './core/outcome.js';
import type { Grant } from './core/grant.js';
import type { HeldSummary, RunPace } from './core/holds.js';
import type { KnownGrants, RecordState } from './core/plan.js';
import type { Provenance } from './core/provenance.js';
import type { ReportRow } from './core/report.js';
import type { GrantUse } from './core/probe.js';
import type { Balance } from './core/tally.js';
import type { HeldGrant } from './core/undo.js';
import type { Provider } from './core/provider.js';
import type {
  AttemptsCount,
  DomainCount,
  LatencyCount,
  RunActivity,
  SlotCount,
  Span,
} from './core/statistics.js';
import type { Answer as WriteBackAnswer } from './core/write-back.js';
import type { ConnectBody, LegacyUser, RawRow } from './core/record.js';

/** How far an input has been read. */
interface InputProgress {
  readonly bytesRead: number;
  /** Null where the input's size isn't known beforehand. */
  readonly bytesTotal: number | null;
  /** The rows in what has been read, those included that haven't been handed out yet. */
  readonly rowsParsed: number;
}

/** An input that can be read as rows, once each time it is opened. */
export interface RecordSource {
  /** How the input is named in messages: a path, `standard input`, or the command. */
  readonly name: string;
  /** Opens the input and reads its header. Throws UserError where it isn't readable or isn't a CSV. */
  open(): Promise<OpenSource>;
  /** Gives up an opening that is going on, which then fails: nothing may ever come. */
  giveUp(): void;
}

export interface OpenSource {
  /** The header's names as written, without a byte order mark. */
  readonly header: readonly string[];
  readonly delimiter: string;
  /** What was recognised on the way to the text, such as `gzip` or `UTF-16 LE`; nothing for plain UTF-8. */
  readonly notes?: readonly string[];
  /** Rows in file order, in batches of a few hundred; blank lines are left out. Throws UserError. */
  readonly batches: AsyncIterable<readonly RawRow[]>;
  readonly progress: () => InputProgress;
  /** Of the raw bytes read so far: of the whole input once `batches` has ended. */
  readonly digest: () => { readonly sha256: string; readonly bytes: number };
  /** Stops reading and lets go of the input. Safe to call twice. */
  readonly close: () => Promise<void>;
}

/** The calls of Nylas v3 that a migration makes. None throws for a status or a fault of the network. */
export interface NylasApi {
  /** `POST /v3/connect/custom`. */
  submit(body: ConnectBody, onLeft?: OnLeft): Promise<Answer>;
  /** `GET /v3/grants?email=…&provider=…`, the first 200. */
  grantsOf(
    mailbox: { readonly email: string; readonly provider: Provider },
    onLeft?: OnLeft,
  ): Promise<Answer>;
  /** `GET /v3/grants`: one page of a listing. */
  listGrants(page: GrantPage, onLeft?: OnLeft): Promise<Answer>;
  /** `GET /v3/grants/{id}?expose_aliases=true`. */
  grantById(grantId: string, onLeft?: OnLeft): Promise<Answer>;
  /** `GET /v3/applications`. */
  application(onLeft?: OnLeft): Promise<Answer>;
  /** `GET /v3/connectors`, the first 200. */
  connectors(onLeft?: OnLeft): Promise<Answer>;
  close(): void;
}

/** The calls that jobs other than a migration make too. */
export interface JobApi extends NylasApi {
  /** `DELETE /v3/grants/{id}`: final. */
  deleteGrant(grantId: string, onLeft?: OnLeft): Promise<Answer>;
  /** `GET /v3/grants/{id}/calendars?limit=1`, or `/messages`. Of a success only its status is kept. */
  useGrant(grantId: string, by: GrantUse, onLeft?: OnLeft): Promise<Answer>;
}

/** Told once when a request has been handed to the network whole; never where it didn't get so far. */
export type OnLeft = () => void;

/** A page of the application's grants. */
export interface GrantPage {
  /** In the order of their making (what is made meanwhile comes later), or the latest renewed first. */
  readonly order: 'made' | 'renewed';
  /** Unix seconds by Nylas' clock: only what was made since. */
  readonly since: number | null;
  readonly offset: number;
}

export interface Clock {
  /** Unix milliseconds; can be set back. */
  now(): number;
  /** Milliseconds that only ever grow. */
  monotonic(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Calls back once, no sooner than `delayMs`; returns how to cancel it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Structured logging. Values must be free of secrets: what servers said is scrubbed before it gets here. */
export interface Log {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A log whose lines can say of which run they are. */
export interface RunLog extends Log {
  /** Every line from now on has it as `run`. */
  setRun(runId: number): void;
}

/** Told of what happens in a run, as it happens. */
export interface RunObserver {
  /** Before anything else. */
  begun(runId: number): void;
  /** Nylas answered a request, or it failed on its way. */
  answered(answer: Answer): void;
  /** How a submission ended. */
  ended(provider: Provider, outcome: Outcome): void;
}

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

/** A run as it stands, for whoever watches. */
export interface Snapshot {
  readonly balance: Balance;
  readonly inFlight: number;
  readonly inFlightMax: number;
  /** Rows that wait for a time, a lane or another record. */
  readonly waiting: number;
  /** When the first of those that wait for a time has its turn, in milliseconds from now; null: none does. */
  readonly nextDueInMs: number | null;
  readonly pace: PaceSnapshot;
  /** How long nothing was let through so far, and why. */
  readonly held: HeldSummary;
  /** The share of the input that has been dealt with, between 0 and 1; null where its size isn't known. */
  readonly share: number | null;
  readonly elapsedMs: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly latencyP50Ms: number | null;
}

/** How fast requests may leave at the moment, and what holds them. */
export interface PaceSnapshot {
  /** Requests a second; 0: unpaced. */
  readonly askedPerSecond: number;
  readonly targetPerSecond: number;
  /** Why nothing leaves: Nylas throttles, or is down. */
  readonly held: 'throttled' | 'outage' | null;
  readonly heldLanes: readonly (LaneName & { readonly heldMs: number })[];
  readonly stoppedLanes: readonly LaneName[];
}

/** A job other than a migration as it stands. */
export interface JobSnapshot {
  /** What has been done so far, such as `12,400 grants listed`. */
  readonly done: string;
  /** Between 0 and 1; null where nobody knows how much there is. */
  readonly share: number | null;
  readonly pace: PaceSnapshot;
  readonly elapsedMs: number;
  readonly requestsPerSecond: number;
}

/** Shows a run while it goes on, asking for snapshots at a pace of its own. */
export interface Progress<S = Snapshot> {
  begin(snapshot: () => S): void;
  /** Takes away what is drawn, so that something else can be written where it was; it is drawn again later. */
  clear(): void;
  end(): void;
}

/** Figures of a run for a monitoring system, which reads them from a file. */
export interface Metrics extends Omit<RunObserver, 'begun'> {
  /** Replaces the file as a whole. Rejects where it can't be written. */
  write(figures: MetricsFigures): Promise<void>;
}

/** What is written down beside what was counted on the way; times are Unix milliseconds, null: not (yet) known. */
export interface MetricsFigures {
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly exitCode: number | null;
  readonly runId: number | null;
  /** When the latest user of this run got a grant. */
  readonly lastGrantAtMs: number | null;
  readonly estimatedEndAtMs: number | null;
  readonly snapshot: Snapshot | null;
  readonly ledger: LedgerStanding | null;
}

/** How a ledger stands. */
export interface LedgerStanding {
  readonly counts: readonly StateCount[];
  /** When a migration last came to its end with nothing left to run. */
  readonly lastSuccessAtMs: number | null;
  /** Whether a run, or another job, has it at this moment. */
  readonly isHeld: boolean;
}

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
  /** By key, or by email in whatever case; failing both, by grant id. */
  find(keyOrEmail: string): readonly LedgerRecord[];
  /** Of any run, the latest first, at most `countMax`. */
  findIssues(keyOrEmail: string, countMax: number): readonly LedgerIssue[];
  /** By a carried value, whatever its column, at most `countMax` of each; reads the whole ledger. */
  findCarried(value: string, countMax: number): FoundByCarried;
  attempts(recordId: number): readonly LedgerAttempt[];
  waits(): Waits;
  /** Every grant that a record names, or that somebody decided against, but for those undone. */
  heldGrants(): Iterable<HeldGrant>;
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

/** A report before it has a form: rows are made as they are asked for, and can be read once. */
export interface ReportTable {
  readonly ledger: LedgerIdentity;
  readonly columns: readonly string[];
  readonly rows: Iterable<ReportRow>;
  /** Where a report of what comes later goes on from; absent where that wasn't asked for. */
  readonly next?: number;
}

export interface Report extends ReportTable {
  /** Only where a form begins with it: it reads all records. */
  readonly provenance: () => Provenance;
}
