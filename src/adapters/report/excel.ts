import type { Cell, ReportRow } from '../../core/report.js';

/** Without it Excel takes UTF-8 for the code page of its country. */
export const BYTE_ORDER_MARK = '\ufeff';

/** Such as 007, 12345678901234567890, 1e5, 3/4, 1-2 or 10:30: what Excel would keep as another value. */
const NUMBER_LIKE = /^[\s$€£¥(]*[.,]?\d[\d\s.,:;/%)-]*(e[+-]?\d+)?\s*([ap]m?)?$/i;
const MONTH = '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*';
const DATE_LIKE = new RegExp(`^(\\d{1,4}[-/. ]*${MONTH}|${MONTH}[-/. ]*\\d{1,4})[-/., \\d]*$`, 'i');
const TRUTH = /^(true|false)$/i;

/** Longer than any date with the name of a month. */
const WORDS_LENGTH_MAX = 40;

/** Excel takes no longer text in a formula. */
const FORMULA_TEXT_LENGTH_MAX = 255;

/**
 * A row as a line for Excel, which takes text for numbers and dates wherever it can: such a text is written as a
 * formula that yields it as it is (`="007"`). What it would take for a formula gets an apostrophe, as in any CSV.
 */
export function excelLine(row: ReportRow, delimiter: ',' | ';'): string {
  return `${row.map(cellOf).join(delimiter)}\r\n`;
}

const FORMULA = /^[=+\-@\t\r＝＋－＠]/;

function cellOf(cell: Cell): string | number | null {
  if (typeof cell !== 'string' || cell === '') return cell;
  if (FORMULA.test(cell)) return quoted(`'${cell}`);
  if (!isMistaken(cell)) return quoted(cell);
  return quoted(cell.length > FORMULA_TEXT_LENGTH_MAX ? `'${cell}` : `="${cell}"`);
}

/** Either delimiter: a program that guesses which it is isn't led astray. */
function quoted(text: string): string {
  return /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A report is mostly words and ids: of those their first letter or their length tells. */
function isMistaken(cell: string): boolean {
  const isWord = /^[a-z]/i.test(cell);
  if (!isWord && NUMBER_LIKE.test(cell)) return true;
  return cell.length <= WORDS_LENGTH_MAX && (DATE_LIKE.test(cell) || (isWord && TRUTH.test(cell)));
}
