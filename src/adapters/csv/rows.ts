import { CsvError, Parser, type Options } from 'csv-parse';
import { parse as parseNow } from 'csv-parse/sync';
import { UserError } from '../../core/errors.js';
import type { RawRow } from '../../core/record.js';
import { RECORD_BYTES_MAX, type Layout } from './layout.js';

const BATCH_ROWS_MAX = 500;
/** Between two looks at what the parser made: bounds the rows, and the unfinished record, held at once. */
const SLICE_BYTES = 64 * 1024;
/** Parsing an unfinished tail a second time is only worth it for small ones: slow inputs have those. */
const PEEK_BYTES_MAX = 16 * 1024;
const [QUOTE, LF] = [0x22, 0x0a];

/**
 * The rows of a CSV in batches, the header as the first row of all. Blank rows are left out. `parsed` counts
 * the rows, those included that wait to be taken.
 */
export async function* readRows(
  chunks: AsyncIterable<Buffer>,
  layout: Layout,
  name: string,
  parsed: { rows: number },
): AsyncGenerator<RawRow[]> {
  const rows = new RowParser(layout, name, parsed);
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
        yield* inBatches(await rows.feed(chunk.subarray(at, at + SLICE_BYTES)));
        rows.throwIfUnfinished();
      }
    }
    yield* inBatches(await rows.end());
    rows.throwIfUnfinished();
  } finally {
    rows.close();
  }
}

function* inBatches(rows: readonly RawRow[]): Generator<RawRow[]> {
  for (let at = 0; at < rows.length; at += BATCH_ROWS_MAX) yield rows.slice(at, at + BATCH_ROWS_MAX);
}

/**
 * csv-parse as a stream that is only written to: each record is taken as it is made, with where it ends. Its own
 * `on_record` copies two dozen counters for each, which costs half as much again as the parsing.
 */
class RecordParser extends Parser {
  readonly #take: (record: readonly string[], bytesEnd: number) => void;

  constructor(options: Options, take: (record: readonly string[], bytesEnd: number) => void) {
    super(options);
    this.#take = take;
  }

  override push(record: string[] | null): boolean {
    if (record === null) return super.push(null);
    this.#take(record, this.info.bytes);
    return true;
  }
}

/**
 * csv-parse, driven slice by slice, with what it doesn't have: true line numbers (its own counts a CRLF in
 * quotes twice), a limit on a record of whatever shape, and no row held back until more input comes (it
 * keeps the last bytes to itself, so that a slow producer's last row would wait for the next). It reads byte by
 * byte: what holds no quote is lines and delimiters alone, and is split by those, ten times as fast.
 */
class RowParser {
  readonly #name: string;
  readonly #delimiter: string;
  readonly #hasLoneReturns: boolean;
  readonly #options: Options;
  readonly #countBreaks: (field: string) => number;
  readonly #parsed: { rows: number };
  #ready: RawRow[] = [];
  /** The line that the next record begins on. */
  #line: number;
  /** The bytes after the last finished record. */
  #tail: Buffer = Buffer.alloc(0);
  /** Has been given the whole tail; null: nothing of it. */
  #parser: Parser | null = null;
  /** Where the tail begins, in the bytes that the parser was given. */
  #tailStart = 0;
  /** How many of the tail's records went out already, by peeking. */
  #peeked = 0;
  #failure: UserError | null = null;

  constructor(layout: Layout, name: string, parsed: { rows: number }) {
    this.#name = name;
    this.#parsed = parsed;
    this.#line = layout.headerLine;
    this.#delimiter = layout.delimiter;
    this.#hasLoneReturns = layout.lineEnds.includes('\r');
    this.#countBreaks = this.#hasLoneReturns ? countAnyBreaks : countLineFeeds;
    this.#options = {
      delimiter: layout.delimiter,
      record_delimiter: [...layout.lineEnds],
      // A stray quote belongs to its value. Skipping records with errors would swallow the next good one.
      relax_quotes: true,
      relax_column_count: true,
      max_record_size: 0,
    };
  }

  /** Parses a slice and hands out the rows that are complete with it. */
  async feed(slice: Buffer): Promise<RawRow[]> {
    this.#tail = this.#tail.length === 0 ? slice : Buffer.concat([this.#tail, slice]);
    if (this.#parser === null && this.#isPlain()) this.#takeLines();
    else await this.#parse(this.#parser === null ? this.#tail : slice);
    if (this.#tail.length > RECORD_BYTES_MAX) this.#fail(this.#recordTooLong());
    return this.#takeReady();
  }

  /** Parses what is left, at the end of the input. */
  async end(): Promise<RawRow[]> {
    const isGiven = this.#parser !== null;
    const parser = (this.#parser ??= this.#openParser());
    if (!isGiven) parser.write(this.#tail);
    await new Promise<void>((resolve, reject) => {
      parser.once('finish', resolve).once('error', reject).end();
    }).catch((error: unknown) => {
      this.#fail(this.#unfinished(error));
    });
    return this.#takeReady();
  }

  /** Throws what stopped the reading, once the rows before it are out. */
  throwIfUnfinished(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  close(): void {
    this.#parser?.destroy();
    this.#parser = null;
  }

  /** Whether the tail means the same without csv-parse: nothing in it is quoted, nor can any line be too long. */
  #isPlain(): boolean {
    return !this.#hasLoneReturns && this.#tail.length <= RECORD_BYTES_MAX && !this.#tail.includes(QUOTE);
  }

  /** Takes the tail's complete lines. Each is decoded by itself: a row that is kept for long keeps no others. */
  #takeLines(): void {
    let start = 0;
    for (let end = this.#tail.indexOf(LF); end >= 0; end = this.#tail.indexOf(LF, start)) {
      const line = this.#tail.toString('utf8', start, end);
      this.#push((line.endsWith('\r') ? line.slice(0, -1) : line).split(this.#delimiter));
      start = end + 1;
    }
    this.#tail = this.#tail.subarray(start);
  }

  /** Leaves the tail, of which `bytes` are new, to csv-parse: for as long as there is a quote in what isn't finished. */
  async #parse(bytes: Buffer): Promise<void> {
    const parser = (this.#parser ??= this.#openParser());
    const unfinished = this.#tailStart;
    await write(parser, bytes);
    // Records finished meanwhile have moved the tail's start: what is before it isn't needed any more.
    this.#tail = this.#tail.subarray(this.#tailStart - unfinished);
    this.#peek();
    if (this.#peeked === 0 && this.#isPlain()) this.close();
  }

  #openParser(): Parser {
    this.#tailStart = 0;
    const parser = new RecordParser(this.#options, (record, bytesEnd) => {
      this.#onRecord(record, bytesEnd);
    });
    // Failures reach the callers of write and end; without a listener they would also crash the process.
    parser.on('error', () => undefined);
    return parser;
  }

  #onRecord(fields: readonly string[], bytesEnd: number): void {
    if (bytesEnd - this.#tailStart > RECORD_BYTES_MAX) this.#fail(this.#recordTooLong());
    this.#tailStart = bytesEnd;
    if (this.#peeked > 0) this.#peeked -= 1;
    else this.#push(fields);
  }

  /** Takes a record on, and moves the line on: by one for its end, and one for each break in its fields. */
  #push(fields: readonly string[]): void {
    const line = this.#line;
    let isBlank = true;
    let breaks = 0;
    for (const field of fields) {
      breaks += this.#countBreaks(field);
      if (isBlank && field.trim() !== '') isBlank = false;
    }
    this.#line += 1 + breaks;
    if (isBlank || this.#failure !== null) return;
    this.#ready.push({ line, fields, problem: null });
    this.#parsed.rows += 1;
  }

  /** Hands out the tail's records where it ends with a line end, which nothing to come can change. */
  #peek(): void {
    if (this.#failure !== null || this.#tail.at(-1) !== LF || this.#tail.length > PEEK_BYTES_MAX) return;
    const records = this.#parseTail();
    for (const fields of records.slice(this.#peeked)) this.#push(fields);
    this.#peeked = records.length;
  }

  /** An open quote at the tail's end means that its last record isn't complete: it is left to wait. */
  #parseTail(): string[][] {
    try {
      return parseNow(this.#tail, this.#options);
    } catch {
      return [];
    }
  }

  #takeReady(): RawRow[] {
    const rows = this.#ready;
    this.#ready = [];
    return rows;
  }

  #fail(failure: UserError): void {
    this.#failure ??= failure;
  }

  #recordTooLong(): UserError {
    return new UserError(
      'usage',
      `${this.#name}: the record that begins on line ${this.#line} is longer than 1 MiB.`,
      'A quote opened there may never have been closed. Correct the line and run again.',
    );
  }

  /** csv-parse's own message and properties hold the record: nothing of them is passed on. */
  #unfinished(error: unknown): UserError {
    const isQuote = error instanceof CsvError && error.code === 'CSV_QUOTE_NOT_CLOSED';
    const what = isQuote ? 'has a quote that is never closed' : 'can’t be parsed';
    return new UserError(
      'usage',
      `${this.#name}: the record that begins on line ${this.#line} ${what}: the rows from there on were not read.`,
      'Correct the line and run again.',
    );
  }
}

function write(parser: Parser, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    parser.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function countLineFeeds(field: string): number {
  let breaks = 0;
  for (let at = field.indexOf('\n'); at >= 0; at = field.indexOf('\n', at + 1)) breaks += 1;
  return breaks;
}

function countAnyBreaks(field: string): number {
  return field.match(/\r\n|\r|\n/g)?.length ?? 0;
}
