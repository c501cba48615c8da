import type { ReportFormat, ReportRow } from '../../core/report.js';
import type { Report } from '../../ports/report.js';
import { csvLine } from './csv.js';
import { BYTE_ORDER_MARK, excelLine } from './excel.js';
import { ledgerJson, objectWriter } from './json.js';
import { writeOut, type ReportOut } from './out.js';

/** Small enough to be garbage soon, and large enough that handing it over costs little beside making it. */
const PIECE_CHARS = 32 * 1024;

/** Writes a report in one of its forms; resolves to how many rows were taken. Throws UserError for a file. */
export async function writeReport(report: Report, format: ReportFormat, out: ReportOut): Promise<number> {
  const counted = countRows(report.rows);
  await writeOut(piecesOf(ENCODERS[format]({ ...report, rows: counted.rows })), out);
  return counted.count();
}

/** Each makes a report line by line. */
const ENCODERS: Readonly<Record<ReportFormat, (report: Report) => Generator<string>>> = {
  csv: (report) => csvLines(report, false),
  'raw csv': (report) => csvLines(report, true),
  'excel csv': (report) => excelLines(report, ','),
  'excel csv, semicolons': (report) => excelLines(report, ';'),
  // What ends with its number is whole: a consumer of a pipe can tell.
  *jsonl({ columns, rows, next }) {
    const write = objectWriter(columns);
    for (const row of rows) yield `${write(row)}\n`;
    if (next !== undefined) yield `${JSON.stringify({ next })}\n`;
  },
  *json({ ledger, columns, rows, provenance, next }) {
    const write = objectWriter(columns);
    yield `{"ledger":${ledgerJson(ledger)},\n"provenance":${JSON.stringify(provenance())},\n"rows":[`;
    let separator = '\n';
    for (const row of rows) {
      yield separator + write(row);
      separator = ',\n';
    }
    yield next === undefined ? '\n]}\n' : `\n],"next":${next}}\n`;
  },
};

function* csvLines({ columns, rows }: Report, raw: boolean): Generator<string> {
  yield csvLine(columns, raw);
  for (const row of rows) yield csvLine(row, raw);
}

function* excelLines({ columns, rows }: Report, delimiter: ',' | ';'): Generator<string> {
  yield BYTE_ORDER_MARK + excelLine(columns, delimiter);
  for (const row of rows) yield excelLine(row, delimiter);
}

/** Writes a text that is made piece by piece. Throws UserError for a file. */
export async function writeText(pieces: Iterable<string>, out: ReportOut): Promise<void> {
  await writeOut(piecesOf(pieces), out);
}

function* piecesOf(lines: Iterable<string>): Generator<string> {
  let piece = '';
  for (const line of lines) {
    piece += line;
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function countRows(rows: Iterable<ReportRow>): { rows: Iterable<ReportRow>; count: () => number } {
  let count = 0;
  function* counting(): Generator<ReportRow> {
    for (const row of rows) {
      count += 1;
      yield row;
    }
  }
  return { rows: counting(), count: () => count };
}
