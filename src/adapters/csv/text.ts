import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UserError } from '../../core/errors.js';
import { take } from './take.js';

/** UTF-8 bytes without a byte order mark, and what had to be done to get them. */
export interface Text {
  readonly chunks: AsyncIterable<Buffer>;
  readonly notes: readonly string[];
}

const MAGIC_BYTES = 4;
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
/** A line break, or as much as any header needs to show its encoding. */
const ENCODING_BYTES_MAX = 4096;

const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const SPREADSHEET = 'Save it as CSV (UTF-8) in the program that made it.';

/** What files begin with that are no text; none of them could be a header. */
const BINARIES: readonly (readonly [Buffer, string, string])[] = [
  [Buffer.from('PK\x03\x04', 'latin1'), 'a zip archive or an Excel workbook (.xlsx)', SPREADSHEET],
  [Buffer.from([0xd0, 0xcf, 0x11, 0xe0]), 'an old Excel workbook (.xls)', SPREADSHEET],
  [Buffer.from('%PDF', 'latin1'), 'a PDF', SPREADSHEET],
  [Buffer.from('SQLi', 'latin1'), 'a SQLite database', 'Export the table as CSV.'],
  [Buffer.from('PAR1', 'latin1'), 'a Parquet file', 'Export it as CSV.'],
  [Buffer.from('BZh', 'latin1'), 'compressed with bzip2', 'Use --input-command "bzcat FILE".'],
  [Buffer.from([0xfd, 0x37, 0x7a, 0x58]), 'compressed with xz', 'Use --input-command "xzcat FILE".'],
  [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), 'compressed with zstd', 'Use --input-command "zstdcat FILE".'],
];

/** Unpacks gzip and decodes UTF-16, each recognised by its bytes alone. Throws UserError where neither helps. */
export async function toText(raw: AsyncIterable<Buffer>, name: string): Promise<Text> {
  const start = await take(raw, (head) => head.length >= MAGIC_BYTES);
  const isGzip = start.head.subarray(0, 2).equals(GZIP_MAGIC);
  const plain = isGzip ? unzipped(start.whole(), name) : start.whole();
  const { head, whole } = await take(plain, showsEncoding);
  refuseBinary(head, name);
  const notes = isGzip ? ['gzip'] : [];
  const encoding = utf16Of(head);
  if (encoding !== null) {
    return { chunks: utf8Of(whole(), encoding), notes: [...notes, encoding.toUpperCase()] };
  }
  if (firstLineOf(head).some(isControl)) throw binaryError(name, 'not text', SPREADSHEET);
  return { chunks: whole(withoutMark(head)), notes };
}

function showsEncoding(head: Buffer): boolean {
  return (
    head.length >= ENCODING_BYTES_MAX ||
    (head.length >= MAGIC_BYTES && /[\r\n]/.test(head.toString('latin1')))
  );
}

function firstLineOf(head: Buffer): Buffer {
  const end = head.indexOf('\n');
  return head.subarray(0, end < 0 ? ENCODING_BYTES_MAX : Math.min(end, ENCODING_BYTES_MAX));
}

/** What no name of a column has: everything below the space but white space. */
function isControl(byte: number): boolean {
  return byte < 0x09 || (byte > 0x0d && byte < 0x20);
}

function refuseBinary(head: Buffer, name: string): void {
  const found = BINARIES.find(([magic]) => head.subarray(0, magic.length).equals(magic));
  if (found !== undefined) throw binaryError(name, found[1], found[2]);
}

function binaryError(name: string, what: string, next: string): UserError {
  return new UserError('usage', `${name} is no CSV: it is ${what}.`, next);
}

function withoutMark(head: Buffer): Buffer {
  return head.subarray(0, 3).equals(UTF8_MARK) ? head.subarray(3) : head;
}

/** The header, roughly: names of columns are plain letters in every export. */
const SAMPLE_BYTES = 256;

type Utf16 = 'utf-16le' | 'utf-16be';

/** By the byte order mark, else by where the zeros are: text has none in UTF-8, and every other byte here. */
function utf16Of(head: Buffer): Utf16 | null {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const zeros = [0, 0];
  const sample = head.subarray(0, SAMPLE_BYTES);
  for (const [index, byte] of sample.entries())
    if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  const many = sample.length * 0.3;
  if (odd > many && even === 0) return 'utf-16le';
  return even > many && odd === 0 ? 'utf-16be' : null;
}

/** The decoder drops the byte order mark itself. */
async function* utf8Of(chunks: AsyncIterable<Buffer>, encoding: Utf16): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of chunks) yield Buffer.from(decoder.decode(chunk, { stream: true }));
  yield Buffer.from(decoder.decode());
}

async function* unzipped(chunks: AsyncGenerator<Buffer>, name: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  pipeline(Readable.from(chunks, { objectMode: false }), gunzip, () => undefined);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    throw error instanceof UserError ? error : gzipError(name, error);
  }
}

function gzipError(name: string, error: unknown): UserError {
  const isShort = error instanceof Error && 'code' in error && error.code === 'Z_BUF_ERROR';
  const what = isShort
    ? 'ends in the middle of its gzip data'
    : 'is damaged: its gzip data can’t be unpacked';
  return new UserError('usage', `${name} ${what}.`, 'Make or copy the file again, then run again.');
}
