import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import dns from 'node:dns';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/adapters/clock/index.js';
import { openReader } from '../../src/adapters/sqlite/reader.js';
import type { RunResult } from '../../src/migrate.js';
import type { Clock } from '../../src/ports/clock.js';
import type { Ledger } from '../../src/ports/ledger.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { API_KEY, endOf, startCli, testFolder, type CliResult } from '../support/cli.js';
import { runHere } from '../support/command.js';
import { migrateHere } from '../support/migrate.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const LEDGER = 'migration.db';

async function simulate(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options);
  onTestFinished(() => simulator.close());
  return simulator;
}

/** Half of them are of zoom, whose tokens work only once: a repetition shows. Each row is a third of a KiB. */
function writeUsers(cwd: string, count: number): void {
  const note = 'n'.repeat(250);
  const rows = Array.from({ length: count }, (_, n) => {
    const email = `user${n}@example.com`;
    return `acc-${n},${n % 2 === 0 ? 'google' : 'zoom'},${email},sim.ok.${email},${note}`;
  });
  const text = ['account_id,provider,email,refresh_token,note', ...rows, ''].join('\n');
  writeFileSync(join(cwd, 'users.csv'), text, { mode: 0o600 });
}

/**
 * The time-out is longer than a busy machine keeps anybody waiting: what gets no answer gets none through what the
 * test does, and whatever is sent has been answered when a process that drains has ended.
 */
function runArgs(simulator: Simulator, ...more: readonly string[]): string[] {
  const pace = ['--rate', '0', '--concurrency-max', '10', '--timeout', '30s', '--settle-delay', '200ms'];
  return ['run', 'users.csv', '--api-uri', simulator.url, ...pace, ...more];
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const untilGrants = (simulator: Simulator, count: number): Promise<void> =>
  until(() => simulator.stats().grantsCreated >= count);

/** Starts the built command in a shell that has set limits before. */
function startLimited(limits: string, args: readonly string[], cwd: string): ChildProcess {
  const env = { PATH: process.env['PATH'], NYLAS_API_KEY: API_KEY };
  const script = `${limits}; exec "$0" "$@"`;
  return spawn('bash', ['-c', script, process.execPath, MAIN, ...args], { cwd, env });
}

interface UnwrittenLine {
  readonly record_key: string;
  readonly outcome: string;
  readonly status: string;
  readonly grant_id: string;
}

function unwrittenIn({ stderr }: CliResult): UnwrittenLine[] {
  const lines = stderr.split('\n').filter((line) => line.startsWith('Not in the ledger: '));
  return lines.map((line) => JSON.parse(line.slice('Not in the ledger: '.length)) as UnwrittenLine);
}

/** What was printed is true, complete, and free of credentials. */
function expectAccountedFor(result: CliResult, simulator: Simulator, cwd: string): void {
  const printed = new Set(unwrittenIn(result).map((line) => line.grant_id));
  const reader = openReader(join(cwd, LEDGER));
  const records = [...reader.records({ statuses: ['migrated'], categories: null })];
  reader.close();
  const written = new Set(records.map((record) => record.grantId));
  for (const { id } of simulator.grants()) expect(printed.has(id) || written.has(id)).toBe(true);
  expect(result.stderr).not.toContain('sim.ok.');
  expect(result.stderr).not.toContain(API_KEY);
}

async function expectCompletes(
  args: readonly string[],
  cwd: string,
  simulator: Simulator,
): Promise<CliResult> {
  const rerun = await runHere([...args, '--concurrency-max', '100'], { cwd });
  expect(rerun.exitCode, rerun.stdout + rerun.stderr).toBe(0);
  expect(simulator.stats()).toMatchObject({ grantsReauthenticated: 0, tokensSpentTwice: 0 });
  return rerun;
}

/** A small file system of its own; null where this user may not mount one. */
function mountTmpfs(folder: string, options: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function unmount(folder: string): void {
  execFileSync('umount', [folder], { stdio: 'ignore' });
}

const canMount = ((): boolean => {
  const folder = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
  const mounted = mountTmpfs(folder, 'size=64k');
  if (mounted) unmount(folder);
  rmSync(folder, { recursive: true });
  return mounted;
})();

describe('a disk that is full in the middle of a commit', () => {
  it('stops the sending, prints what cannot be written, and loses nothing', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 20 });
    writeUsers(cwd, 600);
    const args = runArgs(simulator);
    const stopped = await endOf(startLimited("trap '' XFSZ; ulimit -f 1000", args, cwd));
    expect(stopped.exitCode, stopped.stderr).toBe(6);
    expect(stopped.stderr).toContain('disk I/O error');
    expect(stopped.stderr).toContain('then run again: it resumes');
    const unwritten = unwrittenIn(stopped);
    expect(unwritten.length).toBeGreaterThan(0);
    // What was in flight, and what waited for the same commit.
    expect(unwritten.length).toBeLessThanOrEqual(10 + 64);
    expect(unwritten[0]).toMatchObject({ outcome: 'granted', status: 'migrated' });
    expectAccountedFor(stopped, simulator, cwd);
    expect(simulator.stats().grantsCreated).toBeLessThan(600);
    await expectCompletes(args, cwd, simulator);
    expect(simulator.grants()).toHaveLength(600);
  });

  it.skipIf(!canMount)('names the reason on a file system without room', async () => {
    const cwd = testFolder();
    const disk = join(cwd, 'disk');
    mkdirSync(disk);
    mountTmpfs(disk, 'size=800k');
    onTestFinished(() => {
      unmount(disk);
    });
    const simulator = await simulate({ latencyMs: 20 });
    writeUsers(cwd, 600);
    const args = runArgs(simulator, '--ledger', 'disk/migration.db');
    const stopped = await runHere(args, { cwd });
    expect(stopped.exitCode, stopped.stderr).toBe(6);
    expect(stopped.stderr).toMatch(/full.*SQLITE_FULL/);
    expect(stopped.stderr).toContain('Make room on that disk, then run the same command again');
    expectAccountedFor(stopped, simulator, disk);

    execFileSync('mount', ['-o', 'remount,size=20m', disk]);
    await expectCompletes(args, cwd, simulator);
    expect(simulator.grants()).toHaveLength(600);
  });

  it('cuts off within the drain time-out what does not come back', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: { min: 20, max: 60_000 } });
    writeUsers(cwd, 100);
    const args = ['run', 'users.csv', '--api-uri', simulator.url, '--rate', '0', '--concurrency-max', '50'];
    const child = startCli([...args, '--drain-timeout', '300ms'], { cwd });
    const ended = endOf(child);
    await until(() => simulator.stats().inFlightMax >= 50);
    const startedMs = performance.now();
    rmSync(join(cwd, LEDGER));
    const result = await ended;
    expect(result.exitCode, result.stderr).toBe(6);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(unwrittenIn(result).filter(({ outcome }) => outcome === 'in_doubt').length).toBeGreaterThan(0);
    expect(result.stderr).toContain('Wait 120 s first');
  });

  it('is still told where the run was already being stopped by a signal', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 3_000 });
    writeUsers(cwd, 100);
    const child = startCli(runArgs(simulator, '--timeout', '30s'), { cwd });
    const ended = endOf(child);
    await until(() => simulator.stats().inFlightMax >= 10);
    child.kill('SIGINT');
    rmSync(join(cwd, LEDGER));
    const result = await ended;
    expect(result.exitCode, result.stderr).toBe(6);
    expect(unwrittenIn(result)).toHaveLength(10);
  });
});

describe('a ledger that changes under a running process', () => {
  const path = (cwd: string): string => join(cwd, LEDGER);
  const faults: readonly (readonly [string, (cwd: string) => void, RegExp])[] = [
    [
      'deleted',
      (cwd) => {
        rmSync(path(cwd));
      },
      /migration\.db was deleted/,
    ],
    ['replaced', replaceLedger, /migration\.db was replaced/],
    [
      'without its WAL',
      (cwd) => {
        rmSync(`${path(cwd)}-wal`);
      },
      /migration\.db-wal was deleted/,
    ],
    [
      'without its lock',
      (cwd) => {
        rmSync(`${path(cwd)}.lock`);
      },
      /migration\.db\.lock was deleted/,
    ],
  ];

  it.each(faults)('%s: noticed within a second, and a rerun completes', async (_what, happen, says) => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 50 });
    writeUsers(cwd, 500);
    const child = startCli(runArgs(simulator), { cwd });
    const ended = endOf(child);
    await untilGrants(simulator, 50);
    const startedMs = performance.now();
    happen(cwd);
    const result = await ended;
    expect(result.exitCode, result.stderr).toBe(6);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect(result.stderr).toMatch(says);
    await expectCompletes(runArgs(simulator), cwd, simulator);
    expect(simulator.grants()).toHaveLength(500);
  });

  function replaceLedger(cwd: string): void {
    writeFileSync(join(cwd, 'other.db'), '');
    renameSync(join(cwd, 'other.db'), path(cwd));
  }

  it.each([
    ['the file', LEDGER],
    ['the WAL', `${LEDGER}-wal`],
  ])('%s cut short: exit 6, and nothing is sent again without a look', async (_what, name) => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 50 });
    writeUsers(cwd, 800);
    const child = startCli(runArgs(simulator), { cwd });
    const ended = endOf(child);
    // By then the WAL has gone into the file for the first time: what is cut off is nowhere else.
    await untilGrants(simulator, 300);
    truncateSync(join(cwd, name), 0);
    const result = await ended;
    expect(result.exitCode, result.stderr).toBe(6);
    expect(result.stderr).toMatch(/cut short|malformed|SQLITE_/);
    // Everything was answered: the next run can begin at once.
    expect(result.stderr).not.toContain('Wait');
    await expectCompletes([...runArgs(simulator), '--ledger', 'new.db'], cwd, simulator);
    expect(simulator.grants()).toHaveLength(800);
  });

  it('cut short while answers are outstanding: says to wait for what only Nylas knows of', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 8_000 });
    writeUsers(cwd, 10);
    const child = startCli(runArgs(simulator, '--drain-timeout', '100ms'), { cwd });
    const ended = endOf(child);
    await until(() => simulator.stats().inFlightMax >= 10);
    truncateSync(join(cwd, `${LEDGER}-wal`), 0);
    const result = await ended;
    expect(result.exitCode, result.stderr).toBe(6);
    expect(unwrittenIn(result).map(({ status }) => status)).toEqual(Array(10).fill('in_doubt'));
    expect(result.stderr).toContain('Wait 1 s first');
    await untilGrants(simulator, 10);
    await expectCompletes([...runArgs(simulator), '--ledger', 'new.db'], cwd, simulator);
    expect(simulator.grants()).toHaveLength(10);
  });

  it('ends even where the input keeps silent', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, 20);
    const child = startCli(['run', '-', ...runArgs(simulator).slice(2)], { cwd });
    const ended = endOf(child);
    child.stdin?.on('error', () => undefined).write(readFileSync(join(cwd, 'users.csv')));
    await untilGrants(simulator, 20);
    rmSync(path(cwd));
    expect((await ended).exitCode).toBe(6);
  });
});

describe('signals', () => {
  it('end a run whose input keeps silent; the same command resumes', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, 20);
    const child = startCli(['run', '-', ...runArgs(simulator).slice(2)], { cwd });
    const ended = endOf(child);
    child.stdin?.on('error', () => undefined).write(readFileSync(join(cwd, 'users.csv')));
    await untilGrants(simulator, 20);
    child.kill('SIGINT');
    expect((await ended).exitCode).toBe(130);
    await expectCompletes(runArgs(simulator), cwd, simulator);
  });

  it('a second one leaves at once, whatever is in flight', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 20_000 });
    writeUsers(cwd, 20);
    const child = startCli(runArgs(simulator, '--timeout', '60s'), { cwd });
    const ended = endOf(child);
    let stderr = '';
    child.stderr?.on('data', (text: string) => (stderr += text));
    await until(() => simulator.stats().inFlightMax >= 10);
    child.kill('SIGTERM');
    await until(() => stderr.includes('once more to leave at once'));
    child.kill('SIGINT');
    expect((await ended).exitCode).toBe(130);
  });
});

describe('a damaged ledger', () => {
  it('is refused before anything is sent, and its message is the way back', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 10 });
    writeUsers(cwd, 300);
    expect((await runHere(runArgs(simulator, '--limit', '100'), { cwd })).exitCode).toBe(7);
    const child = startCli(runArgs(simulator), { cwd });
    const ended = endOf(child);
    await until(() => simulator.stats().grantsCreated >= 200 && existsSync(join(cwd, `${LEDGER}.bak`)));
    child.kill('SIGKILL');
    await ended;
    damageLatterHalf(join(cwd, LEDGER));
    // What the killed run had under way may still arrive at its own.
    const another = await simulate();
    const refused = await runHere(runArgs(another), { cwd });
    expect(refused.exitCode, refused.stderr).toBe(6);
    expect(refused.stderr).toMatch(/damaged|malformed/);
    expect(refused.stderr).toContain('Keep the file');
    expect(another.stats().requests['connect']).toBeUndefined();

    const [, command = '', option = ''] =
      /: (cp \S+ \S+), then the same command with (.+?)\. /.exec(refused.stderr) ?? [];
    execFileSync('bash', ['-c', command], { cwd });
    await expectCompletes([...runArgs(simulator), ...option.split(' ')], cwd, simulator);
    expect(simulator.grants()).toHaveLength(300);
  });

  it('after a run that ended well is met by whatever command comes upon it', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, 20);
    expect((await runHere(runArgs(simulator), { cwd })).exitCode).toBe(0);
    const before = simulator.stats().requests['connect'];
    const whole = readFileSync(join(cwd, LEDGER));
    whole.fill(0xa5, 4_096);
    writeFileSync(join(cwd, LEDGER), whole);
    const commands = [
      ['status'],
      ['report'],
      ['explain', 'acc-1'],
      ['backup', 'copy.db'],
      runArgs(simulator),
    ];
    for (const args of [...commands, runArgs(simulator, '--dry-run')]) {
      const met = await runHere(args, { cwd });
      expect(met.exitCode, args[0]).toBe(6);
      expect(met.stderr).toMatch(/malformed|damaged/);
      expect(met.stderr).toContain('Keep the file');
    }
    expect(existsSync(join(cwd, 'copy.db'))).toBe(false);
    expect(simulator.stats().requests['connect']).toEqual(before);
  });

  /** What the WAL of the process that was killed holds would mend the file: it is moved there first. */
  function damageLatterHalf(file: string): void {
    const db = new Sqlite(file);
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    const bytes = readFileSync(file);
    bytes.fill(0xa5, Math.floor(bytes.length / 2));
    writeFileSync(file, bytes);
  }
});

describe('a backup', () => {
  it('is made while a run holds the ledger, by command and by itself', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 20 });
    writeUsers(cwd, 600);
    expect((await runHere(runArgs(simulator, '--limit', '100'), { cwd })).exitCode).toBe(7);
    expect(existsSync(join(cwd, `${LEDGER}.bak`))).toBe(false);
    const child = startCli(runArgs(simulator), { cwd });
    const ended = endOf(child);
    await untilGrants(simulator, 150);
    const backup = await runHere(['backup', 'copy.db', '--json'], { cwd });
    expect(backup.exitCode, backup.stderr).toBe(0);
    const { records, file } = JSON.parse(backup.stdout) as { records: number; file: string };
    expect(records).toBeGreaterThanOrEqual(150);
    expect((await ended).exitCode).toBe(0);
    for (const copy of [file, `${LEDGER}.bak`]) {
      expect(statSync(join(cwd, copy)).mode & 0o777).toBe(0o600);
      expect((await runHere(['status', '--ledger', copy], { cwd })).exitCode).toBe(0);
    }
  });

  it('of a large ledger does not hold up the first submission', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, 200);
    expect((await runHere(runArgs(simulator, '--limit', '1'), { cwd })).exitCode).toBe(7);
    fatten(cwd);
    const going = runHere(runArgs(simulator), { cwd });
    await untilGrants(simulator, 2);
    expect(existsSync(join(cwd, `${LEDGER}.bak`))).toBe(false);
    expect((await going).exitCode).toBe(0);
    expect(existsSync(join(cwd, `${LEDGER}.bak`))).toBe(true);
  });

  it('is given up by a run that is stopped, which leaves nothing of it behind', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 20 });
    writeUsers(cwd, 200);
    expect((await runHere(runArgs(simulator, '--limit', '1'), { cwd })).exitCode).toBe(7);
    fatten(cwd);
    const child = startCli(runArgs(simulator), { cwd });
    const ended = endOf(child);
    await until(() => existsSync(join(cwd, `${LEDGER}.bak.tmp`)));
    child.kill('SIGTERM');
    const stopped = await ended;
    expect(stopped.exitCode, stopped.stderr).toBe(143);
    expect(stopped.stderr).not.toContain('copy');
    const ours = [LEDGER, `${LEDGER}.bak`, `${LEDGER}.lock`, 'users.csv'];
    expect(readdirSync(cwd).filter((name) => !ours.includes(name))).toEqual([]);
    await expectCompletes(runArgs(simulator), cwd, simulator);
    expect(existsSync(join(cwd, `${LEDGER}.bak`))).toBe(true);
  });

  /** Makes it a ledger of 40 MB. */
  function fatten(cwd: string): void {
    const db = new Sqlite(join(cwd, LEDGER));
    db.exec(`INSERT INTO row_issues (run_id, line, kind, reasons)
      WITH RECURSIVE lines (line) AS (SELECT 1000 UNION ALL SELECT line + 1 FROM lines WHERE line < 11000)
      SELECT 1, line, 'invalid', hex(zeroblob(2000)) FROM lines`);
    db.close();
  }

  it('does not replace the ledger', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, 1);
    await runHere(runArgs(simulator), { cwd });
    const backup = await runHere(['backup', LEDGER], { cwd });
    expect(backup.exitCode).toBe(2);
    expect(backup.stderr).toContain('is the ledger itself');
  });
});

describe('a CSV that changes while it is read', () => {
  const csv = (cwd: string): string => join(cwd, 'users.csv');
  const faults: readonly (readonly [string, (cwd: string) => void, RegExp])[] = [
    [
      'deleted',
      (cwd) => {
        rmSync(csv(cwd));
      },
      /was deleted or moved/,
    ],
    [
      'cut short',
      (cwd) => {
        truncateSync(csv(cwd), 100_000);
      },
      /was cut short/,
    ],
    [
      'appended to',
      (cwd) => {
        appendFileSync(csv(cwd), 'acc-x,google,x@example.com,sim.ok.x\n');
      },
      /grew/,
    ],
    [
      'written anew',
      (cwd) => {
        utimesSync(csv(cwd), 1, 1);
      },
      /was changed/,
    ],
    ['replaced', replace, /was replaced by another file/],
  ];

  function replace(cwd: string): void {
    copyFileSync(csv(cwd), join(cwd, 'new.csv'));
    renameSync(join(cwd, 'new.csv'), csv(cwd));
  }

  it.each(faults)('%s: what was read is migrated, exit 4; a rerun completes', async (_what, happen, says) => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 5 });
    writeUsers(cwd, 1_000);
    copyFileSync(csv(cwd), join(cwd, 'original.csv'));
    const child = startCli(runArgs(simulator), { cwd });
    const ended = endOf(child);
    await untilGrants(simulator, 20);
    happen(cwd);
    const result = await ended;
    expect(result.exitCode, result.stdout + result.stderr).toBe(4);
    expect(result.stdout.replaceAll('\n', ' ')).toMatch(says);
    expect(result.stdout.replaceAll('\n', ' ')).toContain('What is done stays done');
    copyFileSync(join(cwd, 'original.csv'), csv(cwd));
    await expectCompletes(runArgs(simulator), cwd, simulator);
  });
});

/** Lets the time pass that records wait for. */
function makeDue(cwd: string): void {
  const db = new Sqlite(join(cwd, LEDGER));
  db.exec('UPDATE records SET not_before = 0');
  db.close();
}

describe('a machine short of something', () => {
  it('too few file descriptors to load our code (7), for the ledger (6) or to work: a clear message; with more, a rerun completes', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, 20);
    const isShort: boolean[] = [];
    // How many are too few, and for what, differs from one version of Node to the next.
    for (const count of [22, 24, 26, 30, 35, 40]) {
      const { exitCode, stderr } = await endOf(startLimited(`ulimit -n ${count}`, runArgs(simulator), cwd));
      isShort.push(exitCode !== 0);
      expect([0, 6, 7], stderr).toContain(exitCode);
      if (exitCode !== 0) expect(stderr).toContain('ulimit -n');
      expect(stderr).not.toMatch(/^\s+at /m);
    }
    expect(isShort[0]).toBe(true);
    await expectCompletes(runArgs(simulator), cwd, simulator);
    expect(simulator.grants()).toHaveLength(20);
  });

  it('too few file descriptors for its connections: rows wait for one, and nobody is lost', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 100 });
    writeUsers(cwd, 200);
    const args = runArgs(simulator, '--concurrency-max', '200');
    const short = await endOf(startLimited('ulimit -n 120', args, cwd));
    expect([0, 7], short.stderr).toContain(short.exitCode);
    expect(simulator.stats().inFlightMax).toBeLessThan(120);
    await expectCompletes(args, cwd, simulator);
    expect(simulator.grants()).toHaveLength(200);
  });

  it('a name that is not found: exit 7', async () => {
    const cwd = testFolder();
    writeUsers(cwd, 1);
    const result = await runHere(['run', 'users.csv', '--api-uri', 'https://nylas.invalid'], { cwd });
    expect(result.exitCode, result.stderr).toBe(7);
    expect(result.stderr).toMatch(/can't be reached: (ENOTFOUND|EAI_AGAIN) \(dns\)/);
    expect(result.stderr).toContain('run the same command again');
  });

  it('nobody listening for a while in mid-run: nobody is given up, and a rerun completes', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 10 });
    const gate = await openGate(simulator);
    writeUsers(cwd, 300);
    const more = [
      '--attempts-max',
      '2',
      '--concurrency-max',
      '50',
      '--outage-max',
      '1s',
      '--api-uri',
      gate.url,
    ];
    const args = [...runArgs(simulator), ...more];
    const going = runHere(args, { cwd });
    await untilGrants(simulator, 50);
    await gate.close();
    const result = await going;
    expect(result.exitCode, result.stdout + result.stderr).toBe(7);
    expect(result.stdout).toMatch(/run again/i);
    expect(simulator.stats().grantsCreated).toBeLessThan(300);
    // What never left cost no attempt, what was in flight one.
    expectNobodyGivenUp(cwd, 1);

    await gate.open();
    makeDue(cwd);
    const rerun = await runHere(args, { cwd });
    expect(rerun.exitCode, rerun.stdout + rerun.stderr).toBe(0);
    expect(simulator.grants()).toHaveLength(300);
    expect(simulator.stats().tokensSpentTwice).toBe(0);
  });

  it('a name that is not found any more in mid-run: nobody is given up, and a rerun completes', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 10 });
    writeUsers(cwd, 100);
    const url = simulator.url.replace('127.0.0.1', 'localhost');
    const args = [
      ...runArgs(simulator, '--concurrency-max', '50', '--attempts-max', '1'),
      '--outage-max',
      '1s',
      '--api-uri',
      url,
    ];
    const going = runHere(args, { cwd });
    await until(() => simulator.stats().requests['list_grants'] !== undefined);
    // The one connection that stands needs no name; all others do.
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(notFound);
    onTestFinished(() => {
      lookup.mockRestore();
    });
    const result = await going;
    expect(result.exitCode, result.stdout + result.stderr).toBe(7);
    expect(simulator.stats().grantsCreated).toBeLessThan(100);
    expectNobodyGivenUp(cwd, 0);

    lookup.mockRestore();
    makeDue(cwd);
    await expectCompletes(args, cwd, simulator);
    expect(simulator.grants()).toHaveLength(100);
  });

  const notFound = ((name: string, _options: unknown, callback: (error: Error) => void): void => {
    callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }));
  }) as typeof dns.lookup;

  function expectNobodyGivenUp(cwd: string, attemptsMax: number): void {
    const reader = openReader(join(cwd, LEDGER));
    const records = [...reader.records({ statuses: null, categories: null })];
    reader.close();
    const left = records.filter(({ status }) => status !== 'migrated');
    expect(left.length).toBeGreaterThan(0);
    expect(left.filter(({ status, attempts }) => status === 'failed' || attempts > attemptsMax)).toEqual([]);
  }

  /** Stands between a run and the simulator, and can be closed for a while. */
  async function openGate(
    simulator: Simulator,
  ): Promise<{ url: string; open(): Promise<void>; close(): Promise<void> }> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      const onward = connect(Number(new URL(simulator.url).port), '127.0.0.1');
      for (const end of [socket, onward]) sockets.add(end.on('error', () => undefined));
      socket.pipe(onward).pipe(socket);
    });
    const open = (port: number): Promise<void> =>
      new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
    const close = (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.destroy();
      });
    await open(0);
    onTestFinished(close);
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, open: () => open(port), close };
  }
});

describe('a place where no ledger can be', () => {
  const places: readonly (readonly [string, string, RegExp])[] = [
    ['a missing folder', 'nowhere/migration.db', /Make the folder first/],
    ['a directory', 'folder', /it is a directory/],
    ['under a file', 'users.csv/migration.db', /Make the folder first/],
    ['where nothing can be made', '/proc/migration.db', /folder/],
  ];

  it.each(places)('%s: exit 6, nothing is sent', async (_what, ledger, says) => {
    const cwd = testFolder();
    mkdirSync(join(cwd, 'folder'));
    const simulator = await simulate();
    writeUsers(cwd, 1);
    const result = await runHere(runArgs(simulator, '--ledger', ledger), { cwd });
    expect(result.exitCode, result.stderr).toBe(6);
    expect(result.stderr).toMatch(says);
    expect(simulator.grants()).toHaveLength(0);
  });

  it.skipIf(!canMount)('a file system that is read-only: a run ends with 6', async () => {
    const cwd = testFolder();
    const disk = join(cwd, 'disk');
    mkdirSync(disk);
    mountTmpfs(disk, 'size=10m');
    onTestFinished(() => {
      unmount(disk);
    });
    const simulator = await simulate();
    writeUsers(cwd, 3);
    const args = runArgs(simulator, '--ledger', 'disk/migration.db');
    expect((await runHere(args, { cwd })).exitCode).toBe(0);
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const result = await runHere(args, { cwd });
    expect(result.exitCode, result.stderr).toBe(6);
    expect(result.stderr).toMatch(/writable/);
  });

  it.skipIf(process.getuid?.() === 0)('a folder without permission: exit 6', async () => {
    const cwd = testFolder();
    mkdirSync(join(cwd, 'folder'));
    chmodSync(join(cwd, 'folder'), 0o500);
    const simulator = await simulate();
    writeUsers(cwd, 1);
    const result = await runHere(runArgs(simulator, '--ledger', 'folder/migration.db'), { cwd });
    expect(result.exitCode, result.stderr).toBe(6);
    expect(result.stderr).toMatch(/writable/);
  });
});

describe('whoever reads our output leaves early', () => {
  it.each([
    ['report', ['report']],
    ['status', ['status']],
  ])('%s ends quietly', async (_name, args) => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, 1_000);
    await runHere(runArgs(simulator, '--concurrency-max', '50'), { cwd });
    const env = { PATH: process.env['PATH'] };
    const script = 'set -o pipefail; "$0" "$@" | head -n 1';
    const result = await endOf(spawn('bash', ['-c', script, process.execPath, MAIN, ...args], { cwd, env }));
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.stderr).not.toMatch(/error|EPIPE|bug/i);
    expect(result.stdout.split('\n')).toHaveLength(2);
  });

  it.each([['status'], ['report']])('%s on a full device is no success, and no bug', async (command) => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, 3);
    expect((await runHere(runArgs(simulator), { cwd })).exitCode).toBe(0);
    const script = 'exec "$0" "$@" >/dev/full';
    const child = spawn('bash', ['-c', script, process.execPath, MAIN, command], { cwd });
    const result = await endOf(child);
    expect([2, 7], result.stderr).toContain(result.exitCode);
    expect(result.stderr).toContain('be written');
    expect(result.stderr).not.toContain('bug');
  });

  it('run goes on to its end, with both streams gone', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 5 });
    writeUsers(cwd, 300);
    const child = startCli(runArgs(simulator), { cwd });
    const exited = new Promise((resolve) => child.on('exit', resolve));
    child.stdout?.destroy();
    child.stderr?.destroy();
    expect(await exited).toBe(0);
    expect(simulator.grants()).toHaveLength(300);
  });
});

describe('a clock that is set back an hour', () => {
  const HOUR_MS = 3_600_000;

  /** The machine's clock, but for its wall time. */
  function shiftedClock(): Clock & { shiftMs: number } {
    const clock = { ...systemClock, shiftMs: 0, now: () => Date.now() + clock.shiftMs };
    return clock;
  }

  function run(
    cwd: string,
    simulator: Simulator,
    clock: Clock,
    more: { readonly limit?: number; readonly onLedger?: (ledger: Ledger) => void } = {},
  ): Promise<RunResult> {
    const { limit = null, onLedger } = more;
    const input = { file: join(cwd, 'users.csv') };
    const place = { ledgerPath: join(cwd, LEDGER), apiUri: simulator.url, input, clock };
    return migrateHere({ ...place, ...(onLedger && { onLedger }) }, { timeoutMs: 500, limit });
  }

  /** Calls back as soon as so many doubts have been handed to the ledger, before any of them is committed. */
  function onDoubt(ledger: Ledger, number: number, callback: () => void): void {
    const conclude = ledger.conclude.bind(ledger);
    let doubts = 0;
    vi.spyOn(ledger, 'conclude').mockImplementation((attemptId, end, change) => {
      const concluded = conclude(attemptId, end, change);
      if (end.result === 'in_doubt' && (doubts += 1) === number) callback();
      return concluded;
    });
  }

  it('between two runs: nobody is lost, and nobody is submitted twice', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 5 });
    writeUsers(cwd, 100);
    const clock = shiftedClock();
    expect((await run(cwd, simulator, clock, { limit: 50 })).balance.buckets.migrated).toBe(50);
    clock.shiftMs = -HOUR_MS;
    const second = await run(cwd, simulator, clock);
    expect(second.balanced).toBe(true);
    expect(second.balance.buckets).toMatchObject({ already_done: 50, migrated: 50 });
    expect(simulator.stats()).toMatchObject({ grantsCreated: 100, grantsReauthenticated: 0 });
  });

  it.each([
    ['from the right time', 0, -HOUR_MS],
    ['to the right time', HOUR_MS, 0],
  ])('in mid-run, %s, with lost answers: what waits says until when', async (_how, beforeMs, afterMs) => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 5, faults: [{ kind: 'lost', probability: 0.3 }] });
    writeUsers(cwd, 200);
    const clock = shiftedClock();
    clock.shiftMs = beforeMs;
    const first = await run(cwd, simulator, clock, {
      onLedger: (ledger) => {
        onDoubt(ledger, 5, () => {
          clock.shiftMs = afterMs;
        });
      },
    });
    expect(first.balanced).toBe(true);
    expect(first.balance.buckets.in_doubt).toBeGreaterThan(0);
    const reader = openReader(join(cwd, LEDGER));
    expect(reader.waits().earliestNotBeforeMs).toBeGreaterThan(clock.now());
    reader.close();

    makeDue(cwd);
    const { migrated, already_done: done } = (await run(cwd, simulator, clock)).balance.buckets;
    expect(migrated + done).toBe(200);
    expect(simulator.grants()).toHaveLength(200);
    expect(simulator.stats()).toMatchObject({ grantsReauthenticated: 0, tokensSpentTwice: 0 });
  });
});
