import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { endOf, runCli, startCli, testFolder } from '../support/cli.js';
import { onTestFinished } from 'vitest';

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

/** Resolves when the simulator has made so many grants: what happens then happens in mid-run. */
async function untilGrants(
  simulator: { stats: () => { grantsCreated: number } },
  count: number,
): Promise<void> {
  while (simulator.stats().grantsCreated < count) await new Promise((resolve) => setImmediate(resolve));
}

describe('a process', () => {
  it('drains on SIGTERM, leaves nothing in doubt, and is resumed by the same command', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 20 });
    writeUsers(cwd, emails(300));
    const args = ['run', 'users.csv', '--api-uri', simulator.url, '--rate', '0', '--concurrency-max', '10'];
    const child = startCli([...args, '--json'], { cwd });
    const ended = endOf(child);
    await untilGrants(simulator, 50);
    child.kill('SIGTERM');
    const stopped = await ended;
    expect(stopped.exitCode, stopped.stderr).toBe(143);
    const { balance } = JSON.parse(stopped.stdout) as { balance: { buckets: Record<string, number> } };
    expect(balance.buckets['in_doubt']).toBe(0);
    expect(balance.buckets['migrated']).toBe(simulator.stats().grantsCreated);

    const resumed = await runCli(args, { cwd });
    expect(resumed.exitCode, resumed.stdout + resumed.stderr).toBe(0);
    expect(simulator.stats()).toMatchObject({ grantsCreated: 300, grantsReauthenticated: 0 });
  });

  it('drains on SIGHUP too, and opens no debugger on SIGUSR1', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 20 });
    writeUsers(cwd, emails(100));
    const args = ['run', 'users.csv', '--api-uri', simulator.url, '--rate', '0', '--concurrency-max', '5'];
    const child = startCli([...args, '--json'], { cwd });
    const ended = endOf(child);
    await untilGrants(simulator, 10);
    child.kill('SIGUSR1');
    // Answers that come after it show that the signal has been dealt with, and that the work goes on.
    await untilGrants(simulator, 30);
    child.kill('SIGHUP');
    const stopped = await ended;
    expect(stopped.exitCode, stopped.stderr).toBe(129);
    expect(stopped.stderr).not.toMatch(/debugger|inspector/i);
    const { balance } = JSON.parse(stopped.stdout) as { balance: { buckets: Record<string, number> } };
    expect(balance.buckets).toMatchObject({ in_doubt: 0, migrated: simulator.stats().grantsCreated });
  });

  it('killed at any moment, is resumed without losing or repeating a user', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: { min: 5, max: 20 } });
    writeUsers(cwd, emails(300));
    const args = ['run', 'users.csv', '--api-uri', simulator.url, '--rate', '0'];
    const impatient = [...args, '--concurrency-max', '20', '--timeout', '30s', '--settle-delay', '100ms'];
    for (const grants of [40, 120, 200]) {
      const child = startCli(impatient, { cwd });
      const ended = endOf(child);
      await untilGrants(simulator, grants);
      child.kill('SIGKILL');
      await ended;
    }
    const last = await runCli(impatient, { cwd });
    expect(last.exitCode, last.stdout + last.stderr).toBe(0);
    expect(simulator.grants()).toHaveLength(300);
    expect(simulator.stats().grantsReauthenticated).toBe(0);
  });

  it('ends with 5 and names the holder while another run holds the ledger', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 50 });
    writeUsers(cwd, emails(200));
    const args = ['run', 'users.csv', '--api-uri', simulator.url, '--rate', '0', '--concurrency-max', '2'];
    const child = startCli(args, { cwd });
    const ended = endOf(child);
    await untilGrants(simulator, 3);
    const second = await runCli(args, { cwd });
    expect(second.exitCode).toBe(5);
    const since = /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(second.stderr)?.[0] ?? '';
    expect(second.stderr).toContain(
      `process ${child.pid ?? 0} on ${hostname()} (this machine), since ${since}`,
    );
    expect(Date.now() - Date.parse(since)).toBeLessThan(60_000);
    const status = await runCli(['status', '--json'], { cwd });
    expect(status.exitCode, status.stderr).toBe(0);
    child.kill('SIGINT');
    expect((await ended).exitCode).toBe(130);
  });

  it('makes a ledger that only its owner can read, and says nothing of a credential in it', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, emails(5));
    const run = await runCli(['run', 'users.csv', '--api-uri', simulator.url, '--rate', '0'], { cwd });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(statSync(join(cwd, 'migration.db')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(cwd, 'migration.db'), 'latin1')).not.toContain('sim.ok.');
  });
});

describe('a run that is asked how it stands', () => {
  it('prints its state on SIGUSR2 and goes on', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ latencyMs: 20 });
    writeUsers(cwd, emails(200));
    const args = ['run', 'users.csv', '--api-uri', simulator.url, '--rate', '0', '--concurrency-max', '10'];
    const child = startCli(args, { cwd });
    const ended = endOf(child);
    await untilGrants(simulator, 50);
    child.kill('SIGUSR2');
    const result = await ended;
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.stderr).toMatch(
      /migrated .* rows .*\nIn flight \d+ of at most 10 at the moment; 0 rows waiting.\nUnpaced./,
    );
    expect(simulator.grants()).toHaveLength(200);
  });
});

describe('a signal before the header has come', () => {
  async function expectStopped(child: ChildProcess, cwd: string, begun: Promise<unknown>): Promise<void> {
    const ended = endOf(child);
    await begun;
    child.kill('SIGTERM');
    const result = await ended;
    expect(result.exitCode, result.stderr).toBe(143);
    expect(result.stderr).toContain('before anything was submitted');
    expect(readdirSync(cwd)).toEqual([]);
  }

  it('ends the run that waits for standard input', async () => {
    const cwd = testFolder();
    const child = startCli(['run', '-', '--api-uri', 'http://127.0.0.1:9'], { cwd });
    // More than a pipe holds: once it is written, it is being read.
    const endless = Array.from({ length: 900 }, () => 'x'.repeat(1_000)).join(',');
    await expectStopped(child, cwd, new Promise((resolve) => child.stdin?.write(endless, resolve)));
  });

  it('ends the run that waits for a command', async () => {
    const cwd = testFolder();
    const command = 'echo waiting >&2; exec sleep 60';
    const child = startCli(['run', '--input-command', command, '--api-uri', 'http://127.0.0.1:9'], { cwd });
    await expectStopped(child, cwd, new Promise((resolve) => child.stderr?.once('data', resolve)));
  });
});
