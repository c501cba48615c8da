import { UserError } from './core/errors.js';
import { issueRow, recordRow, type ReportRow } from './core/report.js';
import { selectReport, type ReportSelection, type ReportWishes } from './core/report-selection.js';
import type { SigninTarget } from './core/signin-url.js';
import type { LedgerReader } from './ports/ledger-reader.js';
import type { ReportTable } from './ports/report.js';
import { columnsOf } from './report.js';

/**
 * What has come since a number, and the number to go on from: nothing that is committed is missed, and what has
 * changed meanwhile comes once more. Throws UserError for wishes that can't be met.
 */
export function reportSince(
  reader: LedgerReader,
  wishes: ReportWishes,
  signin: SigninTarget | null,
  afterSeq: number,
): ReportTable {
  const selection = selectReport(wishes, columnsOf(reader, signin));
  return {
    ledger: reader.identity(),
    columns: selection.columns.map(({ name }) => name),
    rows: rowsSince(reader, selection, afterSeq),
    next: assertKnown(reader, afterSeq),
  };
}

/** Where to go on from. Throws UserError where the ledger never got so far: it isn't the one that said so. */
export function assertKnown(reader: LedgerReader, afterSeq: number): number {
  const lastSeq = reader.lastSeq();
  if (afterSeq <= lastSeq) return lastSeq;
  throw new UserError(
    'usage',
    `--after ${afterSeq}: this ledger has come to ${lastSeq} only. The number is another ledger's, or this is an earlier copy of it.`,
    'Begin again with --after 0: everything is told once more, which harms nothing that is written back.',
  );
}

/** Each record as it is now, then the rows that repeat one. */
function* rowsSince(
  reader: LedgerReader,
  { statuses, issueKinds, categories, columns }: ReportSelection,
  afterSeq: number,
): Generator<ReportRow> {
  for (const record of reader.changedRecords({ statuses, categories }, afterSeq)) {
    yield recordRow(record, columns);
  }
  if (categories !== null) return;
  const ofWhatever = issueKinds.includes('duplicate') ? null : statuses;
  for (const issue of reader.repeats(ofWhatever, afterSeq)) yield issueRow(issue, columns);
}
