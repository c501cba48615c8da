import type { Database } from 'better-sqlite3';
import { UserError } from '../../core/errors.js';
import { foldEmail } from '../../core/grant.js';
import type { Status } from '../../core/category.js';
import type {
  Aftermath,
  Candidate,
  ComparedRecord,
  HeldRecord,
  AttemptRow,
  DomainCount,
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
} from '../../core/ledger-rows.js';
import type { GrantHolder, HeldGrant } from '../../core/undo.js';
import type { Answer } from '../../core/write-back.js';
import type { FoundByCarried, LedgerFigures, LedgerReader, RecordFilter } from '../../ports/ledger-reader.js';
import { prepareFeedReads, type FeedReads } from './feed-reads.js';
import { prepareHandOverReads, type HandOverReads } from './hand-over-reads.js';
import { guarded, isLockHeld, openUpToDate } from './open.js';
import { schemaVersion } from './schema.js';
import { prepareStatistics, type StatisticsReads } from './statistics.js';
import {
  prepareReads,
  type ComparedRow,
  type HolderRow,
  type IssueRow,
  type Reads,
  type RecordRow,
  type RunRow,
} from './reads.js';

/** A reader goes through the ledger once, and meets few pages of it again; those the system keeps too. */
const PAGE_CACHE_KIB = 2_000;

/** Opens a ledger for reading, also while a run holds it. Throws UserError('ledger' | 'locked'). */
export function openReader(path: string): LedgerReader {
  return new SqliteReader(path, openUpToDate(path));
}

class SqliteReader implements LedgerReader {
  readonly #path: string;
  readonly #db: Database;
  readonly #reads: Reads;
  readonly #wasHeld: boolean;
  #statistics: StatisticsReads | null = null;
  #feedReads: FeedReads | null = null;
  #handOverReads: HandOverReads | null = null;

  constructor(path: string, db: Database) {
    this.#path = path;
    this.#db = db;
    // Asked on both sides of the snapshot: a run that begins or ends meanwhile is not taken for a dead one.
    const heldBefore = isLockHeld(path);
    this.#reads = this.#guarded(() => takeSnapshot(db));
    this.#wasHeld = heldBefore || isLockHeld(path);
  }

  identity(): LedgerIdentity {
    const row = this.#guarded(() => this.#reads.identity.get());
    if (row !== undefined) return row;
    throw new UserError(
      'ledger',
      `${this.#path} has lost its identity.`,
      'Go on from your latest copy of it.',
    );
  }

  schemaVersion(): number {
    return this.#guarded(() => schemaVersion(this.#db));
  }

  runs(): readonly LedgerRun[] {
    return this.#guarded(() => this.#reads.runs.all().map(toRun));
  }

  isHeld(): boolean {
    return this.#wasHeld;
  }

  recordCount(): number {
    return this.#guarded(() => this.#reads.recordCount.get())?.count ?? 0;
  }

  counts(): readonly StateCount[] {
    return this.#guarded(() => this.#reads.counts.all());
  }

  issueCounts(runId: number): Readonly<Record<IssueKind, number>> {
    const rows = this.#guarded(() => this.#reads.issueCounts.all(runId));
    const none = { invalid: 0, duplicate: 0, out_of_scope: 0 };
    return { ...none, ...Object.fromEntries(rows.map(({ kind, count }) => [kind, count])) };
  }

  leftOut(runId: number): LeftOut {
    const none = { unknown: 0, waiting: 0, misconfigured: 0, doubtsWithoutMailbox: 0 };
    return this.#guarded(() => this.#reads.leftOut.get(runId)) ?? none;
  }

  carriedHeaders(): readonly string[] {
    return this.#guarded(() => this.#reads.carriedHeaders.all()).map(({ header }) => header);
  }

  figures(): LedgerFigures {
    this.#statistics ??= this.#guarded(() => prepareStatistics(this.#db));
    const reads = this.#statistics;
    return {
      domains: (countMax) => this.#guarded(() => reads.domains.all(countMax)),
      activity: () => this.#guarded(() => reads.activity.all()),
      slots: (spans) => this.#guarded(() => reads.slots.all(JSON.stringify(spans))),
      latencies: () => this.#guarded(() => reads.latencies.all()),
      attempts: () => this.#guarded(() => reads.attempts.all()),
      sample: (asked) => this.#stream(() => reads.sample.iterate(asked), toRecord),
      lines: () => this.#stream(() => reads.lines.iterate(), unchanged),
    };
  }

  records({ statuses, categories }: RecordFilter): Iterable<LedgerRecord> {
    const filter = askedOf({ statuses, categories });
    return this.#stream(() => this.#reads.records.iterate(filter), toRecord);
  }

  rowIssues(runId: number, kinds: readonly IssueKind[]): Iterable<LedgerIssue> {
    return this.#stream(
      () => this.#reads.rowIssues.iterate({ runId, kinds: JSON.stringify(kinds) }),
      toIssue,
    );
  }

  find(keyOrEmail: string): readonly LedgerRecord[] {
    const named = { key: keyOrEmail, mailbox: foldEmail(keyOrEmail) };
    return this.#guarded(() => this.#reads.byKeyOrMailbox.all(named).map(toRecord));
  }

  findByGrant(grantId: string): readonly LedgerRecord[] {
    return this.#guarded(() => this.#reads.byGrant.all(grantId).map(toRecord));
  }

  findIssues(keyOrEmail: string, countMax: number): readonly LedgerIssue[] {
    const named = { key: keyOrEmail, mailbox: foldEmail(keyOrEmail), countMax };
    return this.#guarded(() => this.#reads.issuesOf.all(named).map(toIssue));
  }

  findCarried(value: string, countMax: number): FoundByCarried {
    const asked = { value, countMax };
    return {
      records: this.#guarded(() => this.#reads.byCarried.all(asked)).map(toRecord),
      issues: this.#guarded(() => this.#reads.issuesByCarried.all(asked)).map(toIssue),
    };
  }

  attempts(recordId: number): readonly LedgerAttempt[] {
    return this.#guarded(() => this.#reads.attempts.all(recordId));
  }

  waits(): Waits {
    const none = { earliestNotBeforeMs: null, doubtsWithoutMailbox: 0 };
    return this.#guarded(() => this.#reads.waits.get()) ?? none;
  }

  *heldGrants(afterGrantId = ''): Generator<HeldGrant> {
    let holders: GrantHolder[] = [];
    let grantId: string | null = null;
    for (const [named, holder] of this.#stream(() => this.#reads.holders.iterate(afterGrantId), toHolder)) {
      if (grantId !== null && named !== grantId) {
        yield { grantId, holders };
        holders = [];
      }
      grantId = named;
      holders.push(holder);
    }
    if (grantId !== null) yield { grantId, holders };
  }

  aftermath(): Aftermath {
    const counts = this.#guarded(() => this.#reads.lostCounts.all());
    const none = { missing: 0, invalid: 0, unusable: 0, changed: 0 };
    const lost = { ...none, ...Object.fromEntries(counts.map(({ loss, count }) => [loss, count])) };
    return { lost, held: this.#guarded(() => this.#reads.heldCount.get())?.count ?? 0 };
  }

  compared(listingId: number): Iterable<ComparedRecord> {
    return this.#stream(() => this.#reads.compared.iterate(listingId), toCompared);
  }

  candidates(listingId: number): Iterable<Candidate> {
    return this.#stream(
      () => this.#reads.candidates.iterate({ listingId }),
      (row) => ({ ...row, isNewer: row.isNewer === 1, isMissing: row.isMissing === 1 }),
    );
  }

  unknownGrants(listingId: number, except: readonly string[]): number {
    const asked = { listingId, except: JSON.stringify(except) };
    return this.#guarded(() => this.#reads.unknownGrants.get(asked))?.count ?? 0;
  }

  probedSince(runId: number): ReadonlyMap<number, string> {
    const rows = this.#guarded(() => this.#reads.probedSince.all(runId));
    return new Map(rows.map(({ recordId, result }) => [recordId, result]));
  }

  lost(): Iterable<LostRecord> {
    return this.#stream(
      () => this.#reads.lost.iterate(),
      (row) => row,
    );
  }

  held(): readonly HeldRecord[] {
    const rows = this.#guarded(() => this.#reads.held.all());
    return rows.map((row) => ({ ...row, isRejected: row.isRejected === 1 }));
  }

  decisions(recordId: number): readonly LedgerDecision[] {
    return this.#guarded(() => this.#reads.decisions.all(recordId));
  }

  lastSeq(): number {
    return this.#guarded(() => this.#feed.lastSeq.get())?.seq ?? 0;
  }

  changedRecords(filter: RecordFilter, afterSeq: number): Iterable<LedgerRecord> {
    const asked = { ...askedOf(filter), afterSeq };
    return this.#stream(() => this.#feed.changed.iterate(asked), toRecord);
  }

  repeats(statuses: readonly Status[] | null, afterSeq: number): Iterable<LedgerIssue> {
    const asked = { statuses: jsonOrNull(statuses), afterSeq };
    return this.#stream(() => this.#feed.repeats.iterate(asked), toIssue);
  }

  answers(column: string): Iterable<Answer> {
    return this.#stream(() => this.#feed.answers.iterate({ column }), asIs);
  }

  people(filter: RecordFilter): Iterable<{ readonly record: LedgerRecord; readonly records: number }> {
    return this.#stream(
      () => this.#handOver.people.iterate(askedOf(filter)),
      (row) => ({ record: toRecord(row), records: row[25] }),
    );
  }

  domains(filter: RecordFilter): Iterable<DomainCount> {
    return this.#stream(() => this.#handOver.domains.iterate(askedOf(filter)), asIs);
  }

  attemptRows(filter: RecordFilter): Iterable<AttemptRow> {
    return this.#stream(() => this.#handOver.attemptRows.iterate(askedOf(filter)), asIs);
  }

  close(): void {
    this.#db.close();
  }

  /** Prepared where they are needed: most commands of a reader ask for nothing of it. */
  get #feed(): FeedReads {
    return (this.#feedReads ??= prepareFeedReads(this.#db));
  }

  get #handOver(): HandOverReads {
    return (this.#handOverReads ??= prepareHandOverReads(this.#db));
  }

  /**
   * One row in memory at a time, so that a row is garbage before V8 looks for what outlives others, and has no
   * reason to make room for more of it. An abandoned iteration ends its statement.
   */
  *#stream<Row, T>(open: () => IterableIterator<Row>, convert: (row: Row) => T): Generator<T> {
    const rows = this.#guarded(open);
    try {
      for (;;) {
        const next = this.#guarded(() => rows.next());
        if (next.done === true) return;
        const { value } = next;
        yield this.#guarded(() => convert(value));
      }
    } finally {
      rows.return?.();
    }
  }

  #guarded<T>(action: () => T): T {
    return guarded(this.#path, action);
  }
}

/** A transaction that has read once sees the ledger as it was then, until it is closed. */
function takeSnapshot(db: Database): Reads {
  const reads = prepareReads(db);
  db.pragma(`cache_size = -${PAGE_CACHE_KIB}`);
  db.exec('BEGIN');
  reads.identity.get();
  return reads;
}

/** Of a row that begins with a record. */
function toRecord(row: readonly [...RecordRow, ...unknown[]]): LedgerRecord {
  return {
    recordId: row[0],
    key: row[1],
    accountId: row[2],
    email: row[3],
    mailbox: row[4],
    provider: row[5],
    status: row[6],
    category: row[7],
    grantId: row[8],
    grantStatus: row[9],
    grantEmail: row[10],
    origin: row[11],
    scope: row[12],
    errorType: row[13],
    errorMessage: row[14],
    providerError: row[15],
    httpStatus: row[16],
    requestId: row[17],
    attempts: row[18],
    firstAttemptAtMs: row[19],
    lastAttemptAtMs: row[20],
    notBeforeMs: row[21],
    sourceLine: row[22],
    runId: row[23],
    carried: parseCarried(row[24]),
  };
}

function toHolder(row: HolderRow): readonly [grantId: string, holder: GrantHolder] {
  const submissions = JSON.parse(row[13] ?? '[]') as readonly (readonly [number, number | null])[];
  const holder = {
    recordId: row[1],
    key: row[2],
    provider: row[3],
    runId: row[4],
    status: row[5],
    origin: row[6],
    mailbox: row[7],
    grantEmail: row[8],
    grantStatus: row[9],
    grantUpdatedAt: row[10],
    isChosen: row[11] === 1,
    isDiscarded: row[12] === 1,
    submissions: submissions.map(([opensAt, lastedMs]) => ({ opensAt, lastedMs })),
    lastUndo: row[14],
  };
  return [row[0], holder];
}

function toCompared({ isSeen, seenProvider, seenMailbox, seenStatus, ...row }: ComparedRow): ComparedRecord {
  const seen = { provider: seenProvider, mailbox: seenMailbox, status: seenStatus };
  return { ...row, seen: isSeen === 1 ? seen : null };
}

const unchanged = (line: string): string => line;

function toIssue(row: IssueRow): LedgerIssue {
  return {
    ...row,
    carried: parseCarried(row.carried),
    reasons: JSON.parse(row.reasons) as LedgerIssue['reasons'],
  };
}

function toRun(row: RunRow): LedgerRun {
  const options = JSON.parse(row.options) as LedgerRun['options'];
  const balance: unknown = row.balance === null ? null : JSON.parse(row.balance);
  const pace = row.pace === null ? null : (JSON.parse(row.pace) as LedgerRun['pace']);
  return { ...row, options, balance, pace };
}

function parseCarried(json: string | null): Readonly<Record<string, string>> {
  return json === null ? NOTHING_CARRIED : (JSON.parse(json) as Record<string, string>);
}

const NOTHING_CARRIED: Readonly<Record<string, string>> = {};

function askedOf({ statuses, categories }: RecordFilter): {
  readonly statuses: string | null;
  readonly categories: string | null;
} {
  return { statuses: jsonOrNull(statuses), categories: jsonOrNull(categories) };
}

function asIs<T>(row: T): T {
  return row;
}

function jsonOrNull(values: readonly string[] | null): string | null {
  return values === null ? null : JSON.stringify(values);
}
