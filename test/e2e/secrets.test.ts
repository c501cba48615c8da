import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { endOf, runCli, startCli, testFolder, type CliResult } from '../support/cli.js';
import { runHere } from '../support/command.js';
import { ECHOES, startEchoServer } from '../support/echo-server.js';
import { Planted } from '../support/planted.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const SPECIAL = `"ä<&>'\\ü %41+/=`;

const planted = new Planted();
const KEY = `nyk_v0_${planted.plant('the API key')}`;
const KEY_IN_FILE = `nyk_v0_${planted.plant('the API key in a file')}`;

type Row = Readonly<Record<string, string>>;

/** One of each variant, and each of its credentials. */
const VARIANTS: Readonly<Record<string, Row>> = {
  google: { provider: 'google', refresh_token: planted.plant('google token', '//0-_') },
  microsoft: { provider: 'microsoft', microsoft_refresh_token: planted.plant('microsoft token', '.~!*') },
  yahoo: { provider: 'yahoo', refresh_token: planted.plant('yahoo token') },
  zoom: { provider: 'zoom', zoom_refresh_token: planted.plant('zoom token') },
  imap: {
    provider: 'imap',
    imap_password: planted.plant('imap password', ' '),
    smtp_username: 'mailer',
    smtp_password: planted.plant('smtp password'),
  },
  icloud: { provider: 'icloud', password: planted.plant('icloud password', '-') },
  ews: { provider: 'ews', ews_password: planted.plant('ews password', SPECIAL) },
  aol: { provider: 'aol', imap_password: planted.plant('imap password of signs', SPECIAL) },
  stored: { provider: 'google', refresh_token: planted.plant('token beside an id'), credential_id: 'cred-1' },
};

const HEADER = [
  'account_id',
  'provider',
  'email',
  'refresh_token',
  'microsoft_refresh_token',
  'zoom_refresh_token',
  'imap_password',
  'smtp_username',
  'smtp_password',
  'password',
  'ews_password',
  'credential_id',
  'state',
  'note',
];

const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
const lineOf = (row: Row): string => HEADER.map((name) => quoted(row[name] ?? '')).join(',');

/** Each variant meets each way of echoing it. */
const GOOD_ROWS = Object.keys(ECHOES).flatMap((echo) =>
  Object.entries(VARIANTS).map(([variant, row]) => {
    const key = `${echo}.${variant}`;
    return lineOf({ account_id: key, email: `${key}@example.com`, note: 'a note', ...row });
  }),
);

/** Where credentials are in the wrong places. */
function badLines(): string[] {
  const ok = { provider: 'google', email: 'bad@example.com' };
  const twice = (name: string, wrong: string): string => {
    const token = planted.plant(`a token that stands in ${wrong} too`);
    return lineOf({ ...ok, account_id: `bad-${name}`, refresh_token: token, [wrong]: token });
  };
  return [
    lineOf({ ...ok, account_id: 'bad-1', provider: planted.plant('a token as the provider') }),
    lineOf({
      ...ok,
      account_id: 'bad-2',
      email: planted.plant('a token as the email'),
      refresh_token: 'a@b.c',
    }),
    lineOf({ ...ok, account_id: 'bad-3', zoom_refresh_token: planted.plant('a token in a wrong column') }),
    lineOf({ ...ok, account_id: 'bad-4', refresh_token: planted.plant('a token with a space', ' ') }),
    lineOf({ ...ok, account_id: 'bad-5', refresh_token: planted.plant('a token with a line break', '\n') }),
    lineOf({
      ...ok,
      account_id: 'bad-6',
      provider: 'imap',
      imap_password: planted.plant('of a bad row', '\t'),
    }),
    lineOf({ ...ok, account_id: 'bad-7', password: planted.plant('a password without a use') }),
    `bad-8,google,${planted.plant('a token in a row with too few fields')}`,
    `${planted.plant('a token in a row with too few fields, first')},google`,
    `bad-9,google,a@example.com,${planted.plant('a token in a row with too many fields')},,,,,,,,,,,x`,
    lineOf({ account_id: planted.plant('the key of a row with no provider'), refresh_token: 'x'.repeat(30) }),
    twice('10', 'account_id'),
    twice('11', 'state'),
    twice('12', 'note'),
    twice('13', 'credential_id'),
  ];
}

const BAD_ROWS = badLines();
const CSV = [HEADER.join(','), ...GOOD_ROWS, ...BAD_ROWS, ''].join('\n');

/** A folder for everything that a command makes, and beside it the input, which holds the secrets. */
function makeFolders(csv = CSV): { readonly cwd: string; readonly users: string; readonly keyFile: string } {
  const folder = testFolder();
  const [cwd, users, keyFile] = ['work', 'users.csv', 'key.txt'].map((name) => join(folder, name));
  if (cwd === undefined || users === undefined || keyFile === undefined) throw new Error('three names');
  mkdirSync(cwd);
  writeFileSync(users, csv, { mode: 0o600 });
  writeFileSync(keyFile, `${KEY_IN_FILE}\n`, { mode: 0o600 });
  return { cwd, users, keyFile };
}

const QUICK = ['--rate', '0', '--timeout', '5s', '--settle-delay', '50ms', '--attempts-max', '2'];
const CARRY = ['--carry', 'note'];

function cli(args: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<CliResult> {
  return runHere(args, { cwd, env: { NYLAS_API_KEY: KEY, ...env } });
}

function processOf(args: readonly string[], cwd: string, env: Record<string, string>): Promise<CliResult> {
  return runCli(args, { cwd, env: { NYLAS_API_KEY: KEY, ...env } });
}

function expectNone(result: CliResult, what: string): void {
  expect(planted.foundIn(result.stdout), `${what}, standard output`).toEqual([]);
  expect(planted.foundIn(result.stderr), `${what}, standard error`).toEqual([]);
}

describe('the finder itself', () => {
  it('finds what is there', () => {
    const secret = VARIANTS['ews']?.['ews_password'] ?? '';
    const written = [secret, secret.slice(0, 12), JSON.stringify(secret), encodeURIComponent(secret)];
    written.push(
      Buffer.from(`ab:${secret}`).toString('base64'),
      Buffer.from(JSON.stringify(secret)).toString('base64'),
    );
    for (const text of written) expect(planted.foundIn(`… ${text} …`)).not.toEqual([]);
    expect(planted.foundIn('nothing')).toEqual([]);
  });
});

describe('a server that echoes', () => {
  it.each(['silent', 'error', 'warn', 'info', 'debug'])(
    'leaves no secret anywhere, at level %s',
    async (level) => {
      const { cwd, users, keyFile } = makeFolders();
      const server = await startEchoServer();
      const run = ['run', users, '--api-uri', server.url, ...QUICK, ...CARRY, '--log-level', level];
      const watched = ['--metrics-file', 'm.prom', '--on-finish', 'cat > finish.json'];
      const first = await cli([...run, '--progress', 'always', ...watched], cwd);
      expectNone(first, 'run');
      expect([3, 4, 7], first.stdout + first.stderr).toContain(first.exitCode);
      expect(server.posts()).toBeGreaterThanOrEqual(GOOD_ROWS.length);
      expect(readdirSync(cwd)).toEqual(expect.arrayContaining(['finish.json', 'm.prom']));
      const again = [...run, '--api-key-file', keyFile, '--log-file', 'run.log', '--json'];
      expectNone(await cli(again, cwd), 'run --json');
      if (level === 'debug') await readEverything(users, cwd, again);
      expect(planted.foundInFolder(cwd)).toEqual([]);
      expect(rowsOf(cwd)).toBe(GOOD_ROWS.length);
    },
    120_000,
  );

  async function readEverything(users: string, cwd: string, run: readonly string[]): Promise<void> {
    expectNone(await cli([...run, '--retry', 'rejected,needs_reauth,email_mismatch'], cwd), 'run --retry');
    for (const args of readingCommands(users)) {
      for (const more of [[], ['--json']]) {
        const result = await cli([...args, ...more, '--log-level', 'debug'], cwd);
        expect(result.stderr, args.join(' ')).not.toContain('This is a bug');
        expectNone(result, args.join(' '));
      }
    }
    const made = ['migration.db', 'migration.db.bak', 'copy.db', 'r.csv', 'run.log'];
    expect(readdirSync(cwd)).toEqual(expect.arrayContaining(made));
  }

  function readingCommands(users: string): string[][] {
    const keys = ['id-first.google', 'fields.imap@example.com', 'html.ews', 'bad-1', 'bad-8', 'nobody'];
    return [
      ['check', users, ...CARRY],
      ['run', users, '--dry-run', ...CARRY],
      ['status'],
      ...['csv', 'jsonl', 'json', 'html'].map((format) => ['report', '--format', format]),
      ['report', '--out', 'r.csv', '--provenance', 'r.json'],
      ...keys.map((key) => ['explain', key]),
      ['backup', 'copy.db'],
    ];
  }

  function rowsOf(cwd: string): unknown {
    const db = new Sqlite(join(cwd, 'migration.db'), { readonly: true });
    try {
      return db.prepare('SELECT count(*) FROM records').pluck().get();
    } finally {
      db.close();
    }
  }

  it('is told apart by each of its answers: nothing was left out for being redacted as a whole', async () => {
    const { cwd, users } = makeFolders();
    const server = await startEchoServer();
    await cli(['run', users, '--api-uri', server.url, ...QUICK, ...CARRY], cwd);
    const { stdout } = await cli(['report', '--format', 'csv'], cwd);
    expect(stdout).toContain('[redacted]');
    expect(stdout).toContain('message.google@example.com');
    const explained = await cli(['explain', 'truncated-token.google'], cwd);
    expect(explained.stdout).toContain('token [redacted]…');
  });
});

describe('a crash', () => {
  it.each(['SIGKILL', 'SIGABRT'] as const)('by %s in mid-run leaves no secret behind', async (signal) => {
    const { cwd, users } = makeFolders();
    const server = await startEchoServer(20);
    const args = ['run', users, '--api-uri', server.url, ...QUICK, ...CARRY, '--log-level', 'debug'];
    const reports = '--report-on-fatalerror --report-uncaught-exception --report-directory=.';
    const script = 'ulimit -c 0; exec "$0" "$@"';
    const env = { PATH: process.env['PATH'], NYLAS_API_KEY: KEY, NODE_OPTIONS: reports };
    const child = spawn('bash', ['-c', script, process.execPath, MAIN, ...args], { cwd, env });
    const ended = endOf(child);
    await until(() => server.posts() > 30);
    expect(planted.foundIn(readFileSync(`/proc/${child.pid ?? 0}/cmdline`))).toEqual([]);
    child.kill(signal);
    const result = await ended;
    expect(result.signal ?? result.exitCode).not.toBe(0);
    expectNone(result, signal);
    expectNone(await cli(['status'], cwd), 'status');
    expect(planted.foundInFolder(cwd)).toEqual([]);
  });

  const secret = VARIANTS['google']?.['refresh_token'] ?? '';
  const lines = `${secret}\\n    at ${secret} (file:///${secret}:1:1)`;
  const error = `Object.assign(new Error(${JSON.stringify(lines)}.replaceAll('\\\\n', '\\n')), {
    name: ${JSON.stringify(`E ${secret}`)}, options: { headers: { authorization: ${JSON.stringify(KEY)} } } })`;
  const bugs: readonly (readonly [string, string])[] = [
    ['thrown in a command', `URL.canParse = () => { throw ${error}; };`],
    ['thrown in a callback', `setTimeout(() => { throw ${error}; }, 400);`],
    ['rejected and not handled', `setTimeout(() => { void Promise.reject(${error}); }, 400);`],
    ['thrown, and no Error', `setTimeout(() => { throw ${JSON.stringify(secret)}; }, 400);`],
    [
      'thrown with another stack',
      `setTimeout(() => { const e = ${error}; e.message = 'x'; throw e; }, 400);`,
    ],
  ];

  it.each(bugs)('by an error %s tells nothing of it', async (_how, code) => {
    const { cwd, users } = makeFolders();
    const server = await startEchoServer(100);
    const module = importable(users, code);
    const reports = '--report-uncaught-exception --report-directory=.';
    const env = { NODE_OPTIONS: `--import=${module} ${reports}` };
    const result = await processOf(['run', users, '--api-uri', server.url, '--rate', '5'], cwd, env);
    expect(result.stderr).toContain('This is a bug in nylas-migrate');
    expect(result.exitCode).toBe(1);
    expectNone(result, 'bug');
    expect(planted.foundInFolder(cwd)).toEqual([]);
  });

  it("whose report Node writes leaves the key out: it isn't in the environment any more", async () => {
    const { cwd, users } = makeFolders();
    const server = await startEchoServer(50);
    const code = `setTimeout(() => process.report.writeReport('report.json'), 600);`;
    const env = { NODE_OPTIONS: `--import=${importable(users, code)}` };
    const result = await processOf(
      ['run', users, '--api-uri', server.url, '--rate', '0', '--limit', '30', '--concurrency-max', '1'],
      cwd,
      env,
    );
    expectNone(result, 'run');
    expect(readFileSync(join(cwd, 'report.json'), 'utf8')).toContain('NODE_OPTIONS');
    expect(planted.foundInFolder(cwd)).toEqual([]);
  });

  /** A module beside the input, which Node loads before ours. */
  function importable(users: string, code: string): string {
    const path = join(dirname(users), 'module.mjs');
    writeFileSync(path, code);
    return path;
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  }
});

describe('a mistake of the user', () => {
  const token = VARIANTS['google']?.['refresh_token'] ?? '';
  const line = `acc-1,google,ada@example.com,${token}`;

  const inputs: Readonly<Record<string, string>> = {
    'a file without a header': `${line}\n${line}\n`,
    'a quote that is never closed': `account_id,provider,email,refresh_token\nacc-1,google,a@example.com,"${token}\n`,
    'a header that goes on with data': `account_id,provider,email,refresh_token,${token}\n${line},x\n`,
    'another delimiter': `account_id,provider,email,refresh_token\n${line.replaceAll(',', ';')}\n`,
    'no UTF-8': `account_id,provider,email,refresh_token\nacc-1,google,\uFFFD@example.com,${token}\uFFFD\n`,
  };

  it.each(Object.entries(inputs))('%s: no message repeats the data', async (_what, csv) => {
    const { cwd, users } = makeFolders(csv);
    const server = await startEchoServer();
    const run = ['run', users, '--api-uri', server.url, ...QUICK];
    const commands = [
      ['check', users],
      ['check', users, '--json'],
      [...run, '--dry-run'],
      run,
      [...run, '--json'],
      ['status'],
      ['report'],
      ['explain', 'acc-1'],
    ];
    for (const args of commands) {
      expectNone(await cli(args, cwd), args[0] ?? '');
    }
    const options = ['--carry', 'no-such', '--column', 'email=no-such', '--identify-by', 'column:nothing'];
    expectNone(await cli(['check', users, ...options], cwd), 'check with wrong options');
    expect(planted.foundInFolder(cwd)).toEqual([]);
  });

  it.each([
    ['a column of tokens as the key', ['--column', 'account_id=refresh_token']],
    ['the same by --identify-by', ['--identify-by', 'column:refresh_token']],
    ['a column of passwords as the key', ['--column', 'account_id=imap_password']],
    ['a column of tokens as the state', ['--column', 'state=refresh_token']],
    ['a column of tokens to carry', ['--carry', 'refresh_token']],
    ['users named by their credential', ['--identify-by', 'credential']],
  ])('%s', async (_what, options) => {
    const { cwd, users } = makeFolders();
    const server = await startEchoServer();
    for (const args of [
      ['check', users],
      ['run', users, '--api-uri', server.url, ...QUICK],
    ]) {
      expectNone(await cli([...args, ...options, '--json'], cwd), args[0] ?? '');
    }
    expectNone(await cli(['report'], cwd), 'report');
    expect(planted.foundInFolder(cwd)).toEqual([]);
  });

  it('the key in the place of its file, and a .env beside the ledger', async () => {
    const { cwd, users } = makeFolders();
    const server = await startEchoServer();
    const run = ['run', users, '--api-uri', server.url, ...QUICK];
    const asFile = await cli([...run, '--api-key-file', KEY], cwd);
    expect(asFile.exitCode).toBe(2);
    expectNone(asFile, '--api-key-file KEY');
    writeFileSync(join(cwd, '.env'), `NYLAS_API_KEY=${KEY}\n`);
    const fromDotenv = await cli([...run, '--log-level', 'debug'], cwd, { NYLAS_API_KEY: '' });
    expect(fromDotenv.stderr).toContain('application "Acme [redacted]" ([redacted])');
    expectNone(fromDotenv, '.env');
    const files = readdirSync(cwd).filter((name) => name !== '.env');
    for (const name of files) expect(planted.foundIn(readFileSync(join(cwd, name))), name).toEqual([]);
  });

  it('the command that is read from gets no key', async () => {
    const { cwd, users } = makeFolders();
    const server = await startEchoServer();
    const command = `env > env.txt; cat '${users}'`;
    const run = ['run', '--input-command', command, '--api-uri', server.url, ...QUICK];
    expectNone(await cli([...run, ...CARRY], cwd), 'run');
    expect(readFileSync(join(cwd, 'env.txt'), 'utf8')).toContain('PATH=');
    expect(planted.foundInFolder(cwd)).toEqual([]);
  });
});

describe('simulate', () => {
  it('reads a file whose columns have other names, as it is told to', async () => {
    const { cwd, users } = makeFolders('mail;kind;token\nann@b.co;w;planted-token-1\n');
    const reading = [
      '--column',
      'email=mail',
      '--column',
      'provider=kind',
      '--column',
      'refresh_token=token',
    ];
    const args = ['simulate', '--users', users, '--json', ...reading, '--provider-alias', 'w=microsoft'];
    const child = startCli(args, { cwd });
    const ended = endOf(child);
    const first = await Promise.race([
      new Promise<string>((resolve) => child.stdout?.once('data', resolve)),
      ended.then(({ stderr }) => stderr),
    ]);
    expect(JSON.parse(first)).toHaveProperty('url');
    child.kill('SIGINT');
    await ended;
  });

  it('says nothing of the tokens it was told and sent', async () => {
    const { cwd, users } = makeFolders([HEADER.join(','), ...GOOD_ROWS.slice(0, 20), ''].join('\n'));
    const child = startCli(['simulate', '--users', users, '--json', '--log-level', 'debug'], { cwd });
    const ended = endOf(child);
    const url = await new Promise<string>((resolve) => {
      child.stdout?.once('data', (text: string) => {
        resolve((JSON.parse(text) as { url: string }).url);
      });
    });
    const run = ['run', users, '--api-uri', url, ...QUICK];
    expectNone(await cli(run, cwd, { NYLAS_API_KEY: KEY }), 'run with a key that is refused');
    expectNone(await cli(run, cwd, { NYLAS_API_KEY: 'sim-api-key' }), 'run');
    child.kill('SIGINT');
    expectNone(await ended, 'simulate');
    expect(planted.foundInFolder(cwd)).toEqual([]);
  });
});
