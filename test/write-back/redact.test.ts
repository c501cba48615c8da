import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openReader } from '../../src/adapters/sqlite/reader.js';
import { startSimulator } from '../../src/simulator/simulator.js';
import { testFolder } from '../support/cli.js';
import { runHere } from '../support/command.js';
import { issueOf, OWNER, Story } from '../support/ledger.js';

const REDACT = ['redact', '--emails', '--ledger', 'acme.db'];
const PEOPLE = ['ada.lovelace', 'eve.moneypenny', 'bob.builder', 'zoe.zebra', 'kim.kardinal'];

/** A ledger that holds addresses in every place where one can be. */
async function makeLedger(cwd: string): Promise<void> {
  const story = new Story(join(cwd, 'acme.db'), {
    label: 'for kim.kardinal@example.com',
    options: { label: 'for kim.kardinal@example.com', only: 'keys of bob.builder@example.com.txt' },
    inputName: 'cat users.csv # ada.lovelace@example.com',
  });
  const [ada, eve, bob] = PEOPLE.map((name) => `${name}@example.com`);
  await story.migrate({
    key: 'k-1',
    email: ada ?? null,
    carried: { user_id: '1', contact: `Bob <${bob ?? ''}>` },
  });
  await story.refuse({ key: 'k-2', email: eve ?? null }, 'needs_reauth', {
    errorMessage: `${eve ?? ''} and Zoe.Zebra@example.com have no token`,
    providerError: JSON.stringify({
      login: encodeURIComponent(eve ?? ''),
      html: 'eve.moneypenny&#64;example.com',
    }),
    requestId: 'req-2',
  });
  const bad = {
    code: 'bad_email',
    message: '“kim.kardinal at example.com” is not an email',
    summary: 'it is none',
  };
  await story.ledger.note(
    story.runId,
    issueOf({ email: bob ?? null, accountId: bob ?? null, reasons: [bad], carried: { contact: ada ?? '' } }),
  );
  const grant = { id: 'g-9', provider: 'google', email: 'zoe.zebra@example.com', status: 'valid', scope: [] };
  await story.ledger.see([{ ...grant, state: null, createdAt: 1, updatedAt: 1, aliases: [] }], 1);
  await story.ledger.setListedUntil(5);
  story.endAndClose();
  decide(cwd);
  copyFileSync(join(cwd, 'acme.db'), join(cwd, 'acme.db.bak'));
}

function decide(cwd: string): void {
  const db = new Sqlite(join(cwd, 'acme.db'));
  db.exec(`INSERT INTO decisions
    (record_id, run_id, decided_at, decision, held_grant_id, held_email, decided_by, why)
    VALUES (2, 1, 1, 'reject', 'g-8', 'zoe.zebra@example.com', 'kim.kardinal@example.com',
      'zoe.zebra@example.com is a mailbox of bob.builder@example.com')`);
  db.close();
}

/** The files in which somebody's name is still found. */
function leaks(cwd: string): readonly string[] {
  return readdirSync(cwd).filter((file) => {
    const bytes = readFileSync(join(cwd, file)).toString('latin1').toLowerCase();
    return PEOPLE.some((name) => bytes.includes(name));
  });
}

interface Facts {
  readonly records: readonly object[];
  readonly attempts: readonly object[];
}

/** What must stay as it was. */
function factsOf(cwd: string): Facts {
  const reader = openReader(join(cwd, 'acme.db'));
  try {
    const everything = { statuses: null, categories: null };
    const records = [...reader.records(everything)].map((record) => ({
      ...withoutWords(record),
      ...{ email: null, mailbox: null, grantEmail: null, carried: null },
    }));
    const attempts = [...reader.attemptRows(everything)].map(withoutWords);
    return { records, attempts };
  } finally {
    reader.close();
  }
}

function triggersOf(db: Sqlite.Database): readonly unknown[] {
  return db.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name").all();
}

function withoutWords(row: object): object {
  return { ...row, errorMessage: null, providerError: null };
}

describe('a ledger that is made to forget addresses', () => {
  it('holds no byte of one in any file, and everything else as it was', async () => {
    const cwd = testFolder();
    await makeLedger(cwd);
    expect(leaks(cwd)).toEqual(['acme.db', 'acme.db.bak']);
    const before = factsOf(cwd);
    const lastSeq = seqOf(cwd);
    const { exitCode, stdout, stderr } = await runHere([...REDACT, '--yes'], { cwd });
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain(
      'has forgotten the addresses of 2 records (of 2), of 1 row that became none, and of 1 listed grant',
    );
    expect(leaks(cwd)).toEqual([]);
    expect(factsOf(cwd)).toEqual(before);
    expect(seqOf(cwd)).toBe(lastSeq);
    const db = new Sqlite(join(cwd, 'acme.db'), { readonly: true });
    expect(db.prepare('SELECT carried FROM records ORDER BY record_id').pluck().get()).toBe(
      '{"user_id":"1","contact":"Bob <[redacted]>"}',
    );
    expect(db.prepare('SELECT key, account_id, reasons FROM row_issues').get()).toEqual({
      key: null,
      account_id: null,
      reasons: '[{"code":"bad_email","message":"it is none","summary":"it is none"}]',
    });
    db.close();
  });

  it('keeps what is insert-only so, and can be made to once more', async () => {
    const cwd = testFolder();
    await makeLedger(cwd);
    const copy = new Sqlite(join(cwd, 'acme.db.bak'));
    const before = triggersOf(copy);
    copy.close();
    await runHere([...REDACT, '--yes'], { cwd });
    const again = await runHere([...REDACT, '--yes', '--json'], { cwd });
    expect(JSON.parse(again.stdout)).toMatchObject({
      redacted: true,
      records: 2,
      addresses: 0,
      open: 1,
      rows: 0,
    });
    const db = new Sqlite(join(cwd, 'acme.db'));
    expect(() => db.exec("UPDATE attempt_ends SET result = 'granted'")).toThrow('insert-only');
    expect(triggersOf(db)).toEqual(before);
    db.close();
  });

  it('is told what would happen, and nothing happens, without --yes', async () => {
    const cwd = testFolder();
    await makeLedger(cwd);
    const before = readFileSync(join(cwd, 'acme.db'));
    const { exitCode, stdout, stderr } = await runHere(REDACT, { cwd });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('acme.db would forget');
    expect(stderr).toContain('nylas-migrate redact --emails --yes --ledger acme.db');
    expect(readFileSync(join(cwd, 'acme.db')).equals(before)).toBe(true);
  });

  it('is refused where users are named by their emails, all or some', async () => {
    const cwd = testFolder();
    await makeLedger(cwd);
    const story = new Story(join(cwd, 'acme.db'));
    await story.migrate({ key: 'someone@example.com' });
    story.endAndClose();
    const some = await runHere([...REDACT, '--yes'], { cwd });
    expect(some.exitCode).toBe(2);
    expect(some.stderr).toContain('has 1 record key with an email address in it');
    const db = new Sqlite(join(cwd, 'acme.db'));
    db.exec("UPDATE ledger SET keying = 'email'");
    db.close();
    expect((await runHere(REDACT, { cwd })).stderr).toContain('names its users by their emails');
    expect(leaks(cwd)).toContain('acme.db');
  });

  it('is refused while a run holds it, and without knowing what to forget', async () => {
    const cwd = testFolder();
    await makeLedger(cwd);
    const running = new Story(join(cwd, 'acme.db'));
    expect((await runHere([...REDACT, '--yes'], { cwd })).exitCode).toBe(5);
    running.close();
    expect((await runHere(['redact', '--yes', '--ledger', 'acme.db'], { cwd })).exitCode).toBe(2);
    expect((await runHere(['redact', '--emails', '--yes', '--ledger', 'none.db'], { cwd })).exitCode).toBe(6);
    expect(readdirSync(cwd).some((name) => name.startsWith('none.db'))).toBe(false);
  });

  it('says so where somebody still reads what was forgotten', async () => {
    const cwd = testFolder();
    await makeLedger(cwd);
    const reader = openReader(join(cwd, 'acme.db'));
    const { exitCode, stderr } = await runHere([...REDACT, '--yes'], { cwd });
    expect(stderr).toContain('another program reads it');
    expect(exitCode).toBe(6);
    reader.close();
    expect((await runHere([...REDACT, '--yes'], { cwd })).exitCode).toBe(0);
    expect(leaks(cwd)).toEqual([]);
  });

  it('does not replace a copy that a run has gone on from, and says so', async () => {
    const cwd = testFolder();
    await makeLedger(cwd);
    writeFileSync(join(cwd, 'acme.db.bak.lock'), '');
    const { exitCode, stderr } = await runHere([...REDACT, '--yes'], { cwd });
    expect(stderr).toContain('its copy acme.db.bak has not: ');
    expect(exitCode).toBe(2);
    expect(leaks(cwd)).toEqual(['acme.db.bak']);
  });

  it('has nobody submitted again by a later run, whose rows bring the others back', async () => {
    const cwd = testFolder();
    const simulator = await startSimulator({});
    onTestFinished(() => simulator.close());
    const row = (key: string, scenario: string): string =>
      `${key},google,${key}@example.com,sim.${scenario}.${key}@example.com`;
    const csv = [
      'account_id,provider,email,refresh_token',
      row('a', 'ok'),
      row('b', 'revoked'),
      row('c', 'ok'),
      '',
    ];
    writeFileSync(join(cwd, 'users.csv'), csv.join('\n'), { mode: 0o600 });
    const run = ['run', 'users.csv', '--ledger', 'acme.db', '--rate', '0', '--api-uri', simulator.url];
    await runHere([...run, '--limit', '2'], { cwd });
    await runHere([...REDACT, '--yes'], { cwd });
    const sharing = 'a-too,google,a@example.com,sim.ok.a@example.com\n';
    writeFileSync(join(cwd, 'users.csv'), csv.join('\n') + sharing, { mode: 0o600 });
    await runHere(run, { cwd });
    expect(simulator.stats()).toMatchObject({ grantsCreated: 2, grantsReauthenticated: 0 });
    const reader = openReader(join(cwd, 'acme.db'));
    const records = [...reader.records({ statuses: null, categories: null })];
    expect(records.map(({ key, status, origin, email }) => [key, status, origin, email])).toEqual([
      ['a', 'migrated', 'created', null],
      ['b', 'failed', null, null],
      ['c', 'migrated', 'created', 'c@example.com'],
      ['a-too', 'migrated', 'existing', 'a@example.com'],
    ]);
    reader.close();
  });
});

function seqOf(cwd: string): number {
  const reader = openReader(join(cwd, 'acme.db'));
  try {
    expect(reader.identity().host).toBe(OWNER.host);
    return reader.lastSeq();
  } finally {
    reader.close();
  }
}
