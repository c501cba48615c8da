import type { Database, Statement } from 'better-sqlite3';
import type { Category, Origin, Status } from '../../core/category.js';
import type {
  Candidate,
  HeldRecord,
  IssueKind,
  LedgerAttempt,
  LedgerDecision,
  LedgerIdentity,
  LedgerIssue,
  LedgerRun,
  LeftOut,
  Loss,
  LostRecord,
  StateCount,
  Waits,
} from '../../core/ledger-rows.js';

/**
 * Records as SQLite gives them, in the order of RECORD_COLUMNS: a million small arrays cost a third of what
 * objects made by the driver do. What is kept as JSON is still text, as in the rows below.
 */
export type RecordRow = readonly [
  recordId: number,
  key: string,
  accountId: string | null,
  email: string | null,
  mailbox: string | null,
  provider: string,
  status: Status,
  category: Category | null,
  grantId: string | null,
  grantStatus: string | null,
  grantEmail: string | null,
  origin: Origin | null,
  scope: string | null,
  errorType: string | null,
  errorMessage: string | null,
  providerError: string | null,
  httpStatus: number | null,
  requestId: string | null,
  attempts: number,
  firstAttemptAtMs: number | null,
  lastAttemptAtMs: number | null,
  notBeforeMs: number | null,
  sourceLine: number,
  runId: number,
  carried: string | null,
];
export type IssueRow = Omit<LedgerIssue, 'carried' | 'reasons'> & {
  readonly carried: string | null;
  readonly reasons: string;
};
export type RunRow = Omit<LedgerRun, 'options' | 'balance' | 'pace'> & {
  readonly options: string;
  readonly balance: string | null;
  readonly pace: string | null;
};

/** Lists are JSON; null: no condition. */
interface RecordsAsked {
  readonly statuses: string | null;
  readonly categories: string | null;
}

/** Who names which grant, in the order of HOLDER_COLUMNS. */
export type HolderRow = readonly [
  grantId: string,
  recordId: number,
  key: string,
  provider: string,
  runId: number,
  status: Status,
  origin: Origin | null,
  mailbox: string | null,
  grantEmail: string | null,
  grantStatus: string | null,
  grantUpdatedAt: number | null,
  isChosen: number,
  isDiscarded: number,
  submissions: string | null,
  lastUndo: string | null,
];

/** A migrated record beside its grant, if that was listed (then `isSeen` is 1). */
export interface ComparedRow {
  readonly recordId: number;
  readonly key: string;
  readonly provider: string;
  readonly email: string | null;
  readonly mailbox: string | null;
  readonly grantId: string;
  readonly grantStatus: string | null;
  readonly grantEmail: string | null;
  readonly scope: string | null;
  readonly isSeen: number;
  readonly seenProvider: string | null;
  readonly seenMailbox: string | null;
  readonly seenStatus: string | null;
}
type CandidateRow = Omit<Candidate, 'isNewer' | 'isMissing'> & {
  readonly isNewer: number;
  readonly isMissing: number;
};
type HeldRow = Omit<HeldRecord, 'isRejected'> & { readonly isRejected: number };

/** The statements of a reader, prepared once. All of them read views alone. */
export interface Reads {
  readonly identity: Statement<[], LedgerIdentity>;
  readonly runs: Statement<[], RunRow>;
  readonly recordCount: Statement<[], { readonly count: number }>;
  readonly counts: Statement<[], StateCount>;
  readonly issueCounts: Statement<[number], { readonly kind: IssueKind; readonly count: number }>;
  readonly leftOut: Statement<[number], LeftOut>;
  readonly carriedHeaders: Statement<[], { readonly header: string }>;
  readonly records: Statement<[RecordsAsked], RecordRow>;
  readonly byKeyOrMailbox: Statement<[{ key: string; mailbox: string }], RecordRow>;
  readonly byGrant: Statement<[string], RecordRow>;
  readonly byCarried: Statement<[{ value: string; countMax: number }], RecordRow>;
  readonly issuesByCarried: Statement<[{ value: string; countMax: number }], IssueRow>;
  readonly rowIssues: Statement<[{ runId: number; kinds: string }], IssueRow>;
  readonly issuesOf: Statement<[{ key: string; mailbox: string; countMax: number }], IssueRow>;
  readonly attempts: Statement<[number], LedgerAttempt>;
  readonly waits: Statement<[], Waits>;
  readonly holders: Statement<[string], HolderRow>;
  readonly lostCounts: Statement<[], { readonly loss: Loss; readonly count: number }>;
  readonly heldCount: Statement<[], { readonly count: number }>;
  readonly compared: Statement<[number], ComparedRow>;
  readonly candidates: Statement<[{ listingId: number }], CandidateRow>;
  readonly unknownGrants: Statement<[{ listingId: number; except: string }], { readonly count: number }>;
  readonly probedSince: Statement<[number], { readonly recordId: number; readonly result: string }>;
  readonly lost: Statement<[], LostRecord>;
  readonly held: Statement<[], HeldRow>;
  readonly decisions: Statement<[number], LedgerDecision>;
}

export function prepareReads(db: Database): Reads {
  return {
    ...prepareOverview(db),
    ...prepareRecords(db),
    ...prepareIssues(db),
    ...prepareStory(db),
    ...prepareHolders(db),
    ...prepareAftermath(db),
  };
}

/** Looked for without an email, in vain: another look would find no more. */
const HOPELESS_DOUBT = "status = 'in_doubt' AND mailbox IS NULL AND empty_looks > 0";
const MISCONFIGURED = "status = 'pending' AND category IS 'misconfigured'";

function prepareOverview(db: Database) {
  return {
    identity: db.prepare<[], LedgerIdentity>(`
      SELECT ledger_id AS ledgerId, created_at AS createdAtMs, application_id AS applicationId, host, keying
      FROM ledger_identity`),
    runs: db.prepare<[], RunRow>(`
      SELECT run_id AS runId, kind, started_at AS startedAtMs, ended_at AS endedAtMs, ended_how AS endedHow,
        ended_why AS endedWhy, label,
        host, pid, version, options, input_name AS inputName, input_sha256 AS inputSha256,
        input_bytes AS inputBytes, balance, pace
      FROM ledger_runs JOIN ledger_jobs USING (run_id) ORDER BY run_id`),
    recordCount: db.prepare<[], { count: number }>('SELECT count(*) AS count FROM ledger_records'),
    counts: db.prepare<[], StateCount>(`
      SELECT provider, status, category, count(*) AS count FROM ledger_records
      GROUP BY status, category, provider ORDER BY count DESC, provider, status, category`),
    // What has its time is due then; what was never begun, and a doubt that no run has waited out, at once.
    waits: db.prepare<[], Waits>(`
      SELECT
        min(iif(status = 'pending' OR mailbox IS NOT NULL, coalesce(not_before, 0), NULL))
          AS earliestNotBeforeMs,
        count(*) FILTER (WHERE ${HOPELESS_DOUBT}) AS doubtsWithoutMailbox
      FROM ledger_records
      WHERE status IN ('pending', 'in_doubt') AND coalesce(category, '') <> 'misconfigured'`),
  };
}

/** The text is looked for first: only the few that hold it are taken apart. */
const CARRIES_VALUE = `instr(carried, trim(json_quote(:value), '"')) > 0
  AND EXISTS (SELECT 1 FROM json_each(carried) WHERE value = :value)`;

/** In the order of RecordRow. */
export const RECORD_COLUMNS = `
  record_id, record_key, account_id, email, mailbox, provider, status, category, grant_id, grant_status,
  grant_email, origin, scope, error_type, error_message, provider_error, http_status, request_id, attempts,
  first_attempt_at, last_attempt_at, not_before, source_line, run_id, carried`;

function prepareRecords(db: Database) {
  const records = <Bind extends unknown[]>(rest: string): Statement<Bind, RecordRow> =>
    db.prepare<Bind, RecordRow>(`SELECT ${RECORD_COLUMNS} FROM ledger_records ${rest}`).raw();
  return {
    records: records<[RecordsAsked]>(`
      WHERE (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
        AND (:categories IS NULL OR category IN (SELECT value FROM json_each(:categories)))
      ORDER BY record_id`),
    byKeyOrMailbox: records<[{ key: string; mailbox: string }]>(
      'WHERE record_key = :key OR mailbox = :mailbox ORDER BY record_id',
    ),
    byCarried: records<[{ value: string; countMax: number }]>(
      `WHERE ${CARRIES_VALUE} ORDER BY record_id LIMIT :countMax`,
    ),
    byGrant: records<[string]>('WHERE grant_id = ? ORDER BY record_id'),
    carriedHeaders: db.prepare<[], { header: string }>(`
      SELECT column.key AS header FROM (
        SELECT run_id, carried FROM ledger_records WHERE carried IS NOT NULL
        UNION ALL
        SELECT run_id, carried FROM ledger_row_issues WHERE carried IS NOT NULL
      ) JOIN json_each(carried) AS column
      GROUP BY column.key ORDER BY min(run_id), min(column.id), column.key`),
  };
}

const ISSUE = `
  SELECT run_id AS runId, line, kind, record_key AS key, account_id AS accountId, email, provider, carried,
    reasons, grant_id AS grantId, grant_status AS grantStatus
  FROM ledger_row_issues`;

function prepareIssues(db: Database) {
  return {
    leftOut: db.prepare<[number], LeftOut>(`
      SELECT
        count(*) FILTER (WHERE record_id IS NULL) AS unknown,
        count(*) FILTER (WHERE status IN ('pending', 'submitting', 'in_doubt')
          AND NOT (${MISCONFIGURED}) AND NOT (${HOPELESS_DOUBT})) AS waiting,
        count(*) FILTER (WHERE ${MISCONFIGURED}) AS misconfigured,
        count(*) FILTER (WHERE ${HOPELESS_DOUBT}) AS doubtsWithoutMailbox
      FROM (
        SELECT record_id FROM ledger_row_issues WHERE run_id = ? AND kind = 'out_of_scope'
      ) LEFT JOIN (
        SELECT record_id, status, category, mailbox, empty_looks FROM ledger_records
      ) USING (record_id)`),
    issuesByCarried: db.prepare<[{ value: string; countMax: number }], IssueRow>(`${ISSUE}
      WHERE ${CARRIES_VALUE} ORDER BY run_id DESC, line LIMIT :countMax`),
    issueCounts: db.prepare<[number], { kind: IssueKind; count: number }>(
      'SELECT kind, count(*) AS count FROM ledger_row_issues WHERE run_id = ? GROUP BY kind',
    ),
    // A row left out by an option needs no answer of its own where its record has one.
    rowIssues: db.prepare<[{ runId: number; kinds: string }], IssueRow>(`${ISSUE}
      WHERE run_id = :runId AND kind IN (SELECT value FROM json_each(:kinds))
        AND (kind <> 'out_of_scope' OR record_id IS NULL)
      ORDER BY line, kind`),
    issuesOf: db.prepare<[{ key: string; mailbox: string; countMax: number }], IssueRow>(`${ISSUE}
      WHERE record_key = :key OR lower(trim(email)) = :mailbox
      ORDER BY run_id DESC, line LIMIT :countMax`),
  };
}

function prepareStory(db: Database) {
  return {
    attempts: db.prepare<[number], LedgerAttempt>(`
      SELECT attempt_id AS attemptId, run_id AS runId, kind, started_at AS startedAtMs, ended_at AS endedAtMs,
        result, http_status AS httpStatus, error_type AS errorType, error_message AS errorMessage,
        provider_error AS providerError, request_id AS requestId, fastly_id AS fastlyId,
        latency_ms AS latencyMs
      FROM ledger_attempts WHERE record_id = ? ORDER BY attempt_id`),
  };
}

const HOLDER_COLUMNS = `
  grant_id, holder.record_id, record_key, provider, run_id, status, origin, mailbox, grant_email, grant_status,
  grant_updated_at, is_chosen, is_discarded`;

function prepareHolders(db: Database) {
  return {
    // What was submitted matters only of who may have made the grant.
    holders: db
      .prepare<[string], HolderRow>(
        `SELECT ${HOLDER_COLUMNS},
          iif(origin IN ('created', 'adopted'), (
            SELECT json_group_array(json_array(opens_at, lasted_ms)) FROM ledger_submissions
            WHERE ledger_submissions.record_id = holder.record_id), NULL),
          (SELECT iif(kind = 'undo', result, NULL) FROM ledger_attempts
            WHERE ledger_attempts.record_id = holder.record_id AND kind IN ('submit', 'undo')
            ORDER BY attempt_id DESC LIMIT 1)
        FROM ledger_undo_holders AS holder WHERE grant_id > ? ORDER BY grant_id, holder.record_id`,
      )
      .raw(),
  };
}

function prepareAftermath(db: Database) {
  return {
    lostCounts: db.prepare<[], { loss: Loss; count: number }>(
      'SELECT grant_status AS loss, count(*) AS count FROM ledger_lost GROUP BY grant_status',
    ),
    heldCount: db.prepare<[], { count: number }>(
      'SELECT count(*) AS count FROM ledger_held WHERE NOT is_rejected',
    ),
    lost: db.prepare<[], LostRecord>(`
      SELECT record_key AS key, provider, email, grant_id AS grantId, grant_status AS loss
      FROM ledger_lost ORDER BY grant_status, record_id`),
    held: db.prepare<[], HeldRow>(`
      SELECT record_id AS recordId, record_key AS key, provider, email, status, grant_id AS grantId, origin,
        answered_email AS answeredEmail, is_rejected AS isRejected
      FROM ledger_held ORDER BY record_id`),
    decisions: db.prepare<[number], LedgerDecision>(`
      SELECT run_id AS runId, decided_at AS decidedAtMs, decision, held_grant_id AS heldGrantId,
        held_email AS heldEmail, grant_id AS grantId, decided_by AS by, why
      FROM ledger_decisions WHERE record_id = ? ORDER BY decision_id`),
    ...prepareComparison(db),
  };
}

function prepareComparison(db: Database) {
  return {
    compared: db.prepare<[number], ComparedRow>(`
      SELECT r.record_id AS recordId, r.record_key AS key, r.provider, r.email, r.mailbox, r.grant_id AS grantId,
        r.grant_status AS grantStatus, r.grant_email AS grantEmail, r.scope, g.grant_id IS NOT NULL AS isSeen,
        g.provider AS seenProvider, g.mailbox AS seenMailbox, g.status AS seenStatus
      FROM ledger_grant_holders r
      LEFT JOIN ledger_grants_seen g ON g.grant_id = r.grant_id AND g.seen_at >= ?
      WHERE +r.status = 'migrated' ORDER BY r.record_id`),
    // A listed grant without a status is a healthy one. What is held waits for a decision: its own grant would be
    // forgotten over another.
    candidates: db.prepare<[{ listingId: number }], CandidateRow>(`
      SELECT r.record_id AS recordId, r.record_key AS key, r.provider, r.email, g.grant_id AS grantId, g.mailbox,
        g.scope, max(coalesce(g.created_at, 0), coalesce(g.updated_at, 0)) >= coalesce(r.last_opens_at, 0) AS isNewer,
        r.status = 'migrated' AS isMissing
      FROM (
        SELECT * FROM ledger_grant_holders WHERE status = 'failed' AND mailbox IS NOT NULL
          AND record_id NOT IN (SELECT record_id FROM ledger_held WHERE NOT is_rejected)
        UNION ALL
        SELECT h.* FROM ledger_lost l JOIN ledger_grant_holders h USING (record_id)
        WHERE l.grant_status = 'missing' AND h.mailbox IS NOT NULL
      ) r
      CROSS JOIN ledger_grants_seen g ON g.mailbox = r.mailbox AND g.provider = r.provider
      WHERE g.seen_at >= :listingId AND coalesce(g.status, 'valid') = 'valid'
      ORDER BY r.record_id, g.grant_id`),
    unknownGrants: db.prepare<[{ listingId: number; except: string }], { count: number }>(`
      SELECT count(*) AS count FROM ledger_grants_seen WHERE seen_at >= :listingId
        AND grant_id NOT IN (SELECT grant_id FROM ledger_grant_holders WHERE grant_id IS NOT NULL)
        AND grant_id NOT IN (SELECT held_grant_id FROM ledger_decisions WHERE held_grant_id IS NOT NULL)
        AND grant_id NOT IN (SELECT value FROM json_each(:except))`),
    probedSince: db.prepare<[number], { recordId: number; result: string }>(`
      SELECT record_id AS recordId, result FROM ledger_attempts
      WHERE run_id >= ? AND kind = 'verify' AND result IN ('usable', 'unusable', 'unsure')
      ORDER BY attempt_id`),
  };
}
