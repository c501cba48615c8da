import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/program.js';
import { API_KEY } from '../support/cli.js';
import { runHere } from '../support/command.js';
import { issueOf, makeFolder, Story } from '../support/ledger.js';

/** Users that are migrated, share, repeat each other, must sign in again, or whose administrator must consent. */
async function makeLedger(): Promise<{ readonly cwd: string; readonly remove: () => void }> {
  const folder = makeFolder();
  const cwd = folder.path('.');
  const story = new Story(join(cwd, 'acme.db'));
  await story.migrate({ key: 'ada', carried: { user_id: 'u1' } }, 'g-ada');
  await story.migrate({ key: 'ada-shares', email: 'ada@example.com', carried: { user_id: 'u2' } }, 'g-ada');
  const reauth = { errorType: 'token.exchange_failed', requestId: 'req-eve' };
  await story.refuse({ key: 'eve', email: 'eve@one.example' }, 'needs_reauth', reauth);
  await story.refuse({ key: 'eve-too', email: 'Eve@one.example' }, 'needs_reauth');
  await story.refuse({ key: 'kim', email: 'kim@one.example' }, 'needs_reauth');
  await story.refuse({ key: 'bo', email: 'bo@two.example', provider: 'microsoft' }, 'needs_admin');
  await story.refuse({ key: 'bad', email: 'bad@two.example' }, 'rejected');
  const repeat = { kind: 'duplicate', provider: 'google' } as const;
  const { ledger: own, runId } = story;
  await own.note(
    runId,
    issueOf({ ...repeat, line: 20, key: 'ada', accountId: 'ada', carried: { user_id: 'u1' } }),
  );
  await own.note(
    runId,
    issueOf({ ...repeat, line: 21, key: 'ada', accountId: 'ada', carried: { user_id: 'u9' } }),
  );
  await own.note(runId, issueOf({ ...repeat, line: 22, key: 'eve', accountId: 'eve-2' }));
  await own.note(runId, issueOf({ kind: 'invalid', line: 23, email: 'no@one.example' }));
  story.endAndClose();
  return { cwd, remove: folder.remove };
}

// Nothing here changes it.
let ledger: Awaited<ReturnType<typeof makeLedger>>;
let cwd: string;

beforeAll(async () => {
  ledger = await makeLedger();
  ({ cwd } = ledger);
});

afterAll(() => {
  ledger.remove();
});

const LEDGER = ['report', '--ledger', 'acme.db'];
const LINKS = ['--client-id', 'client-1', '--redirect-uri', 'https://app.example/cb'];

async function rowsOf(cwd: string, options: readonly string[]): Promise<readonly Record<string, string>[]> {
  const { stdout, stderr, exitCode } = await runHere([...LEDGER, ...options], { cwd });
  expect(exitCode, stderr).toBe(0);
  return parse(stdout, { columns: true });
}

const valuesOf = (rows: readonly Record<string, string>[]): string[] =>
  rows.map((row) => Object.values(row).join(' '));

describe('what is migrated', () => {
  it('has every row with a grant: shared mailboxes, and what repeats a record with other columns', async () => {
    const rows = await rowsOf(cwd, ['--select', 'migrated', '--columns', 'account_id,grant_id,user_id']);
    expect(valuesOf(rows)).toEqual(['ada g-ada u1', 'ada-shares g-ada u2', 'ada g-ada u9']);
  });

  it('has no row twice, and without a selection every row has its answer', async () => {
    const both = await rowsOf(cwd, ['--select', 'migrated,duplicate', '--columns', 'source_line']);
    expect(both).toHaveLength(5);
    const all = await rowsOf(cwd, ['--columns', 'status,account_id,grant_id,user_id']);
    expect(all).toHaveLength(11);
    expect(valuesOf(all)).toContain('duplicate ada g-ada u9');
  });
});

describe('a feed', () => {
  it('into a file says the next number on standard output, to be used by a script', async () => {
    const first = await runHere([...LEDGER, '--after', '0', '--out', 'part.csv'], { cwd });
    expect(first.stdout).toMatch(/^\d+\n$/);
    expect(parse(readFileSync(join(cwd, 'part.csv'), 'utf8'))).toHaveLength(1 + 7 + 2);
    const second = await runHere([...LEDGER, '--after', first.stdout.trim(), '--out', 'part.csv', '--json'], {
      cwd,
    });
    expect(JSON.parse(second.stdout)).toEqual({
      file: 'part.csv',
      format: 'csv',
      rows: 0,
      next: Number(first.stdout),
    });
  });

  it.each([
    ['jsonl', /\n\{"next":(\d+)\}\n$/],
    ['json', /\n\],"next":(\d+)\}\n$/],
  ])('as %s ends with the next number', async (format, end) => {
    const { stdout, stderr } = await runHere([...LEDGER, '--after', '0', '--format', format, '--quiet'], {
      cwd,
    });
    expect(stderr).toBe(`Next: --after ${end.exec(stdout)?.[1] ?? '?'}\n`);
  });

  it('as CSV holds rows alone, and standard error ends with the next number', async () => {
    const wishes = ['--after', '0', '--select', 'migrated', '--columns', 'record_key'];
    const { stdout, stderr } = await runHere([...LEDGER, ...wishes], { cwd });
    expect(stdout).toBe('record_key\nada-shares\nada\nada\n');
    expect(stderr).toMatch(/^Next: --after \d+\n$/);
  });

  it('tells no next number to a reader who left before the end', async () => {
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => {
        done(Object.assign(new Error('gone'), { code: 'EPIPE' }));
      },
    });
    let said = '';
    const stderr = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        said += chunk.toString();
        done();
      },
    });
    const nothing = (): void => undefined;
    const shell = {
      env: { NYLAS_API_KEY: API_KEY },
      cwd,
      pid: 1,
      hostname: 'h',
      version: '0',
      stdin: process.stdin,
    };
    const signals = { onStopSignal: () => nothing, onStateSignal: () => nothing };
    const args = ['report', '--ledger', join(cwd, 'acme.db'), '--after', '0'];
    expect(await runCli(args, { ...shell, ...signals, stdout, stderr })).toBe(0);
    expect(said).toBe('');
  });
});

describe('the hand-over', () => {
  it('names each person once, with a link of their own', async () => {
    const columns = ['--columns', 'email,category,records,signin_url'];
    const rows = await rowsOf(cwd, ['--by', 'person', ...columns, ...LINKS]);
    expect(rows.map(({ email, category, records }) => [email, category, records])).toEqual([
      ['eve@one.example', 'needs_reauth', '2'],
      ['kim@one.example', 'needs_reauth', '1'],
      ['bo@two.example', 'needs_admin', '1'],
    ]);
    const url = new URL(rows[0]?.['signin_url'] ?? '');
    expect(url.origin + url.pathname).toBe('https://api.us.nylas.com/v3/connect/auth');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'client-1',
      redirect_uri: 'https://app.example/cb',
      response_type: 'code',
      provider: 'google',
      login_hint: 'eve@one.example',
      state: 'eve',
    });
  });

  it('counts the people of each domain for its administrators', async () => {
    const rows = await rowsOf(cwd, [
      '--by',
      'domain',
      '--columns',
      'domain,provider,category,people,records',
    ]);
    expect(valuesOf(rows)).toEqual([
      'one.example google needs_reauth 2 3',
      'two.example microsoft needs_admin 1 1',
    ]);
    const chosen = await rowsOf(cwd, [
      '--by',
      'domain',
      '--select',
      'failed',
      '--columns',
      'domain,category',
    ]);
    expect(valuesOf(chosen)).toContain('two.example rejected');
  });

  it('adds links to the whole report too, for those whom a sign-in helps', async () => {
    const rows = await rowsOf(cwd, LINKS);
    const linked = rows.filter((row) => row['signin_url'] !== '').map((row) => row['record_key']);
    expect(linked).toEqual(['eve', 'eve-too', 'kim', 'bo']);
  });
});

describe('the attempts', () => {
  it('are exported with their request ids, of the records that are asked for', async () => {
    const rows = await rowsOf(cwd, ['--attempts', '--category', 'needs_reauth']);
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatchObject({
      record_key: 'eve',
      run: '1',
      kind: 'submit',
      result: 'refused',
      http_status: '400',
      error_type: 'token.exchange_failed',
      request_id: 'req-eve',
      latency_ms: '300',
      provider: 'google',
    });
    const asJson = await runHere([...LEDGER, '--attempts', '--columns', 'request_id', '--json'], { cwd });
    expect(JSON.parse(asJson.stdout)).toMatchObject({ rows: Array.from({ length: 7 }, () => ({})) });
  });
});

describe('options that contradict each other', () => {
  const SQL = [
    '--format',
    'sql',
    '--dialect',
    'sqlite',
    '--table',
    'users',
    '--key',
    'id',
    '--set',
    'grant_id',
  ];

  it.each<readonly [string, readonly string[], string]>([
    ['SQL without a target', ['--format', 'sql'], '--format sql takes --dialect, --table, --key, --set too.'],
    ['a target without SQL', ['--table', 'users'], '--table is of --format sql only.'],
    ['SQL and columns', [...SQL, '--columns', 'email', '--raw'], '--columns don'],
    ['SQL of other statuses', [...SQL, '--select', 'failed'], 'writes what is migrated'],
    ['one column for both', [...SQL, '--set', 'id'], '--key and --set both name id'],
    [
      'a key that the report lacks',
      [...SQL, '--key', 'id=usr_id'],
      'there is account_id, record_key, email, user_id',
    ],
    ['a table’s name', [...SQL, '--table', 'a..b'], '--table: "a..b" is not a table'],
    ['half a link', ['--client-id', 'x'], 'one of them is missing'],
    ['a list and a feed', ['--by', 'person', '--after', '0'], "--by and --after don't go together"],
    ['attempts by domain', ['--attempts', '--by', 'domain'], "--attempts and --by don't go together"],
    ['Excel and raw', ['--excel', '--raw'], "--raw and --excel don't go together"],
    ['Excel as JSON', ['--excel', '--format', 'jsonl'], '--excel is of --format csv only'],
    ['a delimiter alone', ['--delimiter', 'semicolon'], '--delimiter is of --excel only'],
    ['a column of links without links', ['--columns', 'signin_url'], 'knows no “signin_url”'],
    ['rows in a list of people', ['--by', 'person', '--select', 'invalid'], '--select knows no “invalid”'],
    ['a number of another ledger', ['--after', '9000000000000000'], 'Begin again with --after 0'],
  ])('%s', async (_what, options, says) => {
    const { exitCode, stderr, stdout } = await runHere([...LEDGER, ...options], { cwd });
    expect(stderr).toContain(says);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });

  it('SQL and JSON on one output', async () => {
    const { stdout, exitCode } = await runHere([...LEDGER, ...SQL, '--json'], { cwd });
    expect(stdout).toContain('name a file for the SQL with --out');
    expect(exitCode).toBe(2);
  });

  it('an SQL file that is there stays as it is where something is wrong', async () => {
    await runHere([...LEDGER, ...SQL, '--set', 'id', '--out', 'grants.sql'], { cwd });
    expect(existsSync(join(cwd, 'grants.sql'))).toBe(false);
    const { stderr, exitCode } = await runHere([...LEDGER, ...SQL, '--out', 'acme.db'], { cwd });
    expect(stderr).toContain('belongs to the ledger');
    expect(exitCode).toBe(2);
  });

  it('SQL into a file says how rows are found, and under --json how many', async () => {
    const { stderr } = await runHere([...LEDGER, ...SQL, '--out', 'grants.sql'], { cwd });
    expect(stderr).toBe(
      '2 grant ids written to grants.sql\nusers.id is matched with account_id, grant_id is set.\n',
    );
    const { stdout } = await runHere([...LEDGER, ...SQL, '--out', 'grants.sql', '--json', '--after', '0'], {
      cwd,
    });
    expect(JSON.parse(stdout)).toMatchObject({ file: 'grants.sql', format: 'sql', rows: 2 });
    expect(readFileSync(join(cwd, 'grants.sql'), 'utf8')).toMatch(/\n-- Next: --after \d+\n$/);
  });
});
