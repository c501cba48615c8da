import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { UserError } from '../../core/errors.js';
import { commandLine } from '../../core/shell.js';

/** Marks a SQLite file as one of our ledgers ("NYMG" in `PRAGMA application_id`). */
const APPLICATION_MARK = 0x4e594d47;
const MIGRATIONS = new URL('../../../migrations/', import.meta.url);
const NAME = /^(\d{3})_[a-z_]+\.sql$/;

/** Refuses what isn't a ledger, or is a newer one than this version understands; an empty file may become one. */
export function assertOurs(db: Database, path: string): void {
  if (isEmpty(db)) return;
  const mark = db.pragma('application_id', { simple: true });
  if (mark !== APPLICATION_MARK) {
    throw new UserError(
      'ledger',
      `${path} is a SQLite database, but not a ledger of nylas-migrate.`,
      'Name another file with --ledger.',
    );
  }
  const found = schemaVersion(db);
  const known = migrations().length;
  if (found > known) {
    throw new UserError(
      'ledger',
      `${path} was written by a newer nylas-migrate (schema ${found}, this version knows ${known}).`,
      'Use that newer version; nothing was changed.',
    );
  }
}

/** Whether a ledger lacks steps that this version knows, and has some. */
export function isOlder(db: Database): boolean {
  const found = schemaVersion(db);
  return found > 0 && found < migrations().length;
}

/** Refuses also what must first be made, or brought up to date. */
export function assertReadable(db: Database, path: string): void {
  assertOurs(db, path);
  const found = schemaVersion(db);
  if (found === migrations().length) return;
  throw new UserError(
    'ledger',
    found === 0 ? `${path} is empty: no run has begun it.` : `${path} is of an older nylas-migrate.`,
    found === 0
      ? 'Begin it with: nylas-migrate run users.csv'
      : `Bring it up to date first: ${commandLine(['nylas-migrate', 'status', '--ledger', path])}`,
  );
}

/** What a new ledger is told apart by, and what its fingerprints are made under. */
export interface NewIdentity {
  readonly ledgerId: string;
  /** 32 bytes. */
  readonly fingerprintKey: Uint8Array;
}

function randomIdentity(): NewIdentity {
  return { ledgerId: randomUUID(), fingerprintKey: randomBytes(32) };
}

/**
 * Brings a new or older ledger to the current schema, each step in a transaction of its own. The caller has
 * made sure that it is one.
 */
export function migrateSchema(
  db: Database,
  nowMs: number,
  { ledgerId, fingerprintKey }: NewIdentity = randomIdentity(),
): void {
  if (isEmpty(db)) db.pragma(`application_id = ${APPLICATION_MARK}`);
  for (const [index, sql] of migrations().entries()) {
    if (index >= schemaVersion(db)) apply(db, index + 1, sql);
  }
  db.prepare(
    'INSERT OR IGNORE INTO ledger (only, ledger_id, created_at, fingerprint_key) VALUES (1, ?, ?, ?)',
  ).run(ledgerId, nowMs, fingerprintKey);
}

function apply(db: Database, version: number, sql: string): void {
  db.transaction(() => {
    db.exec(sql);
    db.pragma(`user_version = ${version}`);
  }).exclusive();
}

function isEmpty(db: Database): boolean {
  return db.prepare('SELECT count(*) FROM sqlite_master').pluck().get() === 0 && schemaVersion(db) === 0;
}

export function schemaVersion(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

function migrations(): readonly string[] {
  const names = readdirSync(MIGRATIONS).filter((name) => NAME.test(name));
  return names.sort().map((name) => readFileSync(new URL(name, MIGRATIONS), 'utf8'));
}
