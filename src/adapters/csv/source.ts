import { createHash } from 'node:crypto';
import { UserError } from '../../core/errors.js';
import type { RawRow } from '../../core/record.js';
import type { OpenSource, RecordSource } from '../../ports/source.js';
import { calledIn, nameOf, openInput, type CsvInput, type RawInput } from './input.js';
import { findLayout, type Layout } from './layout.js';
import { readRows } from './rows.js';
import { toText } from './text.js';

/** What reading reports beside the rows. */
export interface CsvOptions {
  /** Told once a source: that others can read the file. */
  readonly warn?: (message: string) => void;
}

const COLUMNS_MAX = 1000;

/** A CSV as a source of rows: a file or a command's output any number of times, standard input once. */
export function csvSource(input: CsvInput, options: CsvOptions = {}): RecordSource {
  const called = calledIn(input);
  let opened: RawInput | null = null;
  let givenUp = false;
  return {
    name: nameOf(input),
    open: async () => {
      if (opened?.isRepeatable === false) throw onceOnly(called);
      const warn = opened === null ? options.warn : undefined;
      opened = await openInput(input, (message) => warn?.(message));
      if (givenUp) opened.close();
      return openCsv(opened, called);
    },
    giveUp: () => {
      givenUp = true;
      opened?.close();
    },
  };
}

async function openCsv(raw: RawInput, name: string): Promise<OpenSource> {
  const meter = metered(raw);
  const handle = handleOf(raw);
  try {
    const text = await toText(meter.chunks, name);
    const { layout, chunks } = await findLayout(text.chunks, name);
    const parsed = { rows: 0 };
    const rows = readRows(chunks, layout, name, parsed);
    const first = await rows.next();
    const [header, ...rest] = first.done === true ? [] : first.value;
    return {
      header: headerOf(header, layout, name),
      delimiter: layout.delimiter,
      notes: text.notes,
      batches: batchesOf(rest, rows, handle),
      progress: () => ({
        bytesRead: meter.bytes(),
        bytesTotal: raw.bytesTotal,
        rowsParsed: Math.max(0, parsed.rows - 1),
      }),
      digest: () => ({ sha256: meter.sha256(), bytes: meter.bytes() }),
      close: handle.close,
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function headerOf(row: RawRow | undefined, layout: Layout, name: string): readonly string[] {
  const header = row?.fields ?? [];
  if (header.length === 0)
    throw new UserError('usage', `There is nothing in ${name}.`, 'The first line must name the columns.');
  if (header.length <= COLUMNS_MAX) return header;
  throw new UserError(
    'usage',
    `${name}: the header (line ${layout.headerLine}) has ${header.length} columns; ${COLUMNS_MAX} are allowed.`,
    'Is this the right file? Export only the columns that are needed.',
  );
}

/** Ends quietly where we closed the input ourselves: what the break looks like from inside is no failure. */
async function* batchesOf(first: RawRow[], rest: AsyncGenerator<RawRow[]>, handle: Handle) {
  try {
    if (first.length > 0) yield first;
    yield* rest;
  } catch (error) {
    if (!handle.isClosed()) throw error;
  } finally {
    await handle.close();
  }
}

type Handle = ReturnType<typeof handleOf>;

function handleOf(raw: RawInput) {
  let isClosed = false;
  const close = () => {
    isClosed = true;
    raw.close();
    return Promise.resolve();
  };
  return { close, isClosed: () => isClosed };
}

/** Counts and hashes the raw bytes as they pass: the file as it lies there, packed or not. */
function metered(raw: RawInput) {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* chunks(): AsyncGenerator<Buffer> {
    for await (const chunk of raw.chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  return { chunks: chunks(), bytes: () => bytes, sha256: () => hash.copy().digest('hex') };
}

function onceOnly(name: string): UserError {
  return new UserError(
    'usage',
    `${name} can be read only once, and another pass over it is needed.`,
    'Run the same command again with the same input, or use a file or --input-command.',
  );
}
