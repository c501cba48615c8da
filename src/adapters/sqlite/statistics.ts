import type { Database, Statement } from 'better-sqlite3';
import type { Category, Status } from '../../core/category.js';
import type {
  AttemptsCount,
  DomainCount,
  LatencyCount,
  RunActivity,
  SlotCount,
} from '../../core/statistics.js';
import { RECORD_COLUMNS, type RecordRow } from './reads.js';

/** The statements behind a report's figures, prepared once; each goes through its view once. */
export interface StatisticsReads {
  readonly domains: Statement<[number], DomainCount>;
  readonly activity: Statement<[], RunActivity>;
  readonly slots: Statement<[string], SlotCount>;
  readonly latencies: Statement<[], LatencyCount>;
  readonly attempts: Statement<[], AttemptsCount>;
  readonly sample: Statement<[SampleAsked], RecordRow>;
  readonly lines: Statement<[], string>;
}

interface SampleAsked {
  readonly status: Status;
  readonly category: Category | null;
  readonly countMax: number;
}

export function prepareStatistics(db: Database): StatisticsReads {
  return { ...prepareRecords(db), ...prepareAttempts(db) };
}

function prepareRecords(db: Database) {
  return {
    domains: db.prepare<[number], DomainCount>(`
      WITH by_domain AS (
        SELECT status, category, domain, sum(records) AS records, group_concat(DISTINCT provider) AS providers
        FROM ledger_domains GROUP BY status, category, domain
      ), ranked AS (
        SELECT *, count(domain) OVER (PARTITION BY status, category) AS domains,
          row_number() OVER (PARTITION BY status, category ORDER BY records DESC, domain) AS place
        FROM by_domain
      )
      SELECT status, category, domain, records, providers, domains FROM ranked
      WHERE place <= ? ORDER BY status, category, place`),
    attempts: db.prepare<[], AttemptsCount>(
      'SELECT attempts, count(*) AS records FROM ledger_records GROUP BY attempts ORDER BY attempts',
    ),
    // Which ones is read from an index; only those are looked up.
    sample: db
      .prepare<[SampleAsked], RecordRow>(
        `SELECT ${RECORD_COLUMNS} FROM ledger_records WHERE record_id IN (
          SELECT record_id FROM ledger_records WHERE status = :status AND category IS :category
          ORDER BY record_id LIMIT :countMax
        ) ORDER BY record_id`,
      )
      .raw(),
    lines: db.prepare<[], string>('SELECT line FROM ledger_record_lines ORDER BY line').pluck(),
  };
}

/** Precise to a hundredth, and never more than some ten thousand of them. */
const LATENCY = 'iif(latency_ms < 10000, latency_ms, latency_ms / 100 * 100)';

function prepareAttempts(db: Database) {
  return {
    activity: db.prepare<[], RunActivity>(`
      SELECT run_id AS runId, min(started_at) AS firstAtMs, max(coalesce(ended_at, started_at)) AS lastAtMs,
        count(*) AS attempts
      FROM ledger_attempts WHERE result IS NOT 'not_sent' GROUP BY run_id ORDER BY run_id`),
    // By when a request left: answers that come together are no burst.
    slots: db.prepare<[string], SlotCount>(`
      WITH span AS MATERIALIZED (
        SELECT value ->> 'runId' AS run_id, value ->> 'fromMs' AS from_ms, value ->> 'slotMs' AS slot_ms
        FROM json_each(?)
      )
      SELECT run_id AS runId, max(0, ended_at - coalesce(latency_ms, 0) - from_ms) / slot_ms AS slot,
        iif(kind = 'submit', result, 'look_up') AS outcome, count(*) AS count
      FROM ledger_attempts JOIN span USING (run_id)
      WHERE ended_at IS NOT NULL AND result <> 'not_sent'
      GROUP BY runId, slot, outcome ORDER BY runId, slot, outcome`),
    latencies: db.prepare<[], LatencyCount>(`
      SELECT ${LATENCY} AS latencyMs, count(*) AS count FROM ledger_attempts
      WHERE kind = 'submit' AND result <> 'not_sent' AND latency_ms IS NOT NULL
      GROUP BY 1 ORDER BY 1`),
  };
}
