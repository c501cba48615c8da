import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { testFolder } from '../support/cli.js';
import { runHere } from '../support/command.js';

async function simulate(options: SimulatorOptions = {}): Promise<Awaited<ReturnType<typeof startSimulator>>> {
  const simulator = await startSimulator(options);
  onTestFinished(() => simulator.close());
  return simulator;
}

function writeUsers(cwd: string, emails: readonly string[], scenario = 'ok'): void {
  const rows = emails.map((email, n) => `acc-${n},google,${email},sim.${scenario}.${email}`);
  const text = ['account_id,provider,email,refresh_token', ...rows, ''].join('\n');
  writeFileSync(join(cwd, 'users.csv'), text, { mode: 0o600 });
}

const emails = (count: number): string[] => Array.from({ length: count }, (_, n) => `user${n}@example.com`);

describe('a run that cannot begin', () => {
  const cases: readonly (readonly [string, readonly string[], Record<string, string>, number, RegExp])[] = [
    ['no key', ['run', 'users.csv'], { NYLAS_API_KEY: '' }, 2, /No API key/],
    ['no input', ['run'], {}, 2, /No input was named/],
    [
      'both host options',
      ['run', 'users.csv', '--region', 'eu', '--api-uri', 'https://x.example'],
      {},
      2,
      /not both/,
    ],
    ['plain http', ['run', 'users.csv', '--api-uri', 'http://api.us.nylas.com'], {}, 2, /https only/],
    ['unpaced, not to loopback', ['run', 'users.csv', '--rate', '0'], {}, 2, /loopback only/],
    ['a missing file', ['check', 'nowhere.csv'], {}, 2, /nowhere\.csv/],
    ['an unknown option', ['run', '--sped', '3'], {}, 2, /unknown option/],
    [
      'the key on the command line',
      ['run', '--api-key=k', 'x.csv'],
      {},
      2,
      /never given on the command line[^]*NYLAS_API_KEY/,
    ],
    ['a bad value', ['run', 'users.csv', '--timeout', 'soon'], {}, 2, /duration/],
    ['no ledger', ['status'], {}, 6, /no ledger/i],
    [
      'nobody there',
      ['run', 'users.csv', '--api-uri', 'http://127.0.0.1:1', '--timeout', '1s'],
      {},
      7,
      /ECONNREFUSED/,
    ],
  ];

  it.each(cases)('%s', async (_name, args, env, exitCode, message) => {
    const cwd = testFolder();
    writeUsers(cwd, emails(1));
    const result = await runHere(args, { cwd, env });
    expect(result.stderr).toMatch(message);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });

  it('a refused key ends with 4', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ apiKey: 'another-key' });
    writeUsers(cwd, emails(1));
    const result = await runHere(['run', 'users.csv', '--api-uri', simulator.url], { cwd });
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain('refuses the API key');
  });

  it('a file that is broken from its first row ends with 2, and its run did not die', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    const broken = 'provider,email,refresh_token\ngoogle,a@example.com,"never closed\n';
    writeFileSync(join(cwd, 'users.csv'), broken, { mode: 0o600 });
    const result = await runHere(['run', 'users.csv', '--api-uri', simulator.url], { cwd });
    expect(result.exitCode, result.stderr).toBe(2);
    expect(result.stderr).toContain('line 2');
    const status = await runHere(['status'], { cwd });
    expect(status.stdout).toContain('failed');
    expect(status.stdout).not.toContain('died');
  });

  it('under --json an error is a document too', async () => {
    const cwd = testFolder();
    const result = await runHere(['status', '--json'], { cwd });
    expect(JSON.parse(result.stdout)).toMatchObject({ error: { kind: 'ledger' }, exitCode: 6 });
  });

  it("another application's key is refused with 6", async () => {
    const cwd = testFolder();
    writeUsers(cwd, emails(1));
    const first = await simulate();
    expect((await runHere(['run', 'users.csv', '--api-uri', first.url], { cwd })).exitCode).toBe(0);
    const other = await simulate({ applicationId: 'another-application' });
    const result = await runHere(['run', 'users.csv', '--api-uri', other.url], { cwd });
    expect(result.exitCode).toBe(6);
    expect(result.stderr).toContain('belongs to application');
  });
});

describe('a ledger that was begun with another Nylas', () => {
  it('is told before anything is sent, with the options of its last run', async () => {
    const cwd = testFolder();
    writeUsers(cwd, emails(2));
    const simulator = await simulate();
    await runHere(['run', 'users.csv', '--api-uri', simulator.url], { cwd });
    const asked = simulator.stats().requestsTotal;
    const env = { NYLAS_API_URI: 'https://nylas.invalid' };
    for (const command of [['run', 'users.csv'], ['verify'], ['undo', '--yes', '2']]) {
      const result = await runHere(command, { cwd, env });
      expect(result.exitCode, result.stderr).toBe(6);
      expect(result.stderr).toContain(
        'belongs to 127.0.0.1, and this would ask nylas.invalid: nothing was sent',
      );
      expect(result.stderr).toContain(`add --api-uri ${simulator.url}`);
    }
    expect(simulator.stats().requestsTotal).toBe(asked);
  });

  it('is not asked for aliases, and its decisions are taken to where it belongs', async () => {
    const cwd = testFolder();
    writeUsers(cwd, emails(2), 'other');
    const simulator = await simulate();
    await runHere(['run', 'users.csv', '--api-uri', simulator.url], { cwd });
    const listed = await runHere(['resolve', '--list'], {
      cwd,
      env: { NYLAS_API_URI: 'https://nylas.invalid' },
    });
    expect(listed.stdout).toContain('Aliases are not shown: the ledger is of another Nylas');
    expect(listed.stdout).toContain(`--accept --by NAME --why TEXT --api-uri ${simulator.url}\n`);
    expect(listed.stdout).toContain(
      'report --category email_mismatch --columns record_key,email,grant_email',
    );
  });
});

describe('a failure under --json', () => {
  it.each([
    ['an unknown option', ['status', '--legder', 'x'], 2],
    ['an unknown command', ['stauts'], 2],
    ['a missing argument', ['explain'], 2],
    ['an empty value', ['status', '--ledger', ''], 2],
    ['no ledger', ['status'], 6],
  ])('%s: one document', async (_what, args, exitCode) => {
    const result = await runHere([...args, '--json'], { cwd: testFolder() });
    expect(result.exitCode).toBe(exitCode);
    const document = JSON.parse(result.stdout) as { error: { message: string; next: string } };
    expect(document).toMatchObject({ exitCode });
    expect(document.error.message).not.toMatch(/^error/i);
    expect(document.error.next).not.toBe('');
  });

  it('is a document where a variable, or a configuration file, asks for it', async () => {
    const cwd = testFolder();
    const expected = { error: { kind: 'ledger' }, exitCode: 6 };
    const byVariable = await runHere(['status'], { cwd, env: { NYLAS_MIGRATE_JSON: 'true' } });
    expect(JSON.parse(byVariable.stdout)).toMatchObject(expected);
    writeFileSync(join(cwd, 'c.json'), '{ "json": true }');
    const byFile = await runHere(['status', '--config', 'c.json'], { cwd });
    expect(JSON.parse(byFile.stdout)).toMatchObject(expected);
  });

  it('of a configuration file that is no JSON names the line', async () => {
    const cwd = testFolder();
    writeFileSync(join(cwd, 'c.json'), '{\n  "rate": 7,\n  "on-finish": "https://planted.example",\n}\n');
    const { stderr, exitCode } = await runHere(['status', '--config', 'c.json'], { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^Error: --config c\.json is not JSON, as line 4 shows\.\n/);
    expect(stderr).not.toContain('planted');
    writeFileSync(join(cwd, 'c.json'), '{\n  "quiet": tru,\n  "rate": 7\n}\n');
    const vague = (await runHere(['status', '--config', 'c.json'], { cwd })).stderr;
    expect(vague).toMatch(/^Error: --config c\.json is not JSON(, as line 2 shows)?\.\n/);
    writeFileSync(join(cwd, 'c.json'), '{\n  "rate": 7,\n');
    expect((await runHere(['status', '--config', 'c.json'], { cwd })).stderr).toContain('line 3 shows');
  });

  it('a report that goes to a file is told of, and is in the form that was asked for', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, emails(2));
    await runHere(['run', 'users.csv', '--api-uri', simulator.url, '--rate', '0'], { cwd });
    const { stdout } = await runHere(['report', '--columns', 'status', '--out', 'r.csv', '--json'], { cwd });
    expect(JSON.parse(stdout)).toEqual({ file: 'r.csv', format: 'csv', rows: 2 });
    expect(readFileSync(join(cwd, 'r.csv'), 'utf8')).toBe('status\nmigrated\nmigrated\n');
  });
});

describe('a dry run', () => {
  it('counts a mailbox of two users once, as check does and a run would', async () => {
    const cwd = testFolder();
    writeUsers(cwd, ['a@example.com', 'b@example.com', 'A@example.com']);
    const planned = await runHere(['run', 'users.csv', '--dry-run', '--json'], { cwd });
    expect(JSON.parse(planned.stdout)).toMatchObject({ estimate: { requests: 2 }, rest: { take: 1 } });
    const checked = await runHere(['check', 'users.csv', '--json'], { cwd });
    expect(JSON.parse(checked.stdout)).toMatchObject({ estimate: { requests: 2 } });
  });
});

describe('a provider’s name that is given to another', () => {
  it('is taken as it is said, with a warning', async () => {
    const cwd = testFolder();
    writeUsers(cwd, emails(2));
    const check = await runHere(['check', 'users.csv', '--provider-alias', 'google=microsoft'], { cwd });
    expect(check.stderr).toContain('takes every google row for one of microsoft');
    expect(check.stdout).toMatch(/microsoft +2/);
  });
});

describe('a file or a place that is not as it should be is told in a sentence', () => {
  it.each<readonly [string, readonly string[], number, string]>([
    ['--only', ['run', 'users.csv', '--only', 'none'], 2, "--only none can't be read: there is no such file"],
    ['--config', ['status', '--config', 'none'], 2, "--config none can't be read: there is no such file"],
    [
      '--log-file',
      ['run', 'users.csv', '--log-file', 'none/log'],
      2,
      "none/log can't be written: its folder does",
    ],
    [
      'a ledger that is a directory',
      ['status', '--ledger', 'folder'],
      6,
      "folder can't be used: it is a directory",
    ],
    ['the same to write', ['run', 'users.csv', '--ledger', 'folder'], 6, 'it is a directory'],
    ['a report', ['report', '--out', 'none/report.csv'], 2, 'its folder does not exist'],
    ['a backup', ['backup', 'none/copy.db'], 2, 'its folder does not exist'],
    ['a demo', ['demo', '--out', 'users.csv'], 2, 'something else lies there already'],
    ['a bad value', ['report', '--format', 'xml'], 2, 'nothing was done'],
    ['a key with a dash', ['explain', '-x17'], 2, 'what begins with a dash but is no option goes after --'],
  ])('%s', async (_what, args, exitCode, says) => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, emails(1));
    mkdirSync(join(cwd, 'folder'));
    const env = { NYLAS_API_URI: simulator.url };
    await runHere(['run', 'users.csv'], { cwd, env });
    const result = await runHere(args, { cwd, env });
    expect(result.stderr).toContain(says);
    expect(result.stderr).not.toMatch(/ENOENT:|EISDIR:|submitted/);
    expect(result.exitCode).toBe(exitCode);
    expect(existsSync(join(cwd, 'folder.lock'))).toBe(false);
  });
});

describe('an input with a header and no rows', () => {
  it.each(['check', 'run'])('%s ends with 0, says so and advises nothing', async (command) => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, []);
    const args = command === 'run' ? ['--api-uri', simulator.url] : [];
    const result = await runHere([command, 'users.csv', ...args], { cwd });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.stdout).toMatch(/a header and no rows: there (is|was) nothing to migrate/);
    expect(result.stdout).not.toMatch(/correct/i);
  });
});

describe('an input that breaks off', () => {
  const csv = 'account_id,provider,email,refresh_token\n1,google,a@x.example,sim.ok.a@x.example\n';

  it('is remembered with its line, and nothing of its fields', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeFileSync(join(cwd, 'users.csv'), `${csv}2,google,b@x.example,"sim.ok.planted\n`, { mode: 0o600 });
    const run = await runHere(['run', 'users.csv', '--api-uri', simulator.url], { cwd });
    expect(run.exitCode).toBe(4);
    expect(run.stdout.replaceAll('\n', ' ')).toContain('What is done stays done.');
    const status = await runHere(['status'], { cwd });
    expect(status.stdout.replaceAll('\n', ' ')).toContain('the record that begins on line 3 has a quote');
    expect(status.stdout).toContain('the input broke off');
    expect(status.stdout).not.toContain('planted');
    const { runs } = JSON.parse((await runHere(['status', '--json'], { cwd })).stdout) as { runs: unknown };
    const endedWhy: unknown = expect.stringContaining('line 3');
    expect(runs).toMatchObject([{ endedHow: 'input', endedWhy }]);
  });

  it.each([
    [
      'a command',
      ['check', '--input-command', 'true # secret'],
      /^Error: There is nothing in the output of the/,
    ],
    ['a command that fails', ['check', '--input-command', 'exit 3 # secret'], /exit code 3/],
  ])('of %s is not named by what was typed, and promises nothing', async (_what, args, says) => {
    const result = await runHere(args, { cwd: testFolder() });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(says);
    expect(result.stderr).not.toMatch(/secret|stays done/);
  });
});

describe('a run about some of the users', () => {
  it('says who was left out, and which command migrates them', async () => {
    const cwd = testFolder();
    const env = { NYLAS_API_URI: (await simulate()).url };
    writeUsers(cwd, emails(5));
    writeFileSync(join(cwd, 'keys.txt'), '\uFEFFacc-1\nacc-3\nacc-7\n');
    const run = await runHere(['run', 'users.csv', '--only', 'keys.txt'], { cwd, env });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stdout).toContain('1 key of --only is the record key of no row: acc-7');
    for (const { stdout } of [run, await runHere(['status'], { cwd, env })]) {
      expect(stdout).toContain('3 rows without a grant were left out by --only keys.txt');
      expect(stdout).toMatch(/^ +nylas-migrate run users.csv --api-uri \S+$/m);
      expect(stdout).not.toContain('Nothing is left');
    }
    expect((await runHere(['run', 'users.csv'], { cwd, env })).stdout).toContain('Nothing is left to do');
  });

  it('under --json says where they went and what was asked for in vain', async () => {
    const cwd = testFolder();
    const env = { NYLAS_API_URI: (await simulate()).url };
    writeUsers(cwd, emails(2));
    writeFileSync(join(cwd, 'keys.txt'), 'acc-7\n');
    const asked = ['--exclude', 'keys.txt', '--retry', 'blocked'];
    const unmatched = {
      keys: [{ option: '--exclude', count: 1, examples: ['acc-7'] }],
      retry: ['blocked'],
    };
    const planned = await runHere(['run', 'users.csv', ...asked, '--dry-run', '--json'], { cwd, env });
    expect(JSON.parse(planned.stdout)).toMatchObject({ unmatched });
    const run = await runHere(['run', 'users.csv', ...asked, '--json'], { cwd, env });
    const summary = JSON.parse(run.stdout) as { elapsedMs: number };
    expect(summary).toMatchObject({
      unmatched,
      host: '127.0.0.1',
      application: { name: 'Nylas simulator' },
      environment: 'staging',
    });
    expect(Number.isInteger(summary.elapsedMs)).toBe(true);
  });

  it('--retry that some record answers to is not said to match nothing', async () => {
    const cwd = testFolder();
    const env = { NYLAS_API_URI: (await simulate()).url };
    writeUsers(cwd, emails(1), 'revoked');
    await runHere(['run', 'users.csv'], { cwd, env });
    const again = ['run', 'users.csv', '--retry', 'needs_reauth,blocked', '--json'];
    const { unmatched } = JSON.parse((await runHere(again, { cwd, env })).stdout) as { unmatched: unknown };
    expect(unmatched).toEqual({ keys: [], retry: ['blocked'] });
  });
});

describe('keys that a spreadsheet would take for formulas', () => {
  it('can be written back, and explained', async () => {
    const cwd = testFolder();
    const env = { NYLAS_API_URI: (await simulate()).url };
    const csv = 'account_id,provider,email,refresh_token\n-17,google,a@x.example,sim.ok.a@x.example\n';
    writeFileSync(join(cwd, 'users.csv'), csv, { mode: 0o600 });
    await runHere(['run', 'users.csv'], { cwd, env });
    const columns = ['report', '--columns', 'account_id'];
    expect((await runHere(columns, { cwd })).stdout).toBe("account_id\n'-17\n");
    expect((await runHere([...columns, '--raw'], { cwd })).stdout).toBe('account_id\n-17\n');
    const toFile = await runHere([...columns, '--out', 'ids.csv'], { cwd });
    expect(toFile.stderr).toContain('1 row written to ids.csv');
    const story = await runHere(['explain', '--', '-17'], { cwd });
    expect(story.stdout).toContain('a@x.example');
  });
});

describe('a file that ends with rows that wait for another', () => {
  it.each([
    ['the same user again', 'acc-1,google,a@example.com,sim.ok.a@example.com', 'duplicate'],
    ['another user of the mailbox', 'acc-2,google,a@example.com,sim.ok.a@example.com', 'migrated'],
  ])('%s: the run ends', async (_what, row, bucket) => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 100 });
    const first = 'acc-1,google,a@example.com,sim.ok.a@example.com';
    const text = ['account_id,provider,email,refresh_token', first, row, ''].join('\n');
    writeFileSync(join(cwd, 'users.csv'), text, { mode: 0o600 });
    const run = await runHere(['run', 'users.csv', '--api-uri', simulator.url, '--json'], { cwd });
    expect(run.exitCode, run.stderr).toBe(0);
    const { balance } = JSON.parse(run.stdout) as { balance: { buckets: Record<string, number> } };
    expect(balance.buckets[bucket]).toBe(bucket === 'migrated' ? 2 : 1);
  });
});

describe('what lies there already', () => {
  const files = ['migration.db', './migration.db', 'migration.db-wal', 'migration.db.bak', 'users.csv'];

  it.each(files)('a report is not written over %s', async (out) => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, emails(2));
    expect((await runHere(['run', 'users.csv', '--api-uri', simulator.url], { cwd })).exitCode).toBe(0);
    const before = readFileSync(join(cwd, 'users.csv'), 'utf8');
    const report = await runHere(['report', '--out', out], { cwd });
    expect(report.exitCode).toBe(2);
    expect(report.stderr).toContain('it would be written over');
    expect(readFileSync(join(cwd, 'users.csv'), 'utf8')).toBe(before);
    expect((await runHere(['status'], { cwd })).exitCode).toBe(0);
  });

  it.each(['migration.db', 'users.csv'])('a log is not appended to %s', async (file) => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, emails(1));
    const args = ['run', 'users.csv', '--api-uri', simulator.url, '--log-file', file];
    expect((await runHere(args, { cwd })).exitCode).toBe(2);
    expect(simulator.stats().requestsTotal).toBe(0);
  });
});

describe('carried columns', () => {
  const csv = (name: string): string =>
    `account_id,provider,email,refresh_token,user_id\nacc-1,google,a@x.example,sim.${name}.a@x.example,u-1\n`;
  const userId = async (cwd: string): Promise<string> =>
    (await runHere(['report', '--columns', 'user_id'], { cwd })).stdout.trim().split('\n')[1] ?? '';

  it('are kept by a run that does not carry them', async () => {
    const cwd = testFolder();
    const args = ['run', 'users.csv', '--api-uri', (await simulate()).url];
    writeFileSync(join(cwd, 'users.csv'), csv('revoked'), { mode: 0o600 });
    await runHere([...args, '--carry', 'user_id'], { cwd });
    writeFileSync(join(cwd, 'users.csv'), csv('ok'), { mode: 0o600 });
    expect((await runHere(args, { cwd })).exitCode).toBe(0);
    expect(await userId(cwd)).toBe('u-1');
  });

  it('can be added to records that are done', async () => {
    const cwd = testFolder();
    const args = ['run', 'users.csv', '--api-uri', (await simulate()).url];
    writeFileSync(join(cwd, 'users.csv'), csv('ok'), { mode: 0o600 });
    await runHere(args, { cwd });
    expect((await runHere([...args, '--carry', 'user_id'], { cwd })).exitCode).toBe(0);
    expect(await userId(cwd)).toBe('u-1');
  });
});

describe('options of a run', () => {
  it('--limit submits so many and says that work remains', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, emails(20));
    const run = await runHere(['run', 'users.csv', '--api-uri', simulator.url, '--limit', '7'], { cwd });
    expect(run.exitCode, run.stdout).toBe(7);
    expect(simulator.grants()).toHaveLength(7);
    expect(run.stdout).toMatch(
      /^The input was read to line 8, about 3\d % of it: what follows was not looked at\.$/m,
    );
  });

  it('--dry-run sends and writes nothing', async () => {
    const cwd = testFolder();
    writeUsers(cwd, emails(20));
    const run = await runHere(['run', 'users.csv', '--dry-run', '--json'], { cwd });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ rows: 20, wouldSubmit: { google: 20 } });
    expect(() => statSync(join(cwd, 'migration.db'))).toThrow();
  });

  it('--dry-run refuses a file that the ledger would be keyed otherwise by, as a run does', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, emails(2));
    const args = ['run', 'users.csv', '--api-uri', simulator.url, '--rate', '0'];
    expect((await runHere(args, { cwd })).exitCode).toBe(0);
    for (const more of [['--dry-run'], []]) {
      const run = await runHere([...args, ...more, '--identify-by', 'column:provider'], { cwd });
      expect(run.exitCode, run.stdout).toBe(2);
      expect(run.stderr).toContain('this file would name them by column:provider');
    }
  });

  it('--dry-run keeps to the limits', async () => {
    const cwd = testFolder();
    writeUsers(cwd, emails(20));
    for (const option of ['--limit', '--limit-per-provider']) {
      const run = await runHere(['run', 'users.csv', '--dry-run', '--json', option, '5'], { cwd });
      expect(JSON.parse(run.stdout)).toMatchObject({ wouldSubmit: { google: 5 }, rest: { held_back: 15 } });
    }
  });

  it('check names the run that reads the file as it did', async () => {
    const cwd = testFolder();
    const csv = 'account_id,provider,email,refresh_token\n1,exchange,a@x.example,t\n';
    const options = ['--provider-alias', 'exchange=microsoft', '--identify-by', 'email'];
    writeFileSync(join(cwd, 'users.csv'), csv, { mode: 0o600 });
    const fromFile = await runHere(['check', 'users.csv', ...options], { cwd });
    expect(fromFile.stdout).toContain(`nylas-migrate run users.csv ${options.join(' ')}`);
    const fromStdin = await runHere(['check', '-', ...options], { cwd, stdin: csv });
    expect(fromStdin.stdout).toContain(`nylas-migrate run - ${options.join(' ')}`);
  });

  it.each(['0s', '9999h'])('--timeout %s is refused', async (timeout) => {
    const cwd = testFolder();
    writeUsers(cwd, emails(1));
    const run = await runHere(['run', 'users.csv', '--timeout', timeout], { cwd });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('a duration from 10ms to 1h');
  });

  it('--sample takes the same users every time, --only and --exclude take keys', async () => {
    const cwd = testFolder();
    writeUsers(cwd, emails(200));
    writeFileSync(join(cwd, 'keys.txt'), 'acc-1\nacc-2\n');
    const count = async (...args: string[]): Promise<unknown> => {
      const run = await runHere(['run', 'users.csv', '--dry-run', '--json', ...args], { cwd });
      return (JSON.parse(run.stdout) as { wouldSubmit: { google?: number } }).wouldSubmit.google;
    };
    const sampled = await count('--sample', '10%');
    expect(sampled).toBe(await count('--sample', '0.1'));
    expect(sampled).toBeLessThan(60);
    expect(await count('--only', 'keys.txt')).toBe(2);
    expect(await count('--exclude', 'keys.txt')).toBe(198);
  });

  it('a changed credential is submitted again, an unchanged one is not', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, emails(3), 'revoked');
    const args = ['run', 'users.csv', '--api-uri', simulator.url, '--json'];
    expect((await runHere(args, { cwd })).exitCode).toBe(3);
    const again = await runHere(args, { cwd });
    expect(JSON.parse(again.stdout)).toMatchObject({ balance: { buckets: { skipped: 3, failed: 0 } } });
    writeUsers(cwd, emails(3), 'ok');
    expect((await runHere(args, { cwd })).exitCode).toBe(0);
    expect(simulator.grants()).toHaveLength(3);
  });

  it('--email-mismatch accept takes the grant of another mailbox', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, emails(1), 'other');
    const args = ['run', 'users.csv', '--api-uri', simulator.url];
    expect((await runHere(args, { cwd })).exitCode).toBe(3);
    const accepted = [...args, '--retry', 'email_mismatch', '--email-mismatch', 'accept'];
    expect((await runHere(accepted, { cwd })).exitCode).toBe(0);
  });

  it('options come from the environment and from a file too, and flags win', async () => {
    const cwd = testFolder();
    writeUsers(cwd, emails(20));
    writeFileSync(join(cwd, 'options.json'), JSON.stringify({ 'dry-run': true, rate: 5 }));
    const env = { NYLAS_MIGRATE_RATE: '10' };
    const args = ['run', 'users.csv', '--config', 'options.json', '--json'];
    const rateOf = async (more: readonly string[], vars: Record<string, string>): Promise<unknown> => {
      const { stdout } = await runHere([...args, ...more], { cwd, env: vars });
      return (JSON.parse(stdout) as { estimate: { ratePerSecond: number } }).estimate.ratePerSecond;
    };
    expect(await rateOf([], {})).toBe(5);
    expect(await rateOf([], env)).toBe(10);
    expect(await rateOf(['--rate', '20'], env)).toBe(20);
  });

  it('an unknown key in the file is refused with the nearest name', async () => {
    const cwd = testFolder();
    writeUsers(cwd, emails(1));
    writeFileSync(join(cwd, 'options.json'), JSON.stringify({ 'concurency-max': 3 }));
    const run = await runHere(['run', 'users.csv', '--config', 'options.json'], { cwd });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('did you mean "concurrency-max"?');
  });
});
