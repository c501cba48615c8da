import { maskEmails } from './mask.js';
import type { Cell, ReportRow } from './report.js';

/** Rows in which every email address is masked, in whichever column: keys, messages and carried ones too. */
export function* maskRows(rows: Iterable<ReportRow>): Generator<ReportRow> {
  for (const row of rows) yield row.map(maskCell);
}

function maskCell(cell: Cell): Cell {
  return typeof cell === 'string' ? maskEmails(cell) : cell;
}
