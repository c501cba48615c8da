import { UserError } from '../../core/errors.js';
import { take } from './take.js';

/** How the file at hand is written, as its header shows it. */
export interface Layout {
  readonly delimiter: string;
  /** What ends a line besides a line feed: only files of old Macs end them with a lone carriage return. */
  readonly lineEnds: readonly string[];
  /** The line that the header begins on. */
  readonly headerLine: number;
}

/** The most that one record may take, header included. */
export const RECORD_BYTES_MAX = 1024 * 1024;

const DELIMITERS = [',', ';', '\t', '|'];
const [QUOTE, LF, CR] = [0x22, 0x0a, 0x0d];

/** Looks at the header, and hands back the text from there on. Throws UserError where there is none. */
export async function findLayout(text: AsyncIterable<Buffer>, name: string) {
  const taken = await take(text, (head) => headerOf(head) !== null || head.length > RECORD_BYTES_MAX);
  const start = beforeHeader(taken.head);
  const header = headerOf(taken.head) ?? taken.head.subarray(start.bytes);
  if (header.length > RECORD_BYTES_MAX) throw headerTooLong(name);
  if (header.length === 0) throw emptyError(name);
  const layout: Layout = {
    delimiter: start.delimiter ?? delimiterOf(header),
    lineEnds: endsWithLoneReturn(header) ? ['\r\n', '\n', '\r'] : ['\r\n', '\n'],
    headerLine: 1 + start.lines,
  };
  return { layout, chunks: taken.whole(taken.head.subarray(start.bytes)) };
}

/** The header with its line end, or null where its end isn't in sight. */
function headerOf(head: Buffer): Buffer | null {
  const start = beforeHeader(head).bytes;
  let isQuoted = false;
  for (let at = start; at < head.length; at++) {
    const byte = head[at];
    if (byte === QUOTE) isQuoted = !isQuoted;
    if (isQuoted) continue;
    if (byte === LF) return head.subarray(start, at + 1);
    // Whether a line feed follows decides what the line ends are: wait for it.
    if (byte === CR && at + 1 < head.length && head[at + 1] !== LF) return head.subarray(start, at + 1);
  }
  return null;
}

interface BeforeHeader {
  readonly bytes: number;
  readonly lines: number;
  readonly delimiter: string | null;
}

/** Blank lines, and Excel's own `sep=;` line, which names the delimiter. */
function beforeHeader(head: Buffer): BeforeHeader {
  const [before = '', , delimiter = null] = BEFORE_HEADER.exec(head.toString('latin1')) ?? [];
  return { bytes: before.length, lines: before.match(/\r\n|\r|\n/g)?.length ?? 0, delimiter };
}

const BEFORE_HEADER = /^(?:[ \t]*(?:\r\n|\r|\n))*("?sep=([,;\t|])"?[ \t]*(?:\r\n|\r|\n))?/i;

function endsWithLoneReturn(header: Buffer): boolean {
  return header.at(-1) === CR;
}

/** The one that the header has most of outside of quotes; a comma where it has none. */
function delimiterOf(header: Buffer): string {
  const unquoted = header.toString('latin1').replace(/"[^"]*"/g, '');
  let best = ',';
  for (const delimiter of DELIMITERS) {
    if (count(unquoted, delimiter) > count(unquoted, best)) best = delimiter;
  }
  return best;
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

function headerTooLong(name: string): UserError {
  return new UserError(
    'usage',
    `${name}: the header (line 1) goes on for more than 1 MiB without a line end.`,
    'Is this a CSV? A quote in the header may never have been closed.',
  );
}

function emptyError(name: string): UserError {
  return new UserError('usage', `There is nothing in ${name}.`, 'The first line must name the columns.');
}
