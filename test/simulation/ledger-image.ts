import Sqlite from 'better-sqlite3';
import type { Category, Status } from '../../src/core/category.js';
import type { Provider } from '../../src/core/provider.js';

export interface ImageRecord {
  readonly recordId: number;
  readonly key: string;
  readonly provider: Provider;
  readonly status: Status;
  readonly category: Category | null;
  readonly grantId: string | null;
  readonly origin: string | null;
  readonly notBeforeMs: number | null;
}

export interface ImageAttempt {
  readonly attemptId: number;
  readonly recordId: number;
  readonly runId: number;
  readonly kind: 'submit' | 'look_up';
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly result: string | null;
}

/** A ledger as it stands at one moment. */
export interface Image {
  readonly records: ReadonlyMap<string, ImageRecord>;
  readonly attempts: readonly ImageAttempt[];
}

export const EMPTY_IMAGE: Image = { records: new Map(), attempts: [] };

export function readImage(path: string): Image {
  const db = new Sqlite(path);
  try {
    const records = db
      .prepare<[], ImageRecord>(
        `SELECT record_id AS recordId, record_key AS key, provider, status, category, grant_id AS grantId, origin,
          not_before AS notBeforeMs FROM ledger_records`,
      )
      .all();
    const attempts = db
      .prepare<[], ImageAttempt>(
        `SELECT attempt_id AS attemptId, record_id AS recordId, run_id AS runId, kind, started_at AS startedAtMs,
          ended_at AS endedAtMs, result FROM ledger_attempts ORDER BY attempt_id`,
      )
      .all();
    return { records: new Map(records.map((record) => [record.key, record])), attempts };
  } finally {
    db.close();
  }
}
