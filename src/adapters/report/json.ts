import type { LedgerIdentity } from '../../core/ledger-rows.js';
import type { ReportRow } from '../../core/report.js';

/** Writes a row as a JSON object, its names in the columns' order. Built from text: a column can have any name. */
export function objectWriter(columns: readonly string[]): (row: ReportRow) => string {
  const names = columns.map((name, index) => `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  return (row) => {
    let text = '';
    for (const [index, name] of names.entries()) text += name + JSON.stringify(row[index] ?? null);
    return `${text}}`;
  };
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
