import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testFolder } from '../support/cli.js';
import { runHere } from '../support/command.js';
import { issueOf, Story } from '../support/ledger.js';
import { postgresFolder, startPostgres, type Postgres } from '../support/postgres.js';

const AWKWARD = [
  "o'hara",
  'back\\slash\\',
  'semi;--colon',
  'dollar$$',
  '"quoted"',
  'ключ 🔑',
  "\\'; DROP TABLE",
];

/** A ledger of users that are migrated, by names that are hard to quote, and of some that are not. */
async function makeLedger(path: string): Promise<void> {
  const story = new Story(path);
  for (const key of AWKWARD) await story.migrate({ key, email: null }, `grant-of-${key}`);
  await story.migrate({ key: 'ada', carried: { user_id: '1' } }, 'grant-ada');
  await story.migrate({ key: 'bob', carried: { user_id: '2' } }, 'grant-bob');
  await story.migrate({ key: 'team-1', carried: { user_id: '3' } }, 'grant-team-1');
  await story.migrate({ key: 'team-2', carried: { user_id: '3' } }, 'grant-team-2');
  await story.refuse({ key: 'eve', carried: { user_id: '4' } }, 'needs_reauth');
  const repeat = { line: 20, kind: 'duplicate', key: 'ada', provider: 'google' } as const;
  await story.ledger.note(
    story.runId,
    issueOf({ ...repeat, accountId: 'ada-twice', carried: { user_id: '5' } }),
  );
  story.endAndClose();
}

async function script(cwd: string, options: readonly string[]): Promise<string> {
  const args = ['report', '--ledger', 'acme.db', '--format', 'sql', '--out', 'grants.sql', ...options];
  const { exitCode, stderr } = await runHere(args, { cwd });
  expect(exitCode, stderr).toBe(0);
  return readFileSync(join(cwd, 'grants.sql'), 'utf8');
}

/** A database of the user's, and what this test needs of it. */
interface Target {
  readonly dialect: string;
  readonly run: (sql: string) => void;
  /** The grant ids by key. */
  readonly grants: (table: string) => Record<string, string | null>;
  readonly total: () => string;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const USERS = (table: string): string => `
  DROP TABLE IF EXISTS ${table};
  CREATE TABLE ${table} (account_id VARCHAR(100) PRIMARY KEY, "the Grant" VARCHAR(100));
  INSERT INTO ${table} (account_id) VALUES ${[...AWKWARD, 'ada', 'ada-twice', 'eve', 'ADA']
    .map((key) => `(${quoted(key)})`)
    .join(', ')};
  INSERT INTO ${table} VALUES ('bob', 'another grant');`;

const BY_ACCOUNT = ['--key', 'account_id', '--set', 'the Grant'];

/** What holds of every database. */
function behaves(target: () => Target, table: string): void {
  it('sets what is empty, leaves another grant id alone, and changes nothing the second time', async () => {
    const cwd = testFolder();
    await makeLedger(join(cwd, 'acme.db'));
    const { dialect, run, grants } = target();
    run(USERS(table));
    const sql = await script(cwd, ['--dialect', dialect, '--table', table, ...BY_ACCOUNT]);
    run(sql);
    const once = grants(table);
    expect(once).toEqual({
      ...Object.fromEntries(AWKWARD.map((key) => [key, `grant-of-${key}`])),
      ada: 'grant-ada',
      'ada-twice': 'grant-ada',
      bob: 'another grant',
      eve: null,
      ADA: null,
    });
    run(sql);
    expect(grants(table)).toEqual(once);
  });

  it('writes nothing for a key of two grants, finds rows by a number, and sets a column that can not be NULL', async () => {
    const cwd = testFolder();
    await makeLedger(join(cwd, 'acme.db'));
    const { dialect, run, grants } = target();
    run(`DROP TABLE IF EXISTS people;
      CREATE TABLE people (account_id INTEGER PRIMARY KEY, "the Grant" VARCHAR(100) NOT NULL DEFAULT '');
      INSERT INTO people (account_id) VALUES (1), (2), (3), (4), (5);`);
    const where = ['--table', 'people', '--key', 'account_id=user_id', '--set', 'the Grant'];
    const sql = await script(cwd, ['--dialect', dialect, ...where]);
    run(sql);
    run(sql);
    expect(grants('people')).toEqual({ 1: 'grant-ada', 2: 'grant-bob', 3: '', 4: '', 5: 'grant-ada' });
    expect(sql).toContain('-- 1 key not written: each stands for several grants.');
  });

  it('says how many were set, had theirs, hold another one or were not found', async () => {
    const cwd = testFolder();
    await makeLedger(join(cwd, 'acme.db'));
    const { dialect, run, total } = target();
    run(USERS(table));
    const sql = await script(cwd, ['--dialect', dialect, '--table', table, ...BY_ACCOUNT]);
    run(sql);
    expect(total()).toBe(`holds another 1, not found 2, set now ${AWKWARD.length + 2}`);
    run(sql);
    expect(total()).toBe(`had it ${AWKWARD.length + 2}, holds another 1, not found 2`);
  });

  it('writes more than one batch', async () => {
    const cwd = testFolder();
    const story = new Story(join(cwd, 'acme.db'));
    const keys = Array.from({ length: 1_001 }, (_, n) => `user-${n}`);
    await Promise.all(keys.map((key) => story.migrate({ key })));
    story.endAndClose();
    const { dialect, run, grants } = target();
    run(`DROP TABLE IF EXISTS ${table}; CREATE TABLE ${table} (account_id VARCHAR(100), "the Grant" VARCHAR(100));
      INSERT INTO ${table} (account_id) VALUES ${keys.map((key) => `(${quoted(key)})`).join(', ')};`);
    const sql = await script(cwd, ['--dialect', dialect, '--table', table, ...BY_ACCOUNT]);
    run(sql);
    expect(sql.split('COMMIT;')).toHaveLength(4);
    expect(grants(table)).toEqual(Object.fromEntries(keys.map((key) => [key, `grant-of-${key}`])));
  });
}

describe('the SQL in SQLite', () => {
  let db: Sqlite.Database;

  beforeAll(() => {
    db = new Sqlite(':memory:');
  });

  afterAll(() => {
    db.close();
  });

  behaves(
    () => ({
      dialect: 'sqlite',
      run: (sql) => db.exec(sql),
      grants: (table) =>
        Object.fromEntries(
          db.prepare<[], [string, string | null]>(`SELECT account_id, "the Grant" FROM ${table}`).raw().all(),
        ),
      total: () =>
        db
          .prepare<[], string>(
            "SELECT outcome || ' ' || count(*) FROM temp.nylas_told GROUP BY outcome ORDER BY outcome",
          )
          .pluck()
          .all()
          .join(', '),
    }),
    'main.users',
  );

  it('tells keys apart that the column takes for the same', async () => {
    const cwd = testFolder();
    const story = new Story(join(cwd, 'acme.db'));
    await story.migrate({ key: 'Ada' }, 'grant-of-another');
    story.endAndClose();
    db.exec('CREATE TABLE folded (account_id TEXT COLLATE NOCASE, grant_id TEXT)');
    db.exec("INSERT INTO folded VALUES ('ada', NULL), ('Ada', NULL)");
    const where = ['--table', 'folded', '--key', 'account_id', '--set', 'grant_id'];
    db.exec(await script(cwd, ['--dialect', 'sqlite', ...where]));
    expect(db.prepare('SELECT * FROM folded').raw().all()).toEqual([
      ['ada', null],
      ['Ada', 'grant-of-another'],
    ]);
  });
});

const bin = postgresFolder();

describe.skipIf(bin === null)('the SQL in PostgreSQL', () => {
  let postgres: Postgres;
  let printed = '';

  beforeAll(async () => {
    postgres = await startPostgres(bin ?? '');
    postgres.run('CREATE SCHEMA app');
  });

  afterAll(() => postgres.stop());

  behaves(
    () => ({
      dialect: 'postgres',
      run: (sql) => (printed = postgres.run(sql)),
      grants: (table) =>
        JSON.parse(
          postgres.run(`SELECT coalesce(json_object_agg(account_id, "the Grant"), '{}') FROM ${table}`),
        ) as Record<string, string | null>,
      total: () =>
        printed
          .split('\n')
          .filter((line) => /^[a-z ]+\|\d+$/.test(line))
          .map((line) => line.replace('|', ' '))
          .join(', '),
    }),
    'app.users',
  );

  it('finds rows by a uuid with its index, and changes nothing where a key is none', async () => {
    const cwd = testFolder();
    const id = '5e8d1b3a-0c35-4a3e-9d7c-2f4b6a8c0e11';
    const story = new Story(join(cwd, 'acme.db'));
    await story.migrate({ key: id }, '11111111-2222-3333-4444-555555555555');
    story.endAndClose();
    postgres.run(
      `CREATE TABLE by_uuid (id uuid PRIMARY KEY, grant_id uuid); INSERT INTO by_uuid VALUES ('${id}')`,
    );
    const where = ['--table', 'by_uuid', '--key', 'id', '--set', 'grant_id'];
    const sql = await script(cwd, ['--dialect', 'postgres', ...where]);
    postgres.run(sql.replace(id, 'no-uuid'), { ignoresErrors: true });
    expect(postgres.run('SELECT * FROM by_uuid')).toBe(`${id}|`);
    postgres.run(sql);
    expect(postgres.run('SELECT * FROM by_uuid')).toBe(`${id}|11111111-2222-3333-4444-555555555555`);
  });
});
