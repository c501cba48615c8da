import { CheckTally, passingKeyOf, secondsAt, type CheckSummary, type InputFacts } from './core/check.js';
import { mapHeader, type HeaderMap } from './core/header.js';
import type { ReadingOptions } from './core/record.js';
import { interpretRow } from './core/row.js';
import type { OpenSource, RecordSource } from './ports.js';

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
    for await (const batch of open.batches) {
      for (const raw of batch) tally.add(interpretRow(raw, map, options));
      onProgress?.({ rows: tally.rows, ...open.progress() });
    }
    const checked = tally.checked();
    const requests = checked.toSubmit;
    const estimate = { ratePerSecond, requests, seconds: secondsAt(requests, ratePerSecond) };
    return { ...factsOf(source, open, map), ...checked, estimate };
  } finally {
    await open.close();
  }
}

function factsOf(source: RecordSource, open: OpenSource, map: HeaderMap): InputFacts {
  return {
    file: source.name,
    ...open.digest(),
    delimiter: open.delimiter,
    notes: open.notes ?? [],
    ignoredHeaders: map.ignored,
    identifiedBy: map.keyingRule,
  };
}
