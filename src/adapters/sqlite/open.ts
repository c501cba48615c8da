import { accessSync, closeSync, constants, existsSync, openSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { UserError } from '../../core/errors.js';
import { codeOf, describeWriteTrouble } from '../../core/file-trouble.js';
import { assertSound, copyOf, keepAndGoBack } from './damage.js';
import { assertOurs, assertReadable, isOlder, migrateSchema, type NewIdentity } from './schema.js';

const BUSY_TIMEOUT_MS = 5_000;
/** A reader that asks whether the lock is held has it for an instant itself. */
const LOCK_TIMEOUT_MS = 250;

/** SQLite has no word for it, or a misleading one. Throws UserError('ledger'). */
function assertNoDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  throw new UserError(
    'ledger',
    `The ledger ${path} can't be used: it is a directory.`,
    'Name a file with --ledger.',
  );
}

/** Throws UserError('ledger') where there is no file of that name. */
export function assertExists(path: string): void {
  if (existsSync(path)) return;
  const folder = dirname(path);
  throw new UserError(
    'ledger',
    `There is no ledger at ${path}${existsSync(folder) ? '' : `: there is no folder ${folder}`}.`,
    'Name it with --ledger FILE, or make one with: nylas-migrate run users.csv',
  );
}

/** Another program's database gets no lock beside it: one that has a lock was a ledger. Throws UserError('ledger'). */
export function assertNotForeign(path: string): void {
  if (existsSync(path) && !existsSync(lockOf(path))) openForReading(path, assertOurs).close();
}

/** Opens a ledger to write, making it where there is none. Throws UserError('ledger'). */
export function openForWriting(path: string, nowMs: number, identity?: NewIdentity): Database {
  return guarded(path, () => {
    makeFile(path);
    return opened(new Sqlite(path, { timeout: BUSY_TIMEOUT_MS }), (db) => {
      // Before anything is set: another program's file stays as it is.
      assertOurs(db, path);
      assertSound(db, path);
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL');
      db.pragma('foreign_keys = ON');
      migrateSchema(db, nowMs, identity);
    });
  });
}

/**
 * Opens an existing ledger to read, also while a run holds it; `assert` refuses what isn't fit for that.
 * Throws UserError('ledger').
 */
export function openForReading(path: string, assert = assertReadable): Database {
  assertExists(path);
  assertNoDirectory(path);
  return guarded(path, () =>
    opened(new Sqlite(path, { readonly: true, timeout: BUSY_TIMEOUT_MS }), (db) => {
      assert(db, path);
    }),
  );
}

/**
 * As `openForReading`, of a ledger of an older version too: it is brought up to date first, unless a run holds it.
 * Throws UserError('ledger' | 'locked').
 */
export function openUpToDate(path: string): Database {
  const db = openForReading(path, assertOurs);
  const older = guarded(path, () => isOlder(db));
  if (!older)
    return opened(db, () => {
      guarded(path, () => {
        assertReadable(db, path);
      });
    });
  db.close();
  const lock = takeLock(path, () => describeHolder(path));
  try {
    openForWriting(path, Date.now()).close();
  } finally {
    lock.close();
  }
  return openForReading(path);
}

/**
 * Takes the lock beside a ledger: a database under BEGIN EXCLUSIVE, which dies with its process however that
 * ends. Throws UserError('locked') where another process holds it.
 */
export function takeLock(path: string, holder: () => string): Database {
  const file = lockOf(path);
  guarded(path, () => {
    assertNoDirectory(path);
    makeFile(file);
  });
  return guarded(file, () =>
    opened(new Sqlite(file, { timeout: LOCK_TIMEOUT_MS }), (lock) => {
      if (!isBusy(() => lock.exec('BEGIN EXCLUSIVE'))) return;
      throw new UserError(
        'locked',
        `Another run holds ${path}${holder()}.`,
        'Wait until it has ended, or stop it; nothing was changed.',
      );
    }),
  );
}

/** Whether a process holds the ledger's lock at this moment. */
export function isLockHeld(path: string): boolean {
  const file = lockOf(path);
  if (!existsSync(file)) return false;
  return guarded(file, () => {
    const lock = new Sqlite(file, { readonly: true, timeout: 0 });
    try {
      return isBusy(() => lock.prepare('SELECT count(*) FROM sqlite_master').get());
    } finally {
      lock.close();
    }
  });
}

export function lockOf(path: string): string {
  return `${path}.lock`;
}

/**
 * Makes an empty file of mode 0600 where there is none. One that exists is not even opened: closing it again
 * would drop the locks that this process holds on it (POSIX).
 */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** Finishes opening a database, or closes it again. */
function opened(db: Database, finish: (db: Database) => void): Database {
  try {
    finish(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function isBusy(action: () => unknown): boolean {
  try {
    action();
    return false;
  } catch (error) {
    if (error instanceof Sqlite.SqliteError && error.code === 'SQLITE_BUSY') return true;
    throw error;
  }
}

/** Who holds a ledger, for messages: its latest run that hasn't ended. */
export function describeHolder(path: string): string {
  try {
    const run = latestUnended(path);
    if (run === undefined) return JUST_BEGINNING;
    const here = run.host === hostname() ? ' (this machine)' : '';
    return `: process ${run.pid} on ${run.host}${here}, since ${new Date(run.started_at).toISOString()}`;
  } catch {
    // The holder may be making the ledger at this very moment.
    return JUST_BEGINNING;
  }
}

const JUST_BEGINNING = ', and is just beginning';

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly started_at: number;
}

function latestUnended(path: string): Holder | undefined {
  const db = new Sqlite(path, { readonly: true });
  try {
    return db
      .prepare<[], Holder>(
        'SELECT pid, host, started_at FROM ledger_runs WHERE ended_at IS NULL ORDER BY run_id DESC LIMIT 1',
      )
      .get();
  } finally {
    db.close();
  }
}

/** Turns SQLite's and the file system's errors into what the user can do about them. */
export function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw ledgerError(path, error);
  }
}

export function ledgerError(path: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  if (isNoJson(error)) {
    const message = `The ledger ${path} is damaged: something in it isn't what was written.`;
    return new UserError('ledger', message, keepAndGoBack(path));
  }
  const code = codeOf(error);
  const next = NEXT_STEPS.find(([pattern]) => pattern.test(code))?.[1];
  return new UserError(
    'ledger',
    `The ledger ${path} can't be used: ${detailOf(error, code)}.`,
    next?.(path) ?? 'Check the file and its folder, or name another with --ledger.',
  );
}

/** SQLite's words are plain enough; its code stands behind them as the system's does. */
function detailOf(error: unknown, code: string): string {
  const detail = describeWriteTrouble(error);
  return code === '' || detail.endsWith(`(${code})`) ? detail : `${detail} (${code})`;
}

/** SQLite has no checksums: what was written as JSON shows damage that it doesn't notice. */
function isNoJson(error: unknown): boolean {
  return error instanceof SyntaxError || (error instanceof Error && error.message === 'malformed JSON');
}

const NEXT_STEPS: readonly (readonly [RegExp, (path: string) => string])[] = [
  [/NOTADB/, notADatabase],
  [/CORRUPT|SHORT_READ/, keepAndGoBack],
  [/FULL|ENOSPC/, () => 'Make room on that disk, then run the same command again: it resumes.'],
  [/EROFS/, () => 'Name a ledger on a file system that can be written, with --ledger.'],
  [/READONLY|EACCES|EPERM/, () => 'Make the file and its folder writable for this user.'],
  [/EMFILE|ENFILE/, () => 'Raise the limit of open files (ulimit -n), then run again.'],
  [/ENOENT|ENOTDIR|CANTOPEN/, cannotOpen],
  [/BUSY|LOCKED/, () => 'Another program has the file open; close it and run again.'],
  [
    /IOERR/,
    () => 'Check that disk, its room and its limits (df, quota, ulimit -f), then run again: it resumes.',
  ],
];

/** SQLite has one word for all of these. */
function cannotOpen(path: string): string {
  if (!existsSync(path)) return 'Make the folder first, or name another place with --ledger.';
  if (isOnReadOnlyFileSystem(path))
    return `Its file system is read-only. To read it, copy it to a folder that is writable, with ${path}-wal where there is one: even a reader makes a file beside it.`;
  return 'Make the file and its folder writable for this user; a low limit of open files (ulimit -n) ends so too.';
}

function isOnReadOnlyFileSystem(path: string): boolean {
  try {
    accessSync(dirname(path), constants.W_OK);
    return false;
  } catch (error) {
    return codeOf(error) === 'EROFS';
  }
}

/** A ledger whose first page is gone looks like a file of another kind; a copy beside it tells. */
function notADatabase(path: string): string {
  if (existsSync(copyOf(path))) return `The file is damaged. ${keepAndGoBack(path)}`;
  return 'This file is not a SQLite database: name another with --ledger.';
}
