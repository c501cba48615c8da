import { stringify } from 'csv-stringify/sync';
import type { Cell, ReportRow } from '../../core/report.js';

/** What a spreadsheet may take for a formula's beginning (full-width forms too), and what CSV needs quotes for. */
const AWKWARD = /^[=+\-@\t\r＝＋－＠]|[",\r\n]/;

/**
 * A row as a line of CSV. A cell that a spreadsheet would take for a formula (it begins with = + - @, a tab or a
 * carriage return) gets a leading apostrophe, unless values are wanted raw. Most rows hold nothing that needs
 * quotes or an apostrophe, and are their cells joined: csv-stringify, which weighs each cell, has the others.
 */
export function csvLine(row: ReportRow, raw: boolean): string {
  if (row.some(isAwkward)) return stringify([[...row]], { escape_formulas: !raw });
  return `${row.map(plainText).join(',')}\n`;
}

function isAwkward(cell: Cell): boolean {
  return typeof cell === 'string' && AWKWARD.test(cell);
}

/** V8 keeps the texts it makes of numbers, those of JSON.stringify apart: each line's number would outlive it. */
function plainText(cell: Cell): string | null {
  return typeof cell === 'number' ? JSON.stringify(cell) : cell;
}
