import type { Database, Statement } from 'better-sqlite3';
import type { Category, Status } from '../../core/category.js';
import type { Provider } from '../../core/provider.js';

/** The statements of a run, prepared once. */
export interface Writes {
  readonly identity: Statement<
    [],
    { fingerprint_key: Buffer; application_id: string | null; host: string | null; keying: string | null }
  >;
  readonly claim: Statement;
  readonly closeDeadRuns: Statement;
  readonly unsettleInterrupted: Statement;
  readonly recoverInterrupted: Statement;
  readonly beginRun: Statement;
  readonly beginJob: Statement;
  readonly beginOutcomes: Statement;
  readonly endRun: Statement;
  readonly lookUp: Statement<[string], RecordRow>;
  readonly unmigrated: Statement<[string], number>;
  readonly holders: Statement<[string], HolderRow>;
  readonly doubts: Statement<[string], DoubtRow>;
  readonly seen: Statement<[string], SeenRow>;
  readonly seenByState: Statement<[string, string], SeenRow>;
  readonly see: Statement;
  readonly lastListing: Statement<[], { listingId: number }>;
  readonly listingOf: Statement<[string], { listingId: number }>;
  readonly confirm: Statement;
  readonly forget: Statement;
  readonly listedUntil: Statement<[], { listedUntil: number | null }>;
  readonly setListedUntil: Statement;
  readonly renewedUntil: Statement<[], { renewedUntil: number | null }>;
  readonly setRenewedUntil: Statement;
  readonly noteListing: Statement;
  readonly countEmptyLook: Statement;
  readonly upsert: Statement<[Record<string, unknown>], { record_id: number }>;
  readonly hold: Statement;
  readonly carry: Statement;
  readonly startAttempt: Statement;
  readonly endAttempt: Statement;
  readonly changeByAttempt: Statement;
  readonly unsettle: Statement;
  readonly changeByKey: Statement;
  readonly undoGrant: Statement;
  readonly undoRecords: Statement;
  readonly setGrantStatus: Statement;
  readonly decide: Statement;
  readonly changeByDecision: Statement;
  readonly note: Statement;
  readonly withoutSuccess: Statement<[Lane], { readonly outcomes: number }>;
  readonly reconsider: Statement<[Lane], { readonly run_id: number }>;
}

interface Lane {
  readonly provider: Provider;
  readonly credentialId: string | null;
}

/** The statements that planning needs. */
export type LookUps = Pick<Writes, 'lookUp' | 'unmigrated' | 'holders' | 'doubts' | 'seen'>;

interface RecordRow {
  readonly key: string;
  readonly status: Status;
  readonly category: Category | null;
  readonly fingerprint: string | null;
  readonly attempts: number;
  readonly lastOpensAt: number | null;
  readonly notBeforeMs: number | null;
  readonly doubtOpensAt: number | null;
  readonly emptyLooks: number;
  readonly grantStatus: string | null;
}

/** A listed grant; times in Unix seconds by Nylas' clock. */
export interface SeenRow {
  readonly grantId: string;
  readonly provider: string;
  readonly mailbox: string | null;
  readonly state: string | null;
  readonly status: string | null;
  readonly scope: string | null;
  readonly createdAt: number | null;
  readonly updatedAt: number | null;
  readonly listingId: number;
}

interface HolderRow {
  readonly provider: Provider;
  readonly mailbox: string;
  readonly grantId: string;
  readonly scope: string | null;
}

interface DoubtRow {
  readonly provider: Provider;
  readonly mailbox: string;
  readonly opensAt: number | null;
  readonly notBeforeMs: number | null;
}

export function prepareWrites(db: Database): Writes {
  return {
    identity: db.prepare('SELECT fingerprint_key, application_id, host, keying FROM ledger'),
    claim: db.prepare('UPDATE ledger SET application_id = ?, host = ?, keying = ?'),
    ...prepareRuns(db),
    ...prepareLookUps(db),
    ...prepareListing(db),
    ...prepareRecords(db),
    ...prepareAttempts(db),
    ...prepareLanes(db),
    ...prepareUndo(db),
    ...prepareAftermath(db),
    note: db.prepare(`
      INSERT OR REPLACE INTO row_issues
        (run_id, line, kind, key, account_id, email, provider, carried, reasons)
      VALUES (:runId, :line, :kind, :key, :accountId, :email, :provider, :carried, :reasons)`),
  };
}

const IS_LOOKED_FOR = '(other.doubt_since IS NOT NULL OR other.empty_looks > 0)';

function prepareRuns(db: Database) {
  return {
    closeDeadRuns: db.prepare("UPDATE runs SET ended_at = ?, ended_how = 'died' WHERE ended_at IS NULL"),
    // As `unsettle`, for what a process left submitting.
    unsettleInterrupted: db.prepare(`
      UPDATE records SET empty_looks = 0, not_before = max(coalesce(not_before, 0), :startedAtMs + :settleDelayMs)
      WHERE record_id IN (
        SELECT other.record_id FROM records AS sent
        CROSS JOIN records AS other ON other.mailbox = sent.mailbox AND other.provider = sent.provider
        WHERE sent.status = 'submitting' AND other.status <> 'submitting' AND ${IS_LOOKED_FOR})`),
    // Whoever holds the lock knows that no other process is submitting: what is marked so was interrupted. Its
    // request can have left later than its intent was written down, but no later than now.
    recoverInterrupted: db.prepare(`
      UPDATE records SET
        status = 'in_doubt',
        category = NULL,
        doubt_since = coalesce(doubt_since, (${LAST_START})),
        not_before = min(:startedAtMs, (${LAST_START}) + :intentWaitMaxMs) + :settleDelayMs,
        attempts = attempts + 1,
        first_attempt_at = coalesce(first_attempt_at, (${LAST_START})),
        last_attempt_at = (${LAST_START})
      WHERE status = 'submitting'`),
    beginRun: db.prepare(`
      INSERT INTO runs (started_at, label, host, pid, version, options, input_name)
      VALUES (:startedAtMs, :label, :host, :pid, :version, :options, :inputName)`),
    beginJob: db.prepare(`
      INSERT INTO runs (kind, started_at, label, host, pid, version, options, input_name)
      VALUES (:kind, :startedAtMs, :label, :host, :pid, :version, :options, '')`),
    // No smaller than any before, and than what a copy of this ledger, put back since, was given meanwhile.
    beginOutcomes: db.prepare(
      'INSERT INTO outcomes (seq) SELECT max(coalesce(max(seq), 0) + 1, :startedAtMs) FROM outcomes',
    ),
    endRun: db.prepare(`
      UPDATE runs SET ended_at = :endedAtMs, ended_how = :how, ended_why = :why, input_sha256 = :sha256, input_bytes = :bytes,
        balance = :balance, pace = :pace WHERE run_id = :runId`),
  };
}

const LAST_START = `SELECT started_at FROM attempt_starts
  WHERE attempt_starts.record_id = records.record_id AND kind = 'submit'
  ORDER BY attempt_id DESC LIMIT 1`;

/** Of attempts made before this was kept: as if the clocks agreed, one second coarse. */
const OPENS_AT = `SELECT coalesce(opens_at, started_at / 1000 - 1) FROM attempt_starts
  WHERE attempt_starts.record_id = records.record_id AND kind = 'submit'`;

/** What planning a row asks of a ledger. */
export function prepareLookUps(db: Database): LookUps {
  return {
    lookUp: db.prepare<[string], RecordRow>(`
      SELECT records.key, status, category, fingerprint, attempts,
        not_before AS notBeforeMs, empty_looks AS emptyLooks, grant_status AS grantStatus,
        iif(status = 'migrated' AND coalesce(grant_status, 'valid') = 'valid', NULL, (${OPENS_AT} ORDER BY attempt_id DESC LIMIT 1)) AS lastOpensAt,
        iif(doubt_since IS NULL, NULL, (${OPENS_AT} AND started_at = doubt_since ORDER BY attempt_id LIMIT 1))
          AS doubtOpensAt
      FROM json_each(?) AS asked CROSS JOIN records ON records.key = asked.value`),
    unmigrated: db
      .prepare<[string], number>(
        `SELECT asked.key FROM json_each(?) AS asked LEFT JOIN records ON records.key = asked.value
        WHERE +records.status IS NOT 'migrated'`,
      )
      .pluck(),
    // CROSS JOIN and the unary plus keep SQLite from walking every migrated record instead of the mailboxes.
    holders: db.prepare<[string], HolderRow>(`
      SELECT provider, mailbox, grant_id AS grantId, scope
      FROM json_each(?) AS asked
      CROSS JOIN records ON records.mailbox = asked.value ->> 1 AND records.provider = asked.value ->> 0
      WHERE +status = 'migrated' AND coalesce(grant_status, 'valid') = 'valid'`),
    doubts: db.prepare<[string], DoubtRow>(`
      SELECT provider, mailbox, max(not_before) AS notBeforeMs,
        min((${OPENS_AT} AND started_at = doubt_since ORDER BY attempt_id LIMIT 1)) AS opensAt
      FROM json_each(?) AS asked
      CROSS JOIN records ON records.mailbox = asked.value ->> 1 AND records.provider = asked.value ->> 0
      WHERE doubt_since IS NOT NULL
      GROUP BY provider, mailbox`),
    seen: db.prepare<[string], SeenRow>(`
      SELECT ${SEEN_COLUMNS}
      FROM json_each(?) AS asked
      CROSS JOIN grants_seen ON mailbox = asked.value ->> 1 AND provider = asked.value ->> 0
      ORDER BY created_at`),
  };
}

const SEEN_COLUMNS = `grant_id AS grantId, provider, mailbox, state, status, scope,
  created_at AS createdAt, updated_at AS updatedAt, seen_at AS listingId`;

function prepareListing(db: Database) {
  return {
    seenByState: db.prepare<[string, string], SeenRow>(
      `SELECT ${SEEN_COLUMNS} FROM grants_seen WHERE state = ? AND provider = ?`,
    ),
    // Changes a row only where this listing hasn't brought it before: the number of changes counts those.
    see: db.prepare(`
      INSERT INTO grants_seen (grant_id, provider, mailbox, state, status, scope, created_at, updated_at, seen_at)
      VALUES (:id, :provider, :mailbox, :state, :status, :scope, :createdAt, :updatedAt, :listingId)
      ON CONFLICT (grant_id) DO UPDATE SET
        provider = excluded.provider, mailbox = excluded.mailbox, state = excluded.state,
        status = excluded.status, scope = excluded.scope, created_at = excluded.created_at,
        updated_at = excluded.updated_at, seen_at = excluded.seen_at
      WHERE seen_at <> excluded.seen_at`),
    lastListing: db.prepare<[], { listingId: number }>('SELECT last_listing AS listingId FROM ledger'),
    listingOf: db.prepare<[string], { listingId: number }>(
      'SELECT seen_at AS listingId FROM grants_seen WHERE grant_id = ?',
    ),
    confirm: db.prepare(
      'UPDATE grants_seen SET status = coalesce(:status, status), seen_at = :listingId WHERE grant_id = :grantId',
    ),
    forget: db.prepare('DELETE FROM grants_seen WHERE grant_id = ?'),
    listedUntil: db.prepare<[], { listedUntil: number | null }>(
      'SELECT listed_until AS listedUntil FROM ledger',
    ),
    setListedUntil: db.prepare('UPDATE ledger SET listed_until = ?'),
    renewedUntil: db.prepare<[], { renewedUntil: number | null }>(
      'SELECT renewed_until AS renewedUntil FROM ledger',
    ),
    setRenewedUntil: db.prepare('UPDATE ledger SET renewed_until = ?'),
    noteListing: db.prepare('UPDATE ledger SET last_listing = max(last_listing, ?)'),
    countEmptyLook: db.prepare(`
      UPDATE records SET empty_looks = empty_looks + 1 FROM attempt_starts
      WHERE attempt_id = ? AND attempt_starts.record_id = records.record_id`),
  };
}

/** What a run doesn't carry is kept; what it does carry is brought up to date. */
const MERGED_CARRIED = `CASE WHEN excluded.carried IS NULL THEN carried
  ELSE json_patch(coalesce(carried, '{}'), excluded.carried) END`;

function prepareRecords(db: Database) {
  return {
    // What failed did so with the credential that was sent: one that is only looked for leaves that as it is.
    upsert: db.prepare<[Record<string, unknown>], { record_id: number }>(`
      INSERT INTO records (key, account_id, provider, email, mailbox, credential_id, carried, fingerprint,
        status, source_line, run_id)
      VALUES (:key, :accountId, :provider, :email, :mailbox, :credentialId, :carried, :fingerprint,
        iif(:submitting, 'submitting', 'pending'), :line, :runId)
      ON CONFLICT (key) DO UPDATE SET
        account_id = excluded.account_id, provider = excluded.provider, email = excluded.email,
        mailbox = excluded.mailbox, credential_id = excluded.credential_id, carried = ${MERGED_CARRIED},
        fingerprint = iif(:submitting OR status <> 'failed', excluded.fingerprint, fingerprint),
        source_line = excluded.source_line, run_id = excluded.run_id,
        status = iif(:submitting, 'submitting', status),
        category = iif(:submitting, NULL, category),
        empty_looks = iif(:submitting, 0, empty_looks)
      RETURNING record_id`),
    hold: db.prepare(`
      INSERT INTO records (key, account_id, provider, email, mailbox, credential_id, carried, fingerprint,
        status, source_line, run_id)
      VALUES (:key, :accountId, :provider, :email, :mailbox, :credentialId, :carried, :fingerprint,
        'pending', :line, :runId)
      ON CONFLICT (key) DO NOTHING`),
    carry: db.prepare(`
      UPDATE records SET carried = json_patch(coalesce(carried, '{}'), :carried)
      WHERE key = :key AND carried IS NOT json_patch(coalesce(carried, '{}'), :carried)`),
    // No answer led here: what the last one said no longer describes the record.
    changeByKey: db.prepare(`
      UPDATE records SET status = :status, category = :category, grant_id = :grantId,
        grant_status = :grantStatus, grant_email = :grantEmail, scope = :scope, origin = :origin,
        grant_updated_at = :grantUpdatedAt, not_before = :notBeforeMs, doubt_since = iif(:inDoubt, doubt_since, NULL),
        http_status = NULL, error_type = NULL, error_message = NULL, provider_error = NULL, request_id = NULL
      WHERE key = :key`),
  };
}

function prepareAttempts(db: Database) {
  return {
    startAttempt: db.prepare(`
      INSERT INTO attempt_starts (record_id, run_id, kind, started_at, opens_at)
      VALUES (:recordId, :runId, :kind, :atMs, :opensAt)`),
    endAttempt: db.prepare(`
      INSERT INTO attempt_ends (attempt_id, ended_at, result, http_status, error_type, error_message,
        provider_error, request_id, fastly_id, latency_ms)
      VALUES (:attemptId, :endedAtMs, :result, :httpStatus, :errorType, :errorMessage, :providerError,
        :requestId, :fastlyId, :latencyMs)`),
    // What was said of an earlier grant doesn't describe another, least of all that we made it; but what we made
    // stays of our making when we renew it.
    changeByAttempt: db.prepare(`
      UPDATE records SET status = :status, category = :category,
        grant_id = coalesce(:grantId, grant_id),
        grant_status = iif(:grantId IS NULL, grant_status, :grantStatus),
        grant_email = iif(:grantId IS NULL, grant_email, :grantEmail),
        grant_updated_at = iif(:grantId IS NULL, grant_updated_at, :grantUpdatedAt),
        scope = iif(:grantId IS NULL, scope, :scope),
        origin = CASE WHEN :grantId IS NULL OR (:grantId = grant_id AND origin = 'created'
          AND :origin = 'reauthenticated') THEN origin ELSE :origin END, not_before = :notBeforeMs,
        doubt_since = iif(:inDoubt, coalesce(doubt_since, started_at), NULL),
        attempts = attempts + :counts,
        http_status = :httpStatus, error_type = :errorType, error_message = :errorMessage,
        provider_error = :providerError, request_id = :requestId,
        first_attempt_at = iif(kind IN ('submit', 'look_up'), coalesce(first_attempt_at, started_at), first_attempt_at),
        last_attempt_at = iif(kind = 'submit', started_at, last_attempt_at)
      FROM attempt_starts
      WHERE attempt_id = :attemptId AND attempt_starts.record_id = records.record_id`),
    // What other records of its mailbox were looked for before this attempt says nothing of what it made.
    unsettle: db.prepare(`
      UPDATE records SET empty_looks = 0, not_before = max(coalesce(not_before, 0), :notBeforeMs)
      WHERE record_id IN (
        SELECT other.record_id FROM attempt_starts JOIN records AS sent USING (record_id)
        CROSS JOIN records AS other ON other.mailbox = sent.mailbox AND other.provider = sent.provider
        WHERE attempt_id = :attemptId AND other.record_id <> sent.record_id AND ${IS_LOOKED_FOR})`),
  };
}

function prepareAftermath(db: Database) {
  return {
    setGrantStatus: db.prepare(
      "UPDATE records SET grant_status = :grantStatus WHERE record_id = :recordId AND status = 'migrated'",
    ),
    decide: db.prepare(`
      INSERT INTO decisions (record_id, run_id, decided_at, decision, held_grant_id, held_email, held_origin,
        grant_id, decided_by, why)
      VALUES (:recordId, :runId, :atMs, :decision, :heldGrantId, :heldEmail, :heldOrigin, :grantId, :by, :why)`),
    // What the provider's last answer said stays in the attempts; it no longer describes a migrated record.
    changeByDecision: db.prepare(`
      UPDATE records SET
        status = iif(:grantId IS NULL, 'failed', 'migrated'),
        category = iif(:grantId IS NULL, 'email_mismatch', NULL),
        grant_id = coalesce(:grantId, grant_id), grant_status = coalesce(:grantStatus, grant_status),
        grant_email = iif(:grantId IS NULL, coalesce(:heldEmail, grant_email), :grantEmail),
        scope = coalesce(:scope, scope), origin = coalesce(:origin, origin),
        not_before = NULL, error_type = NULL, error_message = NULL, provider_error = NULL
      WHERE record_id = :recordId`),
  };
}

/** Beyond so many attempts nobody looks for a lane's last success: the look must not hold up a run. */
const LANE_LOOKS_BACK = 20_000;

/** What shows that the lane's credentials work, whosever mailbox they open. */
const SUCCESSES = "('granted', 'adopted', 'granted_other')";

/** The lane's latest submissions that said something about it, if none of them was a success. */
const WITHOUT_SUCCESS = `
  WITH lane AS (
    SELECT s.record_id, e.result IN ${SUCCESSES} AS is_success
    FROM (SELECT * FROM attempt_starts ORDER BY attempt_id DESC LIMIT ${LANE_LOOKS_BACK}) s
    JOIN attempt_ends e USING (attempt_id)
    JOIN records r USING (record_id)
    WHERE s.kind = 'submit' AND r.provider = :provider AND r.credential_id IS :credentialId
      AND (e.result IN ('granted_invalid', 'refused') OR e.result IN ${SUCCESSES})
  ), hopeless AS (SELECT record_id FROM lane WHERE NOT (SELECT max(is_success) FROM lane))`;

function prepareLanes(db: Database) {
  return {
    withoutSuccess: db.prepare<[Lane], { readonly outcomes: number }>(
      `${WITHOUT_SUCCESS} SELECT count(*) AS outcomes FROM hopeless`,
    ),
    reconsider: db.prepare<[Lane], { readonly run_id: number }>(`
      ${WITHOUT_SUCCESS}
      UPDATE records SET status = 'pending', category = 'misconfigured', not_before = NULL
      WHERE record_id IN (SELECT record_id FROM hopeless) AND status = 'failed'
      RETURNING run_id`),
  };
}

function prepareUndo(db: Database) {
  return {
    undoGrant: db.prepare('INSERT INTO undone_grants (grant_id, attempt_id) VALUES (:grantId, :attemptId)'),
    // What its last submission came to no longer describes the record; its grant's id stays, to be traced by.
    undoRecords: db.prepare(`
      UPDATE records SET status = 'undone', category = NULL, grant_status = NULL, not_before = NULL, doubt_since = NULL,
        http_status = NULL, error_type = NULL, error_message = NULL, provider_error = NULL, request_id = NULL
      WHERE grant_id = :grantId AND record_id IN (SELECT value FROM json_each(:recordIds))`),
  };
}
