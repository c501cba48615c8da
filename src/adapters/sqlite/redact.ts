import { existsSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { formatCounted } from '../../core/counted.js';
import { UserError } from '../../core/errors.js';
import { forgetCarried, forgetIn, forgetReasons, holdsAddress } from '../../core/forget.js';
import type { Redaction } from '../../ports/ledger.js';
import { copyBeside } from './backup.js';
import { copyOf } from './damage.js';
import { describeHolder, guarded, openForReading, openForWriting, takeLock } from './open.js';

/** What a redaction would change; nothing is changed. Throws UserError where it can't be done. */
export function planRedaction(path: string): Redaction {
  const db = openForReading(path);
  try {
    return guarded(path, () => {
      addFunctions(db);
      assertKeysStay(db, path);
      return countOf(db, path);
    });
  } finally {
    db.close();
  }
}

/**
 * Makes a ledger, and the copy that runs make of it, forget every email address: no byte of one remains in the
 * files. Takes the ledger's lock. Throws UserError.
 */
export async function redactLedger(path: string, nowMs: number): Promise<Redaction> {
  // A reader's message where there is no ledger: opening it to write would make one.
  openForReading(path).close();
  const lock = takeLock(path, () => describeHolder(path));
  try {
    const redaction = forgetAndRewrite(path, nowMs);
    if (redaction.copy !== null) await replaceCopy(path, redaction.copy);
    return redaction;
  } finally {
    lock.close();
  }
}

function forgetAndRewrite(path: string, nowMs: number): Redaction {
  const db = openForWriting(path, nowMs);
  try {
    return guarded(path, () => {
      addFunctions(db);
      assertKeysStay(db, path);
      const redaction = countOf(db, path);
      db.transaction(() => {
        withoutTriggers(db, () => {
          forget(db, nowMs);
        });
      }).exclusive();
      rewrite(db, path);
      return redaction;
    });
  } finally {
    db.close();
  }
}

function assertKeysStay(db: Database, path: string): void {
  const keying = db.prepare('SELECT keying FROM ledger').pluck().get();
  const named = keying === 'email' ? 'all' : addressKeys(db);
  if (named === 0) return;
  const which =
    named === 'all'
      ? 'names its users by their emails'
      : `has ${formatCounted(named, 'record key')} with an email address in it`;
  throw new UserError(
    'usage',
    `The ledger ${path} ${which}: without them no later run would know who is migrated, and it would submit everybody again.`,
    'Keep it where such data may be kept, or delete it, its .bak and its copies as a whole; nothing was changed.',
  );
}

function addressKeys(db: Database): number {
  return Number(db.prepare('SELECT count(*) FROM records WHERE holds_address(key)').pluck().get());
}

function countOf(db: Database, path: string): Redaction {
  const count = (from: string): number => Number(db.prepare(`SELECT count(*) FROM ${from}`).pluck().get());
  return {
    records: count('records'),
    addresses: count('records WHERE email IS NOT NULL OR mailbox IS NOT NULL OR grant_email IS NOT NULL'),
    open: count("records WHERE status <> 'migrated'"),
    rows: count('row_issues WHERE email IS NOT NULL'),
    grantsSeen: count('grants_seen WHERE mailbox IS NOT NULL'),
    copy: existsSync(copyOf(path)) ? copyOf(path) : null,
  };
}

/** Null stays null. */
function addFunctions(db: Database): void {
  const add = (name: string, act: (text: string, own: readonly string[]) => string): void => {
    db.function(name, { varargs: true, deterministic: true }, (text: unknown, ...own: unknown[]) =>
      typeof text === 'string' ? act(text, own.filter(isText)) : null,
    );
  };
  add('forget', forgetIn);
  add('forget_whole', (text, own) => (forgetIn(text, own) === text ? text : ''));
  add('forget_carried', (text, own) =>
    JSON.stringify(forgetCarried(JSON.parse(text) as Record<string, string>, own)),
  );
  add('forget_reasons', (text, own) =>
    JSON.stringify(forgetReasons(JSON.parse(text) as Parameters<typeof forgetReasons>[0], own)),
  );
  db.function('holds_address', { deterministic: true }, (text: unknown) =>
    typeof text === 'string' && holdsAddress(text) ? 1 : 0,
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/**
 * The one exception to what is insert-only, and no outcome that anybody needs to be fed with. Within the caller's
 * transaction: the triggers are there again for whoever looks.
 */
function withoutTriggers(db: Database, act: () => void): void {
  const triggers = db
    .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    .all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER "${name}"`);
  act();
  for (const { sql } of triggers) db.exec(sql);
}

/** Attempts and decisions first: what was said of a record is looked through for the addresses that it still has. */
function forget(db: Database, nowMs: number): void {
  db.exec(`
    UPDATE attempt_ends SET
      error_message = forget(attempt_ends.error_message, r.email, r.grant_email),
      provider_error = forget(attempt_ends.provider_error, r.email, r.grant_email)
    FROM attempt_starts AS s JOIN records AS r USING (record_id)
    WHERE s.attempt_id = attempt_ends.attempt_id
      AND coalesce(attempt_ends.error_message, attempt_ends.provider_error) IS NOT NULL`);
  db.exec(`
    UPDATE decisions SET
      why = forget(decisions.why, r.email, r.grant_email, decisions.held_email),
      decided_by = forget(decisions.decided_by), held_email = NULL
    FROM records AS r WHERE r.record_id = decisions.record_id`);
  db.exec(`
    UPDATE records SET
      error_message = forget(error_message, email, grant_email),
      provider_error = forget(provider_error, email, grant_email),
      carried = forget_carried(carried, email, grant_email),
      account_id = nullif(forget_whole(account_id, email, grant_email), ''),
      email = NULL, mailbox = NULL, grant_email = NULL`);
  db.exec(`
    UPDATE row_issues SET
      reasons = forget_reasons(reasons, email), carried = forget_carried(carried, email),
      key = nullif(forget_whole(key, email), ''), account_id = nullif(forget_whole(account_id, email), ''),
      provider = forget(provider, email), email = NULL`);
  // The next run lists everything anew: a mailbox that has its grant is not given another credential.
  db.exec('DELETE FROM grants_seen');
  db.exec(`
    UPDATE runs SET
      label = forget(label), ended_why = forget(ended_why),
      options = forget(options), input_name = forget(input_name)`);
  db.prepare('UPDATE ledger SET listed_until = NULL, renewed_until = NULL, redacted_at = ?').run(nowMs);
}

/** SQLite leaves what was deleted in free pages and in its WAL: both are written anew. */
function rewrite(db: Database, path: string): void {
  db.exec('VACUUM');
  const [done] = db.pragma('wal_checkpoint(TRUNCATE)') as readonly { readonly busy: number }[];
  if (done?.busy === 0) return;
  throw new UserError(
    'ledger',
    `The ledger ${path} has forgotten its addresses, but another program reads it: until that ends, they are still in the file.`,
    'End that program, then run the same command again.',
  );
}

async function replaceCopy(path: string, copy: string): Promise<void> {
  try {
    await copyBeside(path);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const message = `The ledger ${path} has forgotten its addresses, but its copy ${copy} has not: ${error.message}`;
    throw new UserError('usage', message, `Delete ${copy}, or run the same command again.`);
  }
}
