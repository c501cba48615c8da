import { randomUUID } from 'node:crypto';
import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { existsSync, fsyncSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { UserError } from '../../core/errors.js';
import { codeOf, describeWriteTrouble } from '../../core/file-trouble.js';
import type { LedgerCopy } from '../../ports/ledger.js';
import { assertIntact, copyOf } from './damage.js';
import { guarded, ledgerError, lockOf, openForReading } from './open.js';
import { assertOurs } from './schema.js';

/** 4 MiB. */
const PAGES_A_STEP = 1_024;

/** Copies a ledger as it is at one moment, also while a run holds it. Throws UserError. */
export async function backUpLedger(path: string, file: string): Promise<LedgerCopy> {
  const db = openForReading(path, assertOurs);
  try {
    const ledgerId = guarded(path, () => holdMoment(db));
    assertReplaceable(path, file, ledgerId);
    const temporary = join(dirname(file), `.${basename(file)}.${randomUUID().slice(0, 8)}.tmp`);
    return await copyTo(db, path, { file, temporary });
  } finally {
    db.close();
  }
}

/**
 * Copies a ledger to its `.bak` for the run that holds it. Throws UserError, of kind `ledger` only where it is
 * damaged: that it can't be opened once more, for want of descriptors, doesn't concern the run.
 */
export async function copyBeside(path: string): Promise<void> {
  const file = copyOf(path);
  try {
    // The lock keeps others away: what lies there was left behind by a process that was killed.
    await discardBeside(path);
    await assertRoom(path, file);
    await copyOpened(path, file);
  } catch (error) {
    throw copyError(path, file, error);
  }
}

async function copyOpened(path: string, file: string): Promise<void> {
  const db = new Sqlite(path, { readonly: true });
  try {
    assertReplaceable(path, file, holdMoment(db));
    await copyTo(db, path, { file, temporary: temporaryBeside(path) });
  } finally {
    db.close();
  }
}

/**
 * Keeps to one moment from now on: without it, every change of a run would make the copying begin anew. Returns
 * the ledger's id.
 */
function holdMoment(db: Database): string {
  db.exec('BEGIN');
  return ledgerIdOf(db);
}

/** Removes what a copy that was given up has left beside the ledger. */
export async function discardBeside(path: string): Promise<void> {
  await discard(temporaryBeside(path));
}

function temporaryBeside(path: string): string {
  return `${copyOf(path)}.tmp`;
}

/** The copy must not take the room that the ledger itself still needs. */
async function assertRoom(path: string, file: string): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(file));
  const { size } = await stat(path);
  if (bavail * bsize >= 2 * size) return;
  throw new UserError(
    'usage',
    `There is no room for a copy of the ledger (${file}).`,
    'Make room on that disk.',
  );
}

interface Target {
  readonly file: string;
  /** In the same folder: it becomes the file in one step. */
  readonly temporary: string;
}

async function copyTo(db: Database, path: string, { file, temporary }: Target): Promise<LedgerCopy> {
  try {
    await copyPages(db, temporary);
    const records = finish(temporary, path);
    // What SQLite would take for the new file's own, if it were left there by the old one.
    await rm(`${file}-wal`, { force: true });
    await rm(`${file}-shm`, { force: true });
    await rename(temporary, file);
    return { file, records, bytes: (await stat(file)).size };
  } catch (error) {
    await discard(temporary);
    throw copyError(path, file, error);
  }
}

/** Syncs the copy bit by bit: the commits of a run would wait for whatever of it the disk still has to take. */
async function copyPages(db: Database, temporary: string): Promise<void> {
  const file = await open(temporary, 'wx', 0o600);
  const progress = (): number => {
    fsyncSync(file.fd);
    return PAGES_A_STEP;
  };
  try {
    await db.backup(temporary, { progress });
  } finally {
    await file.close();
  }
}

/**
 * Makes a copy a file that stands alone, to be moved about without a WAL, and makes sure that it is sound: one
 * of a damaged ledger must not take the place of a good one. Returns how many records it has.
 */
function finish(file: string, path: string): number {
  const copy = new Sqlite(file);
  try {
    assertIntact(copy, path);
    copy.pragma('journal_mode = DELETE');
    return Number(copy.prepare('SELECT count(*) FROM records').pluck().get());
  } finally {
    copy.close();
  }
}

async function discard(file: string): Promise<void> {
  for (const suffix of ['', '-journal', '-wal', '-shm']) await rm(`${file}${suffix}`, { force: true });
}

/** Only an earlier copy of the same ledger, that no run has gone on from, makes way for a new one. */
function assertReplaceable(path: string, file: string, ledgerId: string): void {
  const there = statSync(file, { throwIfNoEntry: false });
  if (there === undefined) return;
  const source = statSync(path, { throwIfNoEntry: false });
  const why =
    source?.ino === there.ino && source.dev === there.dev
      ? 'is the ledger itself'
      : there.isDirectory()
        ? 'is a directory'
        : existsSync(lockOf(file))
          ? 'is a ledger that was run with'
          : copiedLedgerId(file) === ledgerId
            ? null
            : 'is something else than an earlier copy of this ledger';
  if (why !== null) throw new UserError('usage', `${file} ${why}: it stays as it is.`, 'Name another file.');
}

/** Null where the file is no ledger. */
function copiedLedgerId(file: string): string | null {
  try {
    const db = new Sqlite(file, { readonly: true });
    try {
      assertOurs(db, file);
      return ledgerIdOf(db);
    } finally {
      db.close();
    }
  } catch {
    // Whatever it is, it isn't ours to replace.
    return null;
  }
}

function ledgerIdOf(db: Database): string {
  return String(db.prepare('SELECT ledger_id FROM ledger').pluck().get());
}

/** Damage is the ledger's; anything else, the place's where the copy shall go. */
function copyError(path: string, file: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  if (/CORRUPT|NOTADB/.test(codeOf(error))) return ledgerError(path, error);
  return new UserError(
    'usage',
    `The copy ${file} can't be written: ${describeWriteTrouble(error)}.`,
    'Name another file, on a disk with room for it.',
  );
}
