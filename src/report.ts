import { lastMigration, type LedgerIdentity } from './core/ledger-rows.js';
import { issueRow, recordRow, reportColumns, type ReportRow } from './core/report.js';
import { selectReport, type ReportSelection, type ReportWishes } from './core/report-selection.js';
import { maskDeep } from './core/mask.js';
import { maskRows } from './core/masked-report.js';
import type { LedgerReader, Report } from './ports.js';
import type { Provenance } from './core/provenance.js';

/** The audit report of a ledger, read as it is written out. Throws UserError for wishes that can't be met. */
export function reportOf(reader: LedgerReader, wishes: ReportWishes, provenance: () => Provenance): Report {
  const selection = selectReport(wishes, reportColumns(reader.carriedHeaders()));
  const ledger: LedgerIdentity = reader.identity();
  return {
    ledger,
    columns: selection.columns.map(({ name }) => name),
    rows: reportRows(reader, selection),
    provenance,
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

/** The records, then the last run's rows that became none: every row of its file has its answer. */
function* reportRows(reader: LedgerReader, selection: ReportSelection): Generator<ReportRow> {
  const { statuses, issueKinds, categories, columns } = selection;
  for (const record of reader.records({ statuses, categories })) yield recordRow(record, columns);
  const run = lastMigration(reader.runs());
  if (run === null || issueKinds.length === 0) return;
  for (const issue of reader.rowIssues(run.runId, issueKinds)) yield issueRow(issue, columns);
}
