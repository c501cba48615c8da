import type { Database, Statement } from 'better-sqlite3';
import type { Category, Origin, Status } from '../../core/category.js';
import type {
  IssueKind,
  LedgerAttempt,
  LedgerIdentity,
  LedgerIssue,
  LedgerRun,
  LeftOut,
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
export type RunRow = Omit<LedgerRun, 'options' | 'balance'> & {
  readonly options: string;
  readonly balance: string | null;
};

/** Lists are JSON; null: no condition. */
interface RecordsAsked {
  readonly statuses: string | null;
  readonly categories: string | null;
}

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
}

export function prepareReads(db: Database): Reads {
  return { ...prepareOverview(db), ...prepareRecords(db), ...prepareIssues(db), ...prepareStory(db) };
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
      SELECT run_id AS runId, started_at AS startedAtMs, ended_at AS endedAtMs, ended_how AS endedHow,
        ended_why AS endedWhy, label,
        host, pid, version, options, input_name AS inputName, input_sha256 AS inputSha256,
        input_bytes AS inputBytes, balance
      FROM ledger_runs ORDER BY run_id`),
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
