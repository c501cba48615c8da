import { stringify } from 'csv-stringify/sync';
import type { ReportRow } from '../../core/report.js';

/**
 * Rows as CSV text. A cell that a spreadsheet would take for a formula (it begins with = + - @, a tab or a
 * carriage return) gets a leading apostrophe, unless values are wanted raw.
 */
export function csvText(rows: readonly ReportRow[], raw: boolean): string {
  return stringify([...rows], { escape_formulas: !raw });
}
