import { createHash } from 'node:crypto';
import { UserError } from '../../core/errors.js';
import { ROWS } from '../../core/next-command.js';
import type { RawRow, ReadingOptions } from '../../core/record.js';
import type { OpenSource, RecordSource } from '../../ports/source.js';
import { inBatches, Pull } from './batches.js';
import { Columns, type RowObject } from './columns.js';

/** Rows that a program has: an iterable for one pass, an array or a function for any number of them. */
export type Rows =
  Iterable<RowObject> | AsyncIterable<RowObject> | (() => Iterable<RowObject> | AsyncIterable<RowObject>);

/** Rows of a program as a source like a CSV. */
export function rowSource(
  rows: Rows,
  { carry, identify }: Pick<ReadingOptions, 'carry' | 'identify'>,
): RecordSource {
  const asked = identify?.by === 'column' ? [...carry, identify.header] : carry;
  let opened: Pull<RowObject> | null = null;
  let givenUp = false;
  return {
    name: ROWS,
    open: async () => {
      if (opened !== null && !isRepeatable(rows)) throw onceOnly();
      opened = new Pull(iteratorOf(rows));
      if (givenUp) opened.leave();
      return openRows(opened, asked, identify === null);
    },
    giveUp: () => {
      givenUp = true;
      opened?.leave();
    },
  };
}

function isRepeatable(rows: Rows): boolean {
  return typeof rows === 'function' || Array.isArray(rows);
}

function iteratorOf(rows: Rows): AsyncIterator<RowObject> {
  const items: unknown = typeof rows === 'function' ? rows() : rows;
  if (isIterable(items)) return each(items);
  throw new UserError(
    'usage',
    'rows is no iterable.',
    'Pass an array, a (sync or async) iterable of objects, or a function that returns one.',
  );
}

function isIterable(items: unknown): items is Iterable<RowObject> | AsyncIterable<RowObject> {
  if (typeof items !== 'object' || items === null) return false;
  return Symbol.asyncIterator in items || Symbol.iterator in items;
}

/** Its own iterator where it is async: wrapped, it couldn't be told to end while it is silent. */
function each(items: Iterable<RowObject> | AsyncIterable<RowObject>): AsyncIterator<RowObject> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : inTurn(items);
}

function inTurn(items: Iterable<RowObject>): AsyncIterator<RowObject> {
  const iterator = items[Symbol.iterator]();
  const end = { done: true as const, value: undefined };
  return {
    next: () => Promise.resolve(iterator.next()),
    return: () => Promise.resolve(iterator.return?.() ?? end),
  };
}

/** Nothing says how the rows are named where there is none, unless `mustShow` is false. */
async function openRows(
  pull: Pull<RowObject>,
  asked: readonly string[],
  mustShow: boolean,
): Promise<OpenSource> {
  const first = await pull.next().catch((error: unknown) => {
    throw brokeOff(error);
  });
  if (first === null && mustShow) throw nothingThere();
  const columns = new Columns(first === null || !isObject(first.item) ? {} : first.item, asked);
  const meter = { rows: 0, bytes: 0, hash: createHash('sha256') };
  const read = (row: unknown): RawRow => {
    meter.rows += 1;
    const raw = columns.rowOf(row, meter.rows);
    const text = `${JSON.stringify(columns.shownFields(raw))}\n`;
    meter.hash.update(text);
    meter.bytes += Buffer.byteLength(text);
    return raw;
  };
  return {
    header: columns.header,
    delimiter: ',',
    batches: batchesOf(first === null ? [] : [read(first.item)], pull, read),
    progress: () => ({ bytesRead: meter.bytes, bytesTotal: null, rowsParsed: meter.rows }),
    // Of what isn't secret: a single row's digest would otherwise confirm a guess at its password.
    digest: () => ({ sha256: meter.hash.copy().digest('hex'), bytes: meter.bytes }),
    close: () => {
      pull.leave();
      return Promise.resolve();
    },
  };
}

async function* batchesOf(
  first: readonly RawRow[],
  pull: Pull<RowObject>,
  read: (row: unknown) => RawRow,
): AsyncGenerator<readonly RawRow[]> {
  try {
    if (first.length > 0) yield first;
    for await (const batch of inBatches(pull)) yield batch.map(read);
  } catch (error) {
    throw brokeOff(error);
  } finally {
    pull.leave();
  }
}

function isObject(item: unknown): item is RowObject {
  return typeof item === 'object' && item !== null && !Array.isArray(item);
}

/** What a program throws can hold anything: only the kind of error is named. The error itself is the cause. */
function brokeOff(error: unknown): UserError {
  if (error instanceof UserError) return error;
  const kind = error instanceof Error ? (/^\w{1,40}$/.exec(error.name)?.[0] ?? 'Error') : typeof error;
  const failure = new UserError(
    'usage',
    `The rows broke off: their iterable threw (${kind}).`,
    'See what ended it, then migrate the same rows again.',
  );
  failure.cause = error;
  return failure;
}

function nothingThere(): UserError {
  return new UserError(
    'usage',
    'There is nothing in rows.',
    'Nothing was begun. Say with identifyBy what names the users, where there may be none.',
  );
}

function onceOnly(): UserError {
  return new UserError(
    'usage',
    'The rows can be read only once, and another pass over them is needed.',
    'Pass a function that returns them anew each time; or migrate the same rows again.',
  );
}
