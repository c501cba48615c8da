import type { Database, Statement } from 'better-sqlite3';
import type { Answer } from '../../core/write-back.js';
import { RECORD_COLUMNS, type IssueRow, type RecordRow } from './reads.js';

/** What is asked of records; lists are JSON, null: no condition. */
interface Asked {
  readonly statuses: string | null;
  readonly categories: string | null;
}

type AskedSince = Asked & { readonly afterSeq: number };

/** The statements for whoever is fed with outcomes, or writes them back. All of them read views alone. */
export interface FeedReads {
  readonly lastSeq: Statement<[], { readonly seq: number }>;
  readonly changed: Statement<[AskedSince], RecordRow>;
  readonly repeats: Statement<[{ readonly statuses: string | null; readonly afterSeq: number }], IssueRow>;
  readonly answers: Statement<[{ readonly column: string }], Answer>;
}

/** The conditions of a report on the records it tells of. */
export const ASKED = `
  (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
  AND (:categories IS NULL OR category IN (SELECT value FROM json_each(:categories)))`;

/** What a row can be named by in the user's own table: one of these, or a carried column. */
const KEY = `CASE :column WHEN 'record_key' THEN record_key WHEN 'account_id' THEN account_id
  WHEN 'email' THEN email ELSE (SELECT value FROM json_each(carried) WHERE key = :column AND value <> '') END`;

export function prepareFeedReads(db: Database): FeedReads {
  return {
    lastSeq: db.prepare<[], { seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM ledger_outcomes'),
    // CROSS JOIN: by their numbers, and not by walking the records.
    changed: db
      .prepare<[AskedSince], RecordRow>(
        `SELECT ${RECORD_COLUMNS} FROM ledger_outcomes CROSS JOIN ledger_records USING (record_id)
        WHERE seq > :afterSeq AND ${ASKED} ORDER BY seq`,
      )
      .raw(),
    repeats: db.prepare(`
      SELECT run_id AS runId, line, kind, record_key AS key, account_id AS accountId, email, provider, carried,
        reasons, grant_id AS grantId, grant_status AS grantStatus
      FROM ledger_repeats LEFT JOIN ledger_outcomes USING (record_id)
      WHERE coalesce(seq, 0) > :afterSeq
        AND (:statuses IS NULL OR record_status IN (SELECT value FROM json_each(:statuses)))
      ORDER BY run_id, line`),
    answers: db.prepare<[{ column: string }], Answer>(`
      SELECT key, grant_id AS grantId, max(coalesce(seq, 0)) AS seq, max(is_gone) AS isGone FROM (
        SELECT record_id, ${KEY} AS key, grant_id, grant_status IS 'missing' AS is_gone
        FROM ledger_records WHERE status = 'migrated'
        UNION ALL
        SELECT record_id, ${KEY} AS key, grant_id, grant_status IS 'missing' AS is_gone
        FROM ledger_repeats WHERE record_status = 'migrated'
      ) LEFT JOIN ledger_outcomes USING (record_id)
      GROUP BY key, grantId ORDER BY key, grantId`),
  };
}
