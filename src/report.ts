import { lastMigration, type LedgerIdentity } from './core/ledger-rows.js';
import { issueRow, recordRow, reportColumns, type ReportColumn, type ReportRow } from './core/report.js';
import { signinColumn } from './core/report-shapes.js';
import { selectReport, type ReportSelection, type ReportWishes } from './core/report-selection.js';
import type { SigninTarget } from './core/signin-url.js';
import { maskDeep } from './core/mask.js';
import { maskRows } from './core/masked-report.js';
import type { LedgerReader } from './ports/ledger-reader.js';
import type { Report, ReportTable } from './ports/report.js';
import type { Provenance } from './core/provenance.js';

/**
 * The audit report of a ledger, read as it is written out; with links to sign in by where `signin` says how.
 * Throws UserError for wishes that can't be met.
 */
export function reportOf(
  reader: LedgerReader,
  wishes: ReportWishes,
  signin: SigninTarget | null = null,
): ReportTable {
  const selection = selectReport(wishes, columnsOf(reader, signin));
  const ledger: LedgerIdentity = reader.identity();
  return {
    ledger,
    columns: selection.columns.map(({ name }) => name),
    rows: reportRows(reader, selection),
  };
}

/** The same report without anybody's email address. */
export function maskReport(report: Report): Report {
  return {
    ...report,
    rows: maskRows(report.rows),
    provenance: () => maskProvenance(report.provenance()),
  };
}

export function maskProvenance(provenance: Provenance): Provenance {
  return { ...maskDeep(provenance), emails_masked: true };
}

/** Every column that a report of this ledger can have. */
export function columnsOf(reader: LedgerReader, signin: SigninTarget | null): readonly ReportColumn[] {
  const columns = reportColumns(reader.carriedHeaders());
  return signin === null ? columns : [...columns, signinColumn(signin)];
}

/** The records, then the last run's rows that became none: every row of its file has its answer. */
function* reportRows(reader: LedgerReader, selection: ReportSelection): Generator<ReportRow> {
  const { statuses, issueKinds, categories, columns } = selection;
  for (const record of reader.records({ statuses, categories })) yield recordRow(record, columns);
  if (ofMigrated(selection)) {
    for (const issue of reader.repeats(['migrated'], 0)) yield issueRow(issue, columns);
  }
  const run = lastMigration(reader.runs());
  if (run === null || issueKinds.length === 0) return;
  for (const issue of reader.rowIssues(run.runId, issueKinds)) yield issueRow(issue, columns);
}

/** Who asks for what is migrated asks for every row that has a grant: those that repeat such a record have its. */
function ofMigrated({ statuses, issueKinds, categories }: ReportSelection): boolean {
  return statuses?.includes('migrated') === true && categories === null && !issueKinds.includes('duplicate');
}
