import { spawn, type ChildProcess } from 'node:child_process';
import { constants, openSync, type BigIntStats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { UserError } from '../../core/errors.js';

/** Where a CSV comes from. */
export type CsvInput =
  { readonly file: string } | { readonly stdin: Readable } | { readonly command: string };

/** The bytes of an input, as they are. */
export interface RawInput {
  readonly chunks: AsyncIterable<Buffer>;
  readonly bytesTotal: number | null;
  /** Whether it may be opened again. */
  readonly isRepeatable: boolean;
  /** Lets go of the input; whoever waits for its chunks gets an error. */
  readonly close: () => void;
}

/** As much as the parser takes at once: what has been read is then what has been parsed, for the progress. */
const FILE_CHUNK_BYTES = 64 * 1024;
/** What a file's mode must not grant: anything to its group or to others. */
const OTHERS_MODE = 0o077;

/** How an input is called where it is named as it was given. */
export function nameOf(input: CsvInput): string {
  if ('file' in input) return input.file;
  return 'stdin' in input ? 'standard input' : input.command;
}

/** How an input is called in messages: what a command was given can hold secrets, and is no name. */
export function calledIn(input: CsvInput): string {
  return 'command' in input ? 'the output of the input command' : nameOf(input);
}

/** Opens an input for one pass. Throws UserError where it can't be read. */
export async function openInput(input: CsvInput, warn: (message: string) => void): Promise<RawInput> {
  if ('file' in input) return openFile(input.file, warn);
  return 'stdin' in input ? openStream(input.stdin) : openCommand(input.command);
}

async function openFile(path: string, warn: (message: string) => void): Promise<RawInput> {
  const failed = (error: unknown): UserError => fileError(path, error);
  const raise = (error: unknown): never => {
    throw failed(error);
  };
  if ((await stat(path).catch(raise)).isFIFO()) return openFifo(path, failed);
  const handle = await open(path).catch(raise);
  const facts = await handle.stat({ bigint: true });
  if (facts.isDirectory()) {
    await handle.close();
    throw new UserError('usage', `${path} is a directory.`, 'Name a CSV file.');
  }
  if (facts.isFile() && (Number(facts.mode) & OTHERS_MODE) !== 0) warn(othersCanRead(path));
  const stream = handle.createReadStream({ highWaterMark: FILE_CHUNK_BYTES, autoClose: false });
  const { chunks, close } = fromStream(stream, failed);
  return {
    chunks: facts.isFile() ? thenUnchanged(chunks, handle, path, facts) : chunks,
    bytesTotal: facts.isFile() ? Number(facts.size) : null,
    isRepeatable: facts.isFile(),
    close: () => {
      close();
      // A handle that is closed already stays so; the file was only read.
      void handle.close().catch(() => undefined);
    },
  };
}

/** A named pipe. Opened like a file it would hold up this process, even its end, until somebody writes to it. */
function openFifo(path: string, failed: (error: unknown) => UserError): RawInput {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stream = new Socket({ fd, readable: true, writable: false });
    return { ...fromStream(stream, failed), bytesTotal: null, isRepeatable: false };
  } catch (error) {
    throw failed(error);
  }
}

/**
 * The chunks, and at their end a look whether the file is still what was opened. Before the end is believed:
 * a file that was cut short or written anew meanwhile may stop in the middle of a row.
 */
async function* thenUnchanged(
  chunks: AsyncIterable<Buffer>,
  handle: FileHandle,
  path: string,
  opened: BigIntStats,
): AsyncGenerator<Buffer> {
  yield* chunks;
  const [read, there] = await Promise.all([
    handle.stat({ bigint: true }),
    stat(path, { bigint: true }).catch(() => null),
  ]);
  const what = changeOf(opened, read, there);
  if (what === null) return;
  throw new UserError(
    'usage',
    `${path} ${what} while it was being read.`,
    'Let whatever writes it finish, then run again with the file as it should be.',
  );
}

/** What became of a file since it was opened: of what was read, and of what its path names now. */
function changeOf(opened: BigIntStats, read: BigIntStats, there: BigIntStats | null): string | null {
  if (read.size < opened.size) return 'was cut short';
  if (read.size > opened.size) return 'grew';
  if (read.mtimeNs !== opened.mtimeNs) return 'was changed';
  if (there === null) return 'was deleted or moved';
  return there.ino === opened.ino && there.dev === opened.dev ? null : 'was replaced by another file';
}

function othersCanRead(path: string): string {
  return `${path} can be read by other users of this machine, and it holds credentials: chmod 600 ${path}`;
}

function openStream(stream: Readable): RawInput {
  const failed = () =>
    new UserError(
      'usage',
      'Standard input broke off.',
      'See what ended it, then run the same command again.',
    );
  return { ...fromStream(stream, failed), bytesTotal: null, isRepeatable: false };
}

function fromStream(stream: Readable, asUserError: (error: unknown) => UserError) {
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of stream) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    } catch (error) {
      throw asUserError(error);
    }
  }
  return { chunks: chunks(), close: () => void stream.destroy() };
}

function openCommand(command: string): RawInput {
  // The command may ask for a passphrase and complain: it shares our terminal, but for its output.
  const child = spawn(command, { shell: true, stdio: ['inherit', 'pipe', 'inherit'] });
  const ending = endingOf(child);
  const output = fromStream(child.stdout, () => commandError('broke off'));
  async function* chunks(): AsyncGenerator<Buffer> {
    yield* output.chunks;
    // Before the end is believed: what a command that failed left behind may stop in the middle of a row.
    const failure = await ending;
    if (failure !== null) throw commandError(failure);
  }
  const end = keepWithin(child);
  const close = () => {
    output.close();
    end();
  };
  return { chunks: chunks(), bytesTotal: null, isRepeatable: true, close };
}

/** Ends a child when told to, and at the latest with this process: also where a second signal ends that at once. */
function keepWithin(child: ChildProcess): () => void {
  const kill = (): void => void child.kill();
  // eslint-disable-next-line no-restricted-globals -- nobody else knows of the child when the process ends
  const ending: NodeJS.EventEmitter = process;
  ending.once('exit', kill);
  return () => {
    ending.off('exit', kill);
    kill();
  };
}

/** How the command failed, or null if it didn't. */
function endingOf(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    child.once('error', () => {
      resolve('could not be started');
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve(null);
      else resolve(code === null ? `was ended by ${String(signal)}` : `failed with exit code ${code}`);
    });
  });
}

/** Neither the command's output nor its arguments are repeated: both can hold secrets. */
function commandError(failure: string): UserError {
  return new UserError(
    'usage',
    `The input command ${failure}.`,
    'See what it says above, try it by itself, then run again.',
  );
}

const FILE_ERRORS: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ['was not found', 'Check the path.'],
  ENOTDIR: ['was not found', 'Check the path.'],
  EACCES: ['can’t be read: no permission', 'Run as a user who may read it, or change its owner.'],
  EPERM: ['can’t be read: no permission', 'Run as a user who may read it, or change its owner.'],
  EISDIR: ['is a directory', 'Name a CSV file.'],
  EMFILE: ['can’t be opened: too many open files', 'Raise the limit with ulimit -n.'],
};

function fileError(path: string, error: unknown): UserError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  const [what, next] = FILE_ERRORS[code] ?? [`can't be read (${code})`, 'Check the disk, then run again.'];
  return new UserError('usage', `${path} ${what}.`, next);
}
