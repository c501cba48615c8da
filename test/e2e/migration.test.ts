import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { runCli, testFolder } from '../support/cli.js';
import { violationsOf } from '../support/connect-schema.js';
import { emailInToken, startNylasServer } from '../support/nylas-server.js';

const PROVIDERS = ['google', 'microsoft', 'yahoo', 'zoom'];

function legacyCsv(users: number): string {
  const rows = Array.from({ length: users }, (_, n) => {
    const provider = PROVIDERS[n % PROVIDERS.length] ?? '';
    return `acc-${n},${provider},user${n}@${provider}.example,tok-${n}:user${n}@${provider}.example`;
  });
  return ['account_id,provider,email,refresh_token', ...rows].join('\n');
}

function jsonOf(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

/** When each submission left, in Unix milliseconds. */
function leftAtMs(ledger: string): readonly number[] {
  const db = new Sqlite(ledger, { readonly: true });
  const left = "SELECT ended_at - latency_ms FROM ledger_attempts WHERE kind = 'submit'";
  const times = db.prepare<[], number>(left).pluck().all();
  db.close();
  return times;
}

describe('a migration', () => {
  it('makes a grant for each of 2,000 users; a rerun submits nothing; the report maps every account', async () => {
    const cwd = testFolder();
    const nylas = await startNylasServer(emailInToken);
    writeFileSync(join(cwd, 'users.csv'), legacyCsv(2_000), { mode: 0o600 });
    const run = ['run', 'users.csv', '--api-uri', nylas.url, '--rate', '0'];

    const first = await runCli([...run, '--json'], { cwd });
    expect(first.exitCode, first.stderr).toBe(0);
    expect(jsonOf(first.stdout)['balance']).toMatchObject({ read: 2_000, buckets: { migrated: 2_000 } });
    expect(nylas.grants.size).toBe(2_000);

    const second = await runCli([...run, '--json'], { cwd });
    expect(second.exitCode, second.stderr).toBe(0);
    expect(jsonOf(second.stdout)['balance']).toMatchObject({ buckets: { already_done: 2_000, migrated: 0 } });
    expect(nylas.submitted).toHaveLength(2_000);

    const report = await runCli(['report', '--columns', 'account_id,email,grant_id'], { cwd });
    const lines = report.stdout.trim().split('\n').slice(1);
    const granted = new Map([...nylas.grants.values()].map((grant) => [grant.email, grant.id]));
    expect(lines).toHaveLength(2_000);
    for (const line of lines) {
      const [account, email, grantId] = line.trim().split(',');
      expect(account).toBe(`acc-${/\d+/.exec(email ?? '')?.[0] ?? ''}`);
      expect(grantId).toBe(granted.get(email ?? ''));
    }
  });

  it('names each of 8 bad rows with line and reasons, and migrates the 41 good ones', async () => {
    const cwd = testFolder();
    const nylas = await startNylasServer(emailInToken);
    const { text, badLines } = germanExport();
    writeFileSync(join(cwd, 'export.csv'), text, { mode: 0o600 });

    const check = await runCli(['check', 'export.csv', '--json'], { cwd });
    expect(check.exitCode).toBe(3);
    const checked = jsonOf(check.stdout);
    expect(checked).toMatchObject({ rows: 49, good: 41, bad: 8 });

    const run = await runCli(['run', 'export.csv', '--api-uri', nylas.url, '--rate', '0', '--json'], { cwd });
    expect(run.exitCode, run.stderr).toBe(3);
    expect(jsonOf(run.stdout)['balance']).toMatchObject({ read: 49, buckets: { migrated: 41, invalid: 8 } });
    expect(nylas.submitted).toHaveLength(41);

    const report = await runCli(['report', '--format', 'jsonl', '--select', 'invalid'], { cwd });
    const rows = report.stdout.trim().split('\n').map(jsonOf);
    expect(rows.map((row) => row['source_line'])).toEqual(badLines);
    for (const row of rows) expect(row['error_message']).not.toBe('');
  });

  it('sends every credential variant as the API describes it', async () => {
    const cwd = testFolder();
    const nylas = await startNylasServer(emailInToken);
    writeFileSync(join(cwd, 'variants.csv'), variantsCsv(), { mode: 0o600 });
    const run = await runCli(['run', 'variants.csv', '--api-uri', nylas.url, '--rate', '0'], { cwd });
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(nylas.submitted).toHaveLength(13);
    for (const body of nylas.submitted) expect(violationsOf(body), JSON.stringify(body)).toEqual([]);
    expect(nylas.submitted.find((body) => body.provider === 'imap')?.settings['imap_port']).toBe(993);
  });

  it.each([
    ['a gz file', ['users.csv.gz'], ''],
    ['standard input', ['-'], 'csv'],
    ['a command', ['--input-command', 'gunzip -c users.csv.gz'], ''],
  ])('reads %s', async (_name, args, stdin) => {
    const cwd = testFolder();
    const nylas = await startNylasServer(emailInToken);
    writeFileSync(join(cwd, 'users.csv.gz'), gzipSync(legacyCsv(20)), { mode: 0o600 });
    const input = stdin === '' ? '' : legacyCsv(20);
    const run = await runCli(['run', ...args, '--api-uri', nylas.url, '--rate', '0'], { cwd, stdin: input });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(nylas.grants.size).toBe(20);
  });

  // When they left: where the machine is busy, the server in this process hears of several at once.
  it('never lets a second hold more requests than the rate', async () => {
    const cwd = testFolder();
    const nylas = await startNylasServer(emailInToken);
    writeFileSync(join(cwd, 'users.csv'), legacyCsv(120), { mode: 0o600 });
    const run = await runCli(['run', 'users.csv', '--api-uri', nylas.url, '--rate', '40'], { cwd });
    expect(run.exitCode, run.stderr).toBe(0);
    const times = leftAtMs(join(cwd, 'migration.db'));
    expect(times).toHaveLength(120);
    const busiest = Math.max(
      ...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length),
    );
    expect(busiest).toBeLessThanOrEqual(40);
  });

  it('leaves credentials out of everything it writes, although the server repeats them', async () => {
    const cwd = testFolder();
    const nylas = await startNylasServer(emailInToken, (body) => ({
      status: 400,
      body: {
        request_id: 'r',
        error: {
          type: 'api.invalid_request_error',
          message: `no: ${String(body.settings['refresh_token'])}`,
          provider_error: body.settings,
        },
      },
    }));
    const secret = 'planted-0aF9-secret-token-value';
    writeFileSync(join(cwd, 'users.csv'), `provider,email,refresh_token\ngoogle,a@example.com,${secret}\n`, {
      mode: 0o600,
    });
    const logs = ['--log-file', 'run.log', '--log-level', 'debug'];
    const run = await runCli(['run', 'users.csv', '--api-uri', nylas.url, ...logs], { cwd });
    expect(run.exitCode).toBe(3);
    const report = await runCli(['report'], { cwd });
    const explain = await runCli(['explain', 'a@example.com'], { cwd });
    expect(report.stdout).toContain('[redacted]');
    const files = ['run.log', 'migration.db', 'migration.db-wal'].map((name) => readIfThere(join(cwd, name)));
    const texts = [run, report, explain].flatMap((result) => [result.stdout, result.stderr]);
    expect([...files, ...texts].filter((text) => text.includes(secret))).toEqual([]);
  });
});

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** As a German spreadsheet writes it: BOM, CRLF, semicolons, quoted newlines, v2's names. */
function germanExport(): { text: string; badLines: number[] } {
  const bad = new Map([
    [4, 'exchange;x1@example.com;tok;;note'],
    [9, 'gmail;;tok;;note'],
    [13, 'gmail;not-an-email;tok;;note'],
    [20, 'nosuch;x4@example.com;tok;;note'],
    [27, ';x5@example.com;tok;;note'],
    [33, 'gmail;x6@example.com;;;note'],
    [40, 'gmail;x7@example.com;tok'],
    [48, 'gmail;x8@example.com;;tok-of-microsoft;note'],
  ]);
  const lines = ['provider;email_address;google_refresh_token;microsoft_refresh_token;note'];
  const badLines: number[] = [];
  let line = 2;
  for (let n = 1; n <= 49; n += 1) {
    const row = bad.get(n);
    const quoted = n % 7 === 0;
    const email = `user${n}@example.com`;
    const good = n % 2 === 0 ? `gmail;${email};t${n}:${email};` : `office365;${email};;t${n}:${email}`;
    lines.push(row ?? `${good};${quoted ? '"two\r\nlines; quoted"' : 'note'}`);
    if (row !== undefined) badLines.push(line);
    line += row === undefined && quoted ? 2 : 1;
  }
  return { text: `\uFEFF${lines.join('\r\n')}\r\n`, badLines };
}

function variantsCsv(): string {
  const columns =
    'provider,email,refresh_token,credential_id,scope,imap_username,imap_password,imap_host,imap_port,' +
    'smtp_host,smtp_port,username,password,ews_username,ews_password,ews_host,ews_port';
  return [
    columns,
    'google,a1@x.example,t:a1@x.example,,openid email,,,,,,,,,,,,',
    'microsoft,a2@x.example,t:a2@x.example,,,,,,,,,,,,,,',
    'yahoo,a3@x.example,t:a3@x.example,,,,,,,,,,,,,,',
    'zoom,a4@x.example,t:a4@x.example,,,,,,,,,,,,,,',
    'google,a5@x.example,t:a5@x.example,cred-1,,,,,,,,,,,,,',
    'google,a6@x.example,,cred-2,,,,,,,,,,,,,',
    'microsoft,a7@x.example,,cred-3,,,,,,,,,,,,,',
    'imap,a8@x.example,,,,a8@x.example,pw,imap.x.example,993,smtp.x.example,465,,,,,,',
    'imap,a9@x.example,,,,,pw,,,,,,,,,,',
    'yahoo,a10@x.example,,,,,pw,,,,,,,,,,',
    'icloud,a11@x.example,,,,,,,,,,,app-pw,,,,',
    'ews,a12@x.example,,,,,,,,,,,,a12@x.example,pw,ews.x.example,443',
    'virtual-calendar,room 13,,,,,,,,,,,,,,,',
  ].join('\n');
}
