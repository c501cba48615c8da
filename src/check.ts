import {
  CheckTally,
  passingKeyOf,
  secondsAt,
  type Checked,
  type CheckSummary,
  type InputFacts,
} from './core/check.js';
import { UserError } from './core/errors.js';
import { mapHeader, type HeaderMap } from './core/header.js';
import type { ReadingOptions } from './core/record.js';
import { interpretRow } from './core/row.js';
import type { OpenSource, RecordSource } from './ports/source.js';

/** Where a check stands, for a progress line. */
export interface CheckProgress {
  readonly rows: number;
  readonly bytesRead: number;
  readonly bytesTotal: number | null;
}

/** Judges every row of an input without network or ledger. Throws UserError where it can't be read. */
export async function check(
  source: RecordSource,
  reading: ReadingOptions,
  ratePerSecond: number,
  onProgress?: (progress: CheckProgress) => void,
): Promise<CheckSummary> {
  const open = await source.open();
  try {
    const map = mapHeader(open.header, reading);
    const tally = new CheckTally({ hidesKeys: map.identify.by === 'credential' });
    const options = { reading, keyOfCredential: passingKeyOf };
    try {
      for await (const batch of open.batches) {
        for (const raw of batch) tally.add(interpretRow(raw, map, options));
        onProgress?.({ rows: tally.rows, ...open.progress() });
      }
    } catch (error) {
      throw error instanceof UserError ? withCounts(error, tally.checked()) : error;
    }
    const checked = tally.checked();
    const requests = checked.toSubmit;
    const estimate = { ratePerSecond, requests, seconds: secondsAt(requests, ratePerSecond) };
    return { ...factsOf(source, open, map), ...checked, estimate };
  } finally {
    await open.close();
  }
}

/** What was judged before the input broke off is worth knowing: a run would have migrated it. */
function withCounts({ kind, message, next }: UserError, { rows, good, bad }: Checked): UserError {
  if (rows === 0) return new UserError(kind, message, next);
  return new UserError(kind, `${message} Rows read before that: ${rows}, ${good} good and ${bad} bad.`, next);
}

function factsOf(source: RecordSource, open: OpenSource, map: HeaderMap): InputFacts {
  return {
    file: source.name,
    ...open.digest(),
    delimiter: open.delimiter,
    notes: open.notes ?? [],
    ignoredHeaders: map.ignored,
    hasTokenColumn: [...map.columns.keys()].some((field) => field.endsWith('refresh_token')),
    identifiedBy: map.keyingRule,
  };
}
