import type { ReportFormat, ReportRow } from '../../core/report.js';
import type { Report } from '../../ports.js';
import { csvText } from './csv.js';
import { ledgerJson, objectWriter } from './json.js';
import { writeOut, type ReportOut } from './out.js';

/** Rows that are made into one piece of text. */
const CHUNK_ROWS = 500;

/** Writes a report in one of its forms; resolves to how many rows were taken. Throws UserError for a file. */
export async function writeReport(report: Report, format: ReportFormat, out: ReportOut): Promise<number> {
  const counted = countRows(report.rows);
  await writeOut(ENCODERS[format]({ ...report, rows: counted.rows }), out);
  return counted.count();
}

const ENCODERS: Readonly<Record<ReportFormat, (report: Report) => Generator<string>>> = {
  csv: (report) => csvChunks(report, false),
  'raw csv': (report) => csvChunks(report, true),
  *jsonl({ columns, rows }) {
    const write = objectWriter(columns);
    for (const chunk of chunksOf(rows)) yield chunk.map((row) => `${write(row)}\n`).join('');
  },
  *json({ ledger, columns, rows }) {
    const write = objectWriter(columns);
    yield `{"ledger":${ledgerJson(ledger)},"rows":[`;
    let separator = '\n';
    for (const chunk of chunksOf(rows)) {
      yield separator + chunk.map(write).join(',\n');
      separator = ',\n';
    }
    yield '\n]}\n';
  },
};

function* csvChunks({ columns, rows }: Report, raw: boolean): Generator<string> {
  yield csvText([columns], raw);
  for (const chunk of chunksOf(rows)) yield csvText(chunk, raw);
}

function* chunksOf(rows: Iterable<ReportRow>): Generator<readonly ReportRow[]> {
  let chunk: ReportRow[] = [];
  for (const row of rows) {
    chunk.push(row);
    if (chunk.length < CHUNK_ROWS) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
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
