import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/adapters/clock/index.js';
import { openLedger } from '../../../src/adapters/sqlite/ledger.js';
import { openReader } from '../../../src/adapters/sqlite/reader.js';
import { issueOf, makeFolder, Story } from '../../support/ledger.js';
import { userError } from '../../support/user-error.js';

let folder: ReturnType<typeof makeFolder>;
let path: string;

beforeEach(() => {
  folder = makeFolder();
  path = folder.path('acme.db');
});

afterEach(() => {
  folder.remove();
});

/** A ledger as it was when so many steps of its schema were known. */
function makeOlder(file: string, steps: number): void {
  const db = new Sqlite(file);
  db.pragma('application_id = 1314475335');
  for (const name of readdirSync('migrations').sort().slice(0, steps))
    db.exec(readFileSync(join('migrations', name), 'utf8'));
  db.pragma(`user_version = ${steps}`);
  db.prepare('INSERT INTO ledger (only, ledger_id, created_at, fingerprint_key) VALUES (1, ?, ?, ?)').run(
    'older',
    7,
    Buffer.alloc(32),
  );
  db.close();
}

const OPENERS = [
  ['to write', () => openLedger(path, systemClock)],
  ['to read', () => openReader(path)],
] as const;

describe('what is opened', () => {
  it('makes a ledger that only its owner can read, with its companions', () => {
    const story = new Story(path);
    for (const name of ['acme.db', 'acme.db-wal', 'acme.db-shm', 'acme.db.lock']) {
      expect([name, statSync(folder.path(name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    story.close();
  });

  it('keeps its identity and its fingerprint key when it is opened again', () => {
    const first = openLedger(path, systemClock);
    const key = Buffer.from(first.fingerprintKey);
    first.close();
    const second = openLedger(path, systemClock);
    expect(Buffer.from(second.fingerprintKey)).toEqual(key);
    expect(key).toHaveLength(32);
    second.close();
  });

  it.each(OPENERS)('refuses the ledger of a newer version %s, and leaves it as it is', (_how, open) => {
    new Story(path).close();
    const db = new Sqlite(path);
    db.pragma('user_version = 99');
    db.close();
    const before = readFileSync(path);
    expect(open).toThrow(userError('ledger', 'newer'));
    expect(readFileSync(path)).toEqual(before);
  });

  it.each(OPENERS)(
    'brings the ledger of an older version up to date %s, and keeps what it holds',
    (_how, open) => {
      makeOlder(path, 9);
      open().close();
      const reader = openReader(path);
      expect(reader.identity()).toMatchObject({ ledgerId: 'older', createdAtMs: 7 });
      expect(reader.schemaVersion()).toBe(readdirSync('migrations').length);
      reader.close();
    },
  );

  it('of an older version that a run holds is left alone', () => {
    makeOlder(path, 9);
    const lock = new Sqlite(`${path}.lock`);
    lock.exec('BEGIN EXCLUSIVE');
    expect(() => openReader(path)).toThrow(userError('locked', 'Another run holds'));
    lock.close();
  });

  it.each(OPENERS)("refuses another program's database %s, and leaves it as it is", (_how, open) => {
    const db = new Sqlite(path);
    db.exec('CREATE TABLE bookmarks (url TEXT)');
    db.close();
    const before = readFileSync(path);
    expect(open).toThrow(userError('ledger', 'not a ledger'));
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(folder.path('.')).filter((name) => /-(wal|shm)$|\.lock$/.test(name))).toEqual([]);
  });

  it.each(OPENERS)('refuses a file that is no database %s, and leaves it as it is', (_how, open) => {
    const text = 'email,refresh_token\n'.repeat(100);
    writeFileSync(path, text);
    expect(open).toThrow(userError('ledger', 'not a SQLite', 'next'));
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('begins a ledger in an empty file, which an interrupted start leaves behind', () => {
    writeFileSync(path, '');
    expect(() => openReader(path)).toThrow(userError('ledger'));
    const story = new Story(path);
    expect(story.runId).toBe(1);
    story.close();
  });

  it('says how to make a ledger where there is none, and makes none by reading', () => {
    expect(() => openReader(path)).toThrow(userError('ledger', 'There is no ledger'));
    expect(readdirSync(folder.path('.'))).toEqual([]);
  });

  it('says what to do about a folder that does not exist', () => {
    expect(() => openLedger(folder.path('nowhere/acme.db'), systemClock)).toThrow(
      userError('ledger', 'Make the folder', 'next'),
    );
  });
});

describe('what the schema holds to', () => {
  it.each(['attempt_starts', 'attempt_ends'])('%s can neither be changed nor deleted', async (table) => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' });
    story.close();
    const db = new Sqlite(path);
    const column = table === 'attempt_starts' ? 'started_at' : 'ended_at';
    expect(() => db.exec(`UPDATE ${table} SET ${column} = 0`)).toThrow('insert-only');
    expect(() => db.exec(`DELETE FROM ${table}`)).toThrow('insert-only');
    db.close();
  });

  it.each([
    ['migrated without a grant', "UPDATE records SET status = 'migrated'"],
    ['failed without a category', "UPDATE records SET status = 'failed', category = NULL"],
    ['of an unknown status', "UPDATE records SET status = 'lost'"],
    ['of an unknown origin', "UPDATE records SET origin = 'nowhere'"],
  ])('holds no record %s', async (_what, sql) => {
    const story = new Story(path);
    await story.throttle({ key: 'ada' }, 0);
    story.close();
    const db = new Sqlite(path);
    expect(() => db.exec(sql)).toThrow('CHECK');
    db.close();
  });

  it('has no column that could hold a credential', async () => {
    const story = new Story(path);
    await story.refuse({ key: 'ada' }, 'needs_reauth', { errorMessage: 'refused' });
    await story.ledger.note(story.runId, issueOf({}));
    story.close();
    const db = new Sqlite(path, { readonly: true });
    const columns = db
      .prepare<[], { name: string }>(
        "SELECT lower(c.name) AS name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type IN ('table', 'view')",
      )
      .all()
      .map(({ name }) => name);
    expect(
      columns.filter((name) => /token|password|secret|credential(?!_id)|body|settings/.test(name)),
    ).toEqual([]);
    db.close();
  });
});
