import { randomUUID } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../core/errors.js';
import { describeWriteTrouble } from '../../core/file-trouble.js';

/**
 * Where a report goes: a stream that stays open, or a file that is there whole or not at all. `onGone` is told
 * where the stream's reader left before the end.
 */
/** `option` names the file, in messages; else that is --out. */
export type ReportOut =
  | { readonly stream: Writable; readonly onGone?: () => void }
  | { readonly file: string; readonly option?: string };

/** Some pieces of text wait while others are written, so that making them need not wait for the disk. */
const FILE_OPTIONS = { flush: true, highWaterMark: 128 * 1024 };

/** Writes the text out, as fast as it is taken. Whoever stops reading a stream ends it quietly. */
export async function writeOut(text: Iterable<string>, out: ReportOut): Promise<void> {
  if ('stream' in out) await writeToStream(text, out.stream, out.onGone);
  else await writeToFile(text, out.file, out.option ?? '--out');
}

async function writeToStream(
  text: Iterable<string>,
  stream: Writable,
  onGone: () => void = () => undefined,
): Promise<void> {
  try {
    await pipeline(Readable.from(text), stream, { end: false });
  } catch (error) {
    if (hasCode(error) && READER_GONE.has(error.code)) {
      onGone();
      return;
    }
    throw isSystemError(error) ? cannotWrite('Standard output', '--out', error) : error;
  }
}

async function writeToFile(text: Iterable<string>, file: string, option: string): Promise<void> {
  try {
    const target = await regularTarget(file, option);
    if (target === null) await pipeline(Readable.from(text), createWriteStream(file));
    else await replaceFile(text, target);
  } catch (error) {
    throw isSystemError(error) ? cannotWrite(file, option, error) : error;
  }
}

/** The file that a rename may replace, through links; null where it is a device or a pipe, which is written to. */
async function regularTarget(file: string, option: string): Promise<string | null> {
  const facts = await stat(file).catch(() => null);
  if (facts === null) return file;
  if (facts.isDirectory()) throw cannotWrite(file, option, new Error('it is a directory'));
  return facts.isFile() ? realpath(file) : null;
}

async function replaceFile(text: Iterable<string>, file: string): Promise<void> {
  const temporary = join(dirname(file), `.${basename(file)}.${randomUUID().slice(0, 8)}.tmp`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    await pipeline(Readable.from(text), handle.createWriteStream(FILE_OPTIONS));
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function cannotWrite(file: string, option: string, error: unknown): UserError {
  const detail = describeWriteTrouble(error);
  return new UserError('usage', `${file} can't be written: ${detail}.`, `Name another file with ${option}.`);
}

/** Codes of a stream whose other end has had enough. */
const READER_GONE = new Set(['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']);

/** An error of the file system: ours and SQLite's pass as they are. */
function isSystemError(error: unknown): boolean {
  return hasCode(error) && 'syscall' in error;
}

function hasCode(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
