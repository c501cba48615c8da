import type { Database, Statement } from 'better-sqlite3';
import type { AttemptRow, DomainCount } from '../../core/ledger-rows.js';
import { ASKED } from './feed-reads.js';
import { RECORD_COLUMNS, type RecordRow } from './reads.js';

interface Asked {
  readonly statuses: string | null;
  readonly categories: string | null;
}

/** The statements for whoever acts on a migration that is over. All of them read views alone. */
export interface HandOverReads {
  readonly people: Statement<[Asked], readonly [...RecordRow, records: number]>;
  readonly domains: Statement<[Asked], DomainCount>;
  readonly attemptRows: Statement<[Asked], AttemptRow>;
}

export function prepareHandOverReads(db: Database): HandOverReads {
  return {
    // Two accounts of one mailbox are one person; what has no email is a person each.
    people: db
      .prepare<[Asked], readonly [...RecordRow, records: number]>(
        `WITH people AS (
          SELECT min(record_id) AS record_id, count(*) AS records FROM ledger_records WHERE ${ASKED}
          GROUP BY iif(mailbox IS NULL, record_id, mailbox), provider, status, category
        )
        SELECT ${RECORD_COLUMNS}, records FROM people CROSS JOIN ledger_records USING (record_id)
        ORDER BY record_id`,
      )
      .raw(),
    domains: db.prepare<[Asked], DomainCount>(`
      SELECT iif(instr(mailbox, '@') > 0, substr(mailbox, instr(mailbox, '@') + 1), NULL) AS domain,
        provider, status, category, count(DISTINCT coalesce(mailbox, record_id)) AS people, count(*) AS records
      FROM ledger_records WHERE ${ASKED}
      GROUP BY 1, provider, status, category
      ORDER BY people DESC, domain, provider, category`),
    attemptRows: db.prepare<[Asked], AttemptRow>(`
      SELECT record_key AS key, account_id AS accountId, provider, status, category, attempt_id AS attemptId,
        attempts.run_id AS runId, kind, started_at AS startedAtMs, ended_at AS endedAtMs, result,
        attempts.http_status AS httpStatus, attempts.error_type AS errorType,
        attempts.error_message AS errorMessage, attempts.provider_error AS providerError,
        attempts.request_id AS requestId, fastly_id AS fastlyId, latency_ms AS latencyMs
      FROM ledger_attempts AS attempts CROSS JOIN ledger_records USING (record_id)
      WHERE ${ASKED} ORDER BY attempt_id`),
  };
}
