import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openReader } from '../../src/adapters/sqlite/reader.js';
import { startSimulator } from '../../src/simulator/simulator.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { endOf, runCli, startCli, testFolder } from '../support/cli.js';
import { runHere } from '../support/command.js';
import { parseMetrics, valueOf } from '../support/prometheus.js';

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

async function simulate(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options);
  onTestFinished(() => simulator.close());
  return simulator;
}

/** A folder with so many users, and the arguments of a run of them. */
function place(simulator: Simulator, count: number, scenario = 'ok'): { cwd: string; args: string[] } {
  const cwd = testFolder();
  const rows = Array.from({ length: count }, (_, n) => {
    const email = `user${n}@example.com`;
    return `acc-${n},google,${email},sim.${scenario}.${email}`;
  });
  const text = ['account_id,provider,email,refresh_token', ...rows, ''].join('\n');
  writeFileSync(join(cwd, 'users.csv'), text, { mode: 0o600 });
  return { cwd, args: ['run', 'users.csv', '--api-uri', simulator.url, '--rate', '0'] };
}

async function untilGrants(simulator: Simulator, count: number): Promise<void> {
  while (simulator.stats().grantsCreated < count) await new Promise((resolve) => setImmediate(resolve));
}

const read = (cwd: string, name: string): string => readFileSync(join(cwd, name), 'utf8');
const documentIn = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;
const SLOW = ['--concurrency-max', '2'];

describe('a run that has until a time', () => {
  it('drains then, ends with 7, says why everywhere, and is resumed by the same command', async () => {
    const simulator = await simulate({ latencyMs: 100 });
    const { cwd, args } = place(simulator, 200);
    const stopped = await runHere([...args, ...SLOW, '--max-duration', '4s', '--json'], { cwd });
    expect(stopped.exitCode, stopped.stderr).toBe(7);
    expect(stopped.stderr).toMatch(/ · stops at \d\d:\d\d UTC, in 4 s\n/);
    expect(stopped.stderr).toContain('Its time is up (--max-duration): finishing what is in flight.');
    const summary = documentIn(stopped.stdout);
    expect(summary).toMatchObject({ verdict: 'work_remains', exitCode: 7 });
    expect(summary['stop']).toMatchObject({ kind: 'stop_time', by: 'max-duration', durationMs: 4_000 });
    expect((summary['stop'] as { at: string }).at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const buckets = (summary['balance'] as { buckets: Record<string, number> }).buckets;
    expect(buckets).toMatchObject({ in_doubt: 0, migrated: simulator.stats().grantsCreated });
    const reader = openReader(join(cwd, 'migration.db'));
    expect(reader.runs().at(-1)?.endedHow).toBe('stop_time');
    reader.close();
    const status = await runHere(['status'], { cwd });
    expect(status.stdout).toContain('stopped at the time it was given');
    // The time was that run's own.
    expect(status.stdout).toMatch(
      /Next: Run again \([^:]*\):\n {4}nylas-migrate run users\.csv --api-uri \S+ --rate 0\n/,
    );

    const resumed = await runHere([...args, '--stop-at', '2999-01-01T00:00Z'], { cwd });
    expect(resumed.exitCode, resumed.stdout).toBe(0);
    expect(resumed.stderr).toContain('stops at 2999-01-01 00:00 UTC (2999-01-01T00:00Z), in ');
    expect(simulator.stats()).toMatchObject({ grantsCreated: 200, grantsReauthenticated: 0 });
  });

  it('and is still waiting for its input then, ends with 7 too, with nothing begun', async () => {
    const cwd = testFolder();
    const args = ['run', '--input-command', 'exec sleep 60', '--api-uri', 'http://127.0.0.1:9'];
    const result = await runHere([...args, '--max-duration', '1s', '--json'], { cwd });
    expect(result.exitCode, result.stderr).toBe(7);
    expect(documentIn(result.stdout)).toEqual({ verdict: 'work_remains', runId: null, exitCode: 7 });
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('that has passed is refused', async () => {
    const simulator = await simulate();
    const { cwd, args } = place(simulator, 1);
    const result = await runHere([...args, '--stop-at', '2020-01-01T00:00Z'], { cwd });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('--stop-at 2020-01-01T00:00Z has passed.');
    expect(simulator.stats().grantsCreated).toBe(0);
  });
});

describe('a rerun with nothing left to do', () => {
  it.each([
    ['ok', [], 0],
    ['revoked', [], 3],
    ['revoked', ['--ok-if-attention'], 0],
  ] as const)('of users who are %s, with %j, ends with %i', async (scenario, more, exitCode) => {
    const simulator = await simulate();
    const { cwd, args } = place(simulator, 5, scenario);
    await runHere(args, { cwd });
    const requests = simulator.stats().grantsCreated;
    const rerun = await runHere([...args, ...more], { cwd });
    expect(rerun.exitCode, rerun.stdout).toBe(exitCode);
    expect(simulator.stats().grantsCreated).toBe(requests);
  });
});

describe('what is written for Prometheus', () => {
  it('follows a run, and tells its end', async () => {
    const simulator = await simulate({ latencyMs: 20 });
    const { cwd, args } = place(simulator, 100);
    const child = startCli([...args, '--metrics-file', 'm.prom'], { cwd });
    const ended = endOf(child);
    await untilGrants(simulator, 1);
    while (!existsSync(join(cwd, 'm.prom'))) await new Promise((resolve) => setImmediate(resolve));
    const during = parseMetrics(read(cwd, 'm.prom'));
    expect(valueOf(during, 'running')).toBe(1);
    expect(valueOf(during, 'run_exit_code')).toBeNull();
    expect((await ended).exitCode).toBe(0);
    const after = parseMetrics(read(cwd, 'm.prom'));
    expect(valueOf(after, 'running')).toBe(0);
    expect(valueOf(after, 'run_exit_code')).toBe(0);
    expect(valueOf(after, 'records', { status: 'migrated', provider: 'google' })).toBe(100);
    expect(valueOf(after, 'attempts_total', { provider: 'google', outcome: 'granted' })).toBe(100);
    expect(valueOf(after, 'request_duration_seconds_count')).toBeGreaterThanOrEqual(100);
    expect(valueOf(after, 'last_success_timestamp_seconds')).toBeGreaterThan(1_700_000_000);
    expect(read(cwd, 'm.prom')).not.toContain('@');
  });

  it('tells of a run that failed before it began', async () => {
    const simulator = await simulate({ apiKey: 'another-key' });
    const { cwd, args } = place(simulator, 1);
    expect((await runHere([...args, '--metrics-file', 'm.prom'], { cwd })).exitCode).toBe(4);
    expect(valueOf(parseMetrics(read(cwd, 'm.prom')), 'run_exit_code')).toBe(4);
  });

  it('cannot be written: the run warns once, and goes on', async () => {
    const simulator = await simulate();
    const { cwd, args } = place(simulator, 3);
    const result = await runHere([...args, '--metrics-file', 'nowhere/m.prom'], { cwd });
    expect(result.exitCode, result.stderr).toBe(0);
    const warnings = result.stderr.split('\n').filter((line) => line.startsWith('Warning: --metrics-file'));
    expect(warnings).toEqual([
      "Warning: --metrics-file nowhere/m.prom can't be written: its folder does not exist (ENOENT). The run goes on.",
    ]);
  });

  it.each([
    ['migration.db', 'belongs to the ledger'],
    ['migration.db-wal', 'belongs to the ledger'],
    ['./users.csv', 'is an input'],
    ['key.txt', 'is an input'],
  ])('never goes over %s', async (file, message) => {
    const simulator = await simulate();
    const { cwd, args } = place(simulator, 1);
    writeFileSync(join(cwd, 'key.txt'), 'sim-api-key');
    const result = await runHere([...args, '--metrics-file', file, '--api-key-file', 'key.txt'], { cwd });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(message);
    expect(simulator.stats().grantsCreated).toBe(0);
  });
});

describe('a start while another run has the ledger', () => {
  it('ends with 5, leaves the figures of the other alone, and is told to whoever is to know', async () => {
    const simulator = await simulate({ latencyMs: 50 });
    const { cwd, args } = place(simulator, 200);
    const watched = [...args, ...SLOW, '--metrics-file', 'm.prom'];
    const child = startCli(watched, { cwd });
    const ended = endOf(child);
    await untilGrants(simulator, 3);
    const second = await runCli([...watched, '--on-finish', 'cat > second.json'], { cwd });
    expect(second.exitCode, second.stderr).toBe(5);
    expect(documentIn(read(cwd, 'second.json'))).toMatchObject({ exitCode: 5, error: { kind: 'locked' } });
    expect(valueOf(parseMetrics(read(cwd, 'm.prom')), 'running')).toBe(1);
    child.kill('SIGINT');
    expect((await ended).exitCode).toBe(130);
    expect(simulator.stats().grantsReauthenticated).toBe(0);
    expect(valueOf(parseMetrics(read(cwd, 'm.prom')), 'run_exit_code')).toBe(130);
  });
});

describe('a command for the end', () => {
  it('reads what --json prints, knows no key, and speaks on standard error', async () => {
    const simulator = await simulate();
    const { cwd, args } = place(simulator, 3);
    const command = 'cat > finish.json; env > env.txt; echo told; exit 3';
    const result = await runCli([...args, '--json', '--on-finish', command], { cwd });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(documentIn(read(cwd, 'finish.json'))).toEqual(documentIn(result.stdout));
    expect(read(cwd, 'env.txt')).toContain('PATH=');
    expect(read(cwd, 'env.txt')).not.toContain('NYLAS_API_KEY');
    expect(result.stderr).toContain('told\n');
    expect(result.stderr).toContain(
      "Warning: --on-finish: it ended with exit code 3. The exit code stays the run's: 0.",
    );
    const status = await runHere(['status', '--json'], { cwd });
    const report = await runHere(['report', '--format', 'json'], { cwd });
    expect(status.stdout + report.stdout).not.toContain('finish.json');
  });

  it.each([
    ['a refused key', { NYLAS_API_KEY: 'wrong' }, [], { error: { kind: 'refused' }, exitCode: 4 }],
    ['no key at all', { NYLAS_API_KEY: '' }, [], { error: { kind: 'usage' }, exitCode: 2 }],
    ['a limit', {}, ['--limit', '1'], { verdict: 'work_remains', exitCode: 7 }],
    ['a ledger that is none', {}, ['--ledger', 'users.csv'], { error: { kind: 'ledger' }, exitCode: 6 }],
  ] as const)('is called where a run ends by %s', async (_what, env, more, document) => {
    const simulator = await simulate();
    const { cwd, args } = place(simulator, 3);
    const result = await runHere([...args, ...more, '--on-finish', `cat > ${cwd}/f.json`], { cwd, env });
    expect(result.exitCode, result.stderr).toBe(document.exitCode);
    expect(documentIn(read(cwd, 'f.json'))).toMatchObject(document);
  });

  it('is called when a signal has drained the run, before there was one too', async () => {
    const simulator = await simulate({ latencyMs: 20 });
    const { cwd, args } = place(simulator, 200);
    const finish = ['--on-finish', 'cat > f.json'];
    const child = startCli([...args, ...SLOW, ...finish], { cwd });
    const ended = endOf(child);
    await untilGrants(simulator, 5);
    child.kill('SIGTERM');
    expect((await ended).exitCode).toBe(143);
    expect(documentIn(read(cwd, 'f.json'))).toMatchObject({ verdict: 'signal', exitCode: 143 });

    const waiting = startCli(['run', '--input-command', 'echo here >&2; exec sleep 60', ...finish], { cwd });
    const waited = endOf(waiting);
    await new Promise((resolve) => waiting.stderr?.once('data', resolve));
    waiting.kill('SIGTERM');
    expect((await waited).exitCode).toBe(143);
    expect(documentIn(read(cwd, 'f.json'))).toEqual({ verdict: 'signal', runId: null, exitCode: 143 });
  });

  it('is not called by --dry-run: nothing was run', async () => {
    const simulator = await simulate();
    const { cwd, args } = place(simulator, 1);
    await runHere([...args, '--dry-run', '--on-finish', `touch ${cwd}/f.json`], { cwd });
    expect(existsSync(join(cwd, 'f.json'))).toBe(false);
  });
});

describe('a log', () => {
  it('says of which run each line is, once there is one', async () => {
    const simulator = await simulate();
    const { cwd, args } = place(simulator, 30);
    await runHere([...args, '--limit', '3', '--log-file', 'run.log', '--log-level', 'debug'], { cwd });
    await runHere([...args, '--log-file', 'run.log', '--log-level', 'debug'], { cwd });
    const runs = read(cwd, 'run.log')
      .trimEnd()
      .split('\n')
      .map((line) => documentIn(line)['run']);
    expect(runs.length).toBeGreaterThan(30);
    expect(new Set(runs)).toEqual(new Set([1, 2]));
  });
});
