import type { LedgerIdentity } from '../../core/ledger-rows.js';
import type { Cell, ReportRow } from '../../core/report.js';

/** Writes a row as a JSON object, its names in the columns' order. Built from text: a column can have any name. */
export function objectWriter(columns: readonly string[]): (row: ReportRow) => string {
  const names = columns.map((name, index) => `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  return (row) => `${names.map((name, index) => name + cellJson(row[index] ?? null)).join('')}}`;
}

/** Many cells are empty, and cost less without a call of JSON.stringify. */
function cellJson(cell: Cell): string {
  return cell === null ? 'null' : JSON.stringify(cell);
}

/** The ledger as it is named at the head of a JSON report. */
export function ledgerJson(ledger: LedgerIdentity): string {
  const { ledgerId, createdAtMs, applicationId, host, keying } = ledger;
  return JSON.stringify({
    ledger_id: ledgerId,
    created_at: new Date(createdAtMs).toISOString(),
    application_id: applicationId,
    host,
    keying,
  });
}
