import { stringify } from 'csv-stringify/sync';
import type { Cell, ReportRow } from '../../core/report.js';

/** Without it Excel takes UTF-8 for the code page of its country. */
export const BYTE_ORDER_MARK = '\ufeff';

/** Such as 007, 12345678901234567890, 1e5, 3/4, 1-2 or 10:30: what Excel would keep as another value. */
const NUMBER_LIKE = /^[\s$€£¥(]*[.,]?\d[\d\s.,:;/%)-]*(e[+-]?\d+)?\s*([ap]m?)?$/i;
const MONTH = '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*';
const DATE_LIKE = new RegExp(`^(\\d{1,4}[-/. ]*${MONTH}|${MONTH}[-/. ]*\\d{1,4})[-/., \\d]*$`, 'i');
const TRUTH = /^(true|false)$/i;

/** Told at once of most cells: by their beginning, and by a letter that none of these has. */
const MAY_BE_MISTAKEN = /^[\s$€£¥(.,\djfmasontd][^@_]*$/i;

/** Excel takes no longer text in a formula. */
const FORMULA_TEXT_LENGTH_MAX = 255;

/**
 * A row as a line for Excel, which takes text for numbers and dates wherever it can: such a text is written as a
 * formula that yields it as it is (`="007"`). What it would take for a formula gets an apostrophe, as in any CSV.
 */
export function excelLine(row: ReportRow, delimiter: ',' | ';'): string {
  const cells = row.map(cellOf);
  if (!cells.some(needsQuotes)) return `${cells.join(delimiter)}\r\n`;
  return stringify([cells], { delimiter, record_delimiter: 'windows', quoted_match: /[\r\n]/ });
}

function needsQuotes(cell: Cell): boolean {
  return typeof cell === 'string' && /[",;\r\n]/.test(cell);
}

const FORMULA = /^[=+\-@\t\r＝＋－＠]/;

function cellOf(cell: Cell): Cell {
  if (typeof cell !== 'string' || cell === '') return cell;
  if (FORMULA.test(cell)) return `'${cell}`;
  if (!isMistaken(cell)) return cell;
  return cell.length > FORMULA_TEXT_LENGTH_MAX ? `'${cell}` : `="${cell.replaceAll('"', '""')}"`;
}

function isMistaken(cell: string): boolean {
  return MAY_BE_MISTAKEN.test(cell) && (NUMBER_LIKE.test(cell) || DATE_LIKE.test(cell) || TRUTH.test(cell));
}
