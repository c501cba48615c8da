import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/adapters/clock/index.js';
import { openReader } from '../../src/adapters/sqlite/reader.js';
import type { Fault } from '../../src/simulator/faults.js';
import type { SeedGrant } from '../../src/simulator/grants.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { API_KEY, endOf, startCli, testFolder, type CliResult } from '../support/cli.js';
import { runHere } from '../support/command.js';
import { serve } from '../support/http.js';

const HOUR_MS = 3_600_000;

async function simulate(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options);
  onTestFinished(() => simulator.close());
  return simulator;
}

/** Rows as they are written: account, provider, email, token. */
function writeUsers(cwd: string, rows: readonly (readonly string[])[]): void {
  const lines = ['account_id,provider,email,refresh_token', ...rows.map((row) => row.join(',')), ''];
  writeFileSync(join(cwd, 'users.csv'), lines.join('\n'), { mode: 0o600 });
}

const QUICK = ['--rate', '0', '--timeout', '2s', '--settle-delay', '300ms', '--progress', 'never'];

interface Run extends CliResult {
  readonly buckets: Readonly<Record<string, number>>;
  readonly balanced: boolean;
}

/** Runs the command on the folder's users, against the server at `url`. */
async function migrate(cwd: string, url: string, ...more: readonly string[]): Promise<Run> {
  const result = await runHere(['run', 'users.csv', '--api-uri', url, ...QUICK, '--json', ...more], { cwd });
  expect(result.stdout, result.stderr).not.toBe('');
  const { balance, balanced } = JSON.parse(result.stdout) as {
    balance: { buckets: Record<string, number> };
    balanced: boolean;
  };
  return { ...result, buckets: balance.buckets, balanced };
}

/** One user's record and attempts, as the ledger has them. */
function story(cwd: string, key: string) {
  const reader = openReader(join(cwd, 'migration.db'));
  try {
    const [record] = reader.find(key);
    if (record === undefined) throw new Error(`no record ${key}`);
    const attempts = reader.attempts(record.recordId).map(({ kind, result }) => `${kind} ${result ?? '?'}`);
    return { ...record, attempts };
  } finally {
    reader.close();
  }
}

/** Every record, as the ledger has them. */
function records(cwd: string) {
  const reader = openReader(join(cwd, 'migration.db'));
  try {
    return [...reader.records({ statuses: null, categories: null })];
  } finally {
    reader.close();
  }
}

const posts = (simulator: Simulator): Readonly<Record<string, number>> =>
  simulator.stats().requests['connect'] ?? {};

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2);
}

/** A server whose first submission, of whatever, meets a fault, and no other. */
async function simulateOneFault(kind: Fault['kind'], options: SimulatorOptions = {}): Promise<Simulator> {
  const faults: Fault[] = [{ kind, probability: 1 }];
  const simulator = await simulate({ ...options, faults });
  void until(() => Object.keys(posts(simulator)).length > 0).then(() => (faults.length = 0));
  return simulator;
}

const CLOCKS: readonly (readonly [string, number])[] = [
  ['agrees with ours', 0],
  ['is an hour ahead', HOUR_MS],
  ['is an hour behind', -HOUR_MS],
];
/** By a clock of its own: that ours is set doesn't move it. */
const clockOf = (aheadMs: number) => ({ now: () => performance.timeOrigin + performance.now() + aheadMs });

describe('through crashes', () => {
  it('3,000 users and five SIGKILLs with 2.5 % lost answers: 3,000 grants, no token spent twice', async () => {
    const cwd = testFolder();
    const simulator = await simulate({
      latencyMs: { min: 1, max: 8 },
      faults: [{ kind: 'lost', probability: 0.025 }],
    });
    const providers = ['google', 'microsoft', 'yahoo', 'zoom'];
    const rows = Array.from({ length: 3_000 }, (_, n) => {
      const email = `user${n}@example.com`;
      return [`acc-${n}`, providers[n % 4] ?? '', email, `sim.ok.${email}`];
    });
    writeUsers(cwd, rows);
    const args = ['run', 'users.csv', '--api-uri', simulator.url, ...QUICK, '--concurrency-max', '40'];
    for (const grants of [300, 800, 1_400, 2_000, 2_600]) {
      const child = startCli(args, { cwd });
      const ended = endOf(child);
      await until(() => simulator.stats().grantsCreated >= grants);
      child.kill('SIGKILL');
      expect((await ended).signal).toBe('SIGKILL');
    }
    const last = await migrate(cwd, simulator.url, '--concurrency-max', '40');
    expect(last.exitCode, last.stdout + last.stderr).toBe(0);
    expect(last.balanced).toBe(true);
    expect(simulator.grants()).toHaveLength(3_000);
    expect(simulator.stats()).toMatchObject({ tokensSpentTwice: 0, grantsCreated: 3_000 });
    expect(posts(simulator)['lost']).toBeGreaterThan(50);
    const granted = new Map(simulator.grants().map(({ email, id }) => [email, id]));
    const kept = records(cwd);
    expect(kept).toHaveLength(3_000);
    expect(kept.filter(({ email, grantId }) => grantId !== granted.get(email ?? ''))).toEqual([]);
    expect(kept.filter(({ origin }) => origin === 'adopted').length).toBeGreaterThan(50);
  }, 60_000);
});

describe('a lost answer', () => {
  it.each(CLOCKS)("is adopted and not repeated, where Nylas' clock %s", async (_what, aheadMs) => {
    const cwd = testFolder();
    const simulator = await simulate(clockOf(aheadMs));
    writeUsers(cwd, [['acc-1', 'google', 'ada@example.com', 'sim.lost.ada@example.com']]);
    const run = await migrate(cwd, simulator.url);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(posts(simulator)).toEqual({ lost: 1 });
    expect(story(cwd, 'acc-1')).toMatchObject({
      status: 'migrated',
      origin: 'adopted',
      grantId: simulator.grants()[0]?.id,
      attempts: ['submit in_doubt', 'look_up found'],
    });
  });

  it.each(CLOCKS)(
    "that did nothing is repeated, and an older grant isn't adopted for it, where Nylas' clock %s",
    async (_what, aheadMs) => {
      const cwd = testFolder();
      const createdAt = Math.floor((Date.now() + aheadMs) / 1000) - 60;
      const older: SeedGrant = { provider: 'google', email: 'ada@example.com', created_at: createdAt };
      const simulator = await simulateOneFault('reset', { ...clockOf(aheadMs), grants: [older] });
      writeUsers(cwd, [['acc-1', 'google', 'ada@example.com', 'sim.ok.ada@example.com']]);
      const run = await migrate(cwd, simulator.url, '--existing', 'reauthenticate');
      expect(run.exitCode, run.stderr).toBe(0);
      expect(posts(simulator)).toEqual({ reset: 1, 201: 1 });
      expect(story(cwd, 'acc-1')).toMatchObject({
        origin: 'reauthenticated',
        attempts: ['submit in_doubt', 'look_up not_found', 'submit granted'],
      });
    },
  );

  it('of a user without an email is found in the listing by its state', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ pageMax: 2, grants: seeds(5) });
    writeUsers(cwd, [['acc-1', 'google', '', 'sim.lost.ada@example.com']]);
    const run = await migrate(cwd, simulator.url);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(posts(simulator)).toEqual({ lost: 1 });
    expect(story(cwd, 'acc-1')).toMatchObject({
      origin: 'adopted',
      grantId: simulator.grants().find(({ email }) => email === 'ada@example.com')?.id,
      attempts: ['submit in_doubt', 'look_up found'],
    });
  });

  it('of a user without an email is not settled with a grant that was deleted since it was listed', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, [['acc-1', 'google', '', 'sim.lost.ada@example.com']]);
    const child = startCli(['run', 'users.csv', '--api-uri', simulator.url, '--rate', '0'], { cwd });
    const ended = endOf(child);
    await until(() => simulator.stats().grantsCreated === 1);
    child.kill('SIGKILL');
    await ended;
    writeFileSync(join(cwd, 'not-yet'), 'acc-1\n');
    // This run lists what the lost attempt made, and leaves the record to the next.
    expect((await migrate(cwd, simulator.url, '--exclude', 'not-yet')).exitCode).toBe(0);
    makeDue(cwd);
    await deleteGrant(simulator, simulator.grants()[0]?.id ?? '');
    const run = await migrate(cwd, simulator.url);
    expect(posts(simulator)).toEqual({ lost: 1, 201: 1 });
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(story(cwd, 'acc-1')).toMatchObject({ origin: 'created', grantId: simulator.grants()[0]?.id });
  });

  it("of a user without an email isn't settled with another's grant that has the same state", async () => {
    const cwd = testFolder();
    const faults: Fault[] = [];
    const simulator = await simulate({ faults, latencyMs: 20 });
    const lines = [
      'account_id,provider,email,refresh_token,state',
      'acc-1,google,,sim.flaky.ada@example.com,imported',
      'acc-2,google,,sim.ok.bob@example.com,imported',
    ];
    writeFileSync(join(cwd, 'users.csv'), lines.join('\n'), { mode: 0o600 });
    const run = await migrate(cwd, simulator.url);
    expect(run.exitCode, run.stderr).toBe(0);
    const grantOf = (email: string) => simulator.grants().find((grant) => grant.email === email)?.id;
    expect(story(cwd, 'acc-1').grantId).toBe(grantOf('ada@example.com'));
    expect(story(cwd, 'acc-2').grantId).toBe(grantOf('bob@example.com'));
  });
});

describe('a lost answer of a process that died, after which our clock was set', () => {
  /** The process dies while its answers are lost; then the clock is set, and the next runs settle the doubts. */
  async function settleByAnotherClock(
    simulator: Simulator,
    cwd: string,
    shiftMs: number,
    ...more: readonly string[]
  ): Promise<Run> {
    const users = readFileSync(join(cwd, 'users.csv'), 'utf8').trim().split('\n').length - 1;
    const args = ['run', 'users.csv', '--api-uri', simulator.url, ...QUICK, ...more];
    const child = startCli([...args, '--settle-delay', '60s'], { cwd });
    const ended = endOf(child);
    await until(() => Object.values(posts(simulator)).reduce((sum, count) => sum + count, 0) === users);
    child.kill('SIGKILL');
    await ended;
    vi.spyOn(systemClock, 'now').mockImplementation(() => Date.now() + shiftMs);
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    await migrate(cwd, simulator.url, ...more);
    makeDue(cwd);
    return migrate(cwd, simulator.url, ...more);
  }

  const SHIFTS = [
    ['back', -HOUR_MS],
    ['forward', HOUR_MS],
  ] as const;

  it.each(SHIFTS)('(%s): what it made is found', async (_how, shiftMs) => {
    const cwd = testFolder();
    const simulator = await simulate(clockOf(-HOUR_MS));
    writeUsers(cwd, [
      ['acc-1', 'google', 'ada@example.com', 'sim.lost.ada@example.com'],
      ['acc-2', 'zoom', '', 'sim.lost.bob@example.com'],
    ]);
    const run = await settleByAnotherClock(simulator, cwd, shiftMs);
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(posts(simulator)).toEqual({ lost: 2 });
    expect(records(cwd).map(({ origin }) => origin)).toEqual(['adopted', 'adopted']);
  });

  it.each(SHIFTS)('(%s): what was there before is not taken for it', async (_how, shiftMs) => {
    const cwd = testFolder();
    const createdAt = Math.floor((Date.now() + HOUR_MS) / 1000) - 1_800;
    const older: SeedGrant = { provider: 'google', email: 'ada@example.com', created_at: createdAt };
    const simulator = await simulateOneFault('reset', { ...clockOf(HOUR_MS), grants: [older] });
    writeUsers(cwd, [['acc-1', 'google', 'ada@example.com', 'sim.ok.ada@example.com']]);
    const run = await settleByAnotherClock(simulator, cwd, shiftMs, '--existing', 'reauthenticate');
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(posts(simulator)).toEqual({ reset: 1, 201: 1 });
    expect(story(cwd, 'acc-1').origin).toBe('reauthenticated');
  });
});

describe('a token that works only once', () => {
  it('is sent again after two empty looks', async () => {
    const cwd = testFolder();
    const simulator = await simulateOneFault('reset');
    writeUsers(cwd, [['acc-1', 'zoom', 'ada@example.com', 'sim.ok.ada@example.com']]);
    const run = await migrate(cwd, simulator.url);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(posts(simulator)).toEqual({ reset: 1, 201: 1 });
    expect(story(cwd, 'acc-1')).toMatchObject({
      origin: 'created',
      attempts: ['submit in_doubt', 'look_up not_found', 'look_up not_found', 'submit granted'],
    });
  });

  it('is sent again after two empty looks, also where the first ended its run', async () => {
    const cwd = testFolder();
    const simulator = await simulateOneFault('reset');
    writeUsers(cwd, [['acc-1', 'zoom', 'ada@example.com', 'sim.ok.ada@example.com']]);
    const once = await migrate(cwd, simulator.url, '--attempts-max', '1');
    expect(once.exitCode, once.stderr).toBe(7);
    expect(story(cwd, 'acc-1')).toMatchObject({ status: 'pending', category: 'unavailable' });
    makeDue(cwd);
    const again = await migrate(cwd, simulator.url);
    expect(again.exitCode, again.stderr).toBe(0);
    expect(story(cwd, 'acc-1').attempts).toEqual([
      'submit in_doubt',
      'look_up not_found',
      'look_up not_found',
      'submit granted',
    ]);
  });

  it('is not sent again for another record of its mailbox while an answer to it is looked for', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    const [email, token] = ['ada@example.com', 'sim.lost.ada@example.com'];
    writeUsers(cwd, [
      ['acc-1', 'zoom', email, token],
      ['acc-2', 'zoom', email, token],
    ]);
    const run = await migrate(cwd, simulator.url);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(simulator.stats()).toMatchObject({ tokensSpentTwice: 0, requests: { connect: { lost: 1 } } });
    const [grant] = simulator.grants();
    expect(records(cwd).map(({ grantId }) => grantId)).toEqual([grant?.id, grant?.id]);
  });

  it("is not sent again where the lost answer's grant is found", async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, [['acc-1', 'zoom', 'ada@example.com', 'sim.lost.ada@example.com']]);
    const run = await migrate(cwd, simulator.url);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(simulator.stats()).toMatchObject({ tokensSpentTwice: 0, requests: { connect: { lost: 1 } } });
    expect(story(cwd, 'acc-1').origin).toBe('adopted');
  });

  it('of a user without an email is found by its state', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, [['acc-1', 'zoom', '', 'sim.lost.ada@example.com']]);
    const run = await migrate(cwd, simulator.url);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(posts(simulator)).toEqual({ lost: 1 });
    expect(story(cwd, 'acc-1')).toMatchObject({ origin: 'adopted', grantId: simulator.grants()[0]?.id });
  });

  it('of a user without an email stays in doubt until --retry in_doubt', async () => {
    const cwd = testFolder();
    const simulator = await simulateOneFault('reset');
    writeUsers(cwd, [['acc-1', 'zoom', '', 'sim.ok.ada@example.com']]);
    for (const attemptsMax of ['1', '5']) {
      const run = await migrate(cwd, simulator.url, '--attempts-max', attemptsMax);
      expect(run.exitCode, run.stderr).toBe(7);
      expect(run.buckets).toMatchObject({ in_doubt: 1, waiting: 0 });
      expect(story(cwd, 'acc-1').status).toBe('in_doubt');
    }
    expect(posts(simulator)).toEqual({ reset: 1 });
    const retried = await migrate(cwd, simulator.url, '--retry', 'in_doubt');
    expect(retried.exitCode, retried.stderr).toBe(0);
    expect(posts(simulator)).toEqual({ reset: 1, 201: 1 });
  });
});

describe('a refusal that follows a lost answer', () => {
  it('is not believed before another look, which finds what the lost one made', async () => {
    const cwd = testFolder();
    const nylas = await lateNylas({ visibleAfterPosts: 2 });
    writeUsers(cwd, [['acc-1', 'zoom', 'ada@example.com', 'only-once']]);
    const run = await migrate(cwd, nylas.uri);
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(nylas.posts()).toBe(2);
    expect(story(cwd, 'acc-1')).toMatchObject({
      status: 'migrated',
      category: null,
      origin: 'adopted',
      grantId: 'grant-1',
      errorType: null,
      errorMessage: null,
    });
    expect(story(cwd, 'acc-1').attempts.toSorted()).toEqual([
      'look_up found',
      'look_up not_found',
      'look_up not_found',
      'submit in_doubt',
      'submit refused',
    ]);
  });

  it('is believed where that look finds nothing either', async () => {
    const cwd = testFolder();
    const nylas = await lateNylas({ visibleAfterPosts: Infinity });
    writeUsers(cwd, [['acc-1', 'zoom', 'ada@example.com', 'only-once']]);
    const run = await migrate(cwd, nylas.uri);
    expect(run.exitCode, run.stdout + run.stderr).toBe(3);
    expect(story(cwd, 'acc-1')).toMatchObject({
      status: 'failed',
      category: 'needs_reauth',
      errorType: 'token.exchange_failed',
      grantId: null,
    });
    expect(story(cwd, 'acc-1').attempts.filter((attempt) => attempt === 'look_up not_found')).toHaveLength(3);
  });

  it('is left open where that look gets no answer, and settled by the next run', async () => {
    const cwd = testFolder();
    const nylas = await lateNylas({ visibleAfterPosts: 2, unwellAfterPosts: 2 });
    writeUsers(cwd, [['acc-1', 'zoom', 'ada@example.com', 'only-once']]);
    const run = await migrate(cwd, nylas.uri);
    expect(run.exitCode, run.stdout + run.stderr).toBe(7);
    expect(story(cwd, 'acc-1')).toMatchObject({ status: 'in_doubt', grantId: null });
    nylas.recover();
    makeDue(cwd);
    expect((await migrate(cwd, nylas.uri)).exitCode).toBe(0);
    expect(story(cwd, 'acc-1')).toMatchObject({ status: 'migrated', origin: 'adopted' });
    expect(nylas.posts()).toBe(2);
  });
});

describe('grants that were there before', () => {
  const twenty = Array.from({ length: 20 }, (_, n) => `user${n}@example.com`);
  const rows = twenty.map((email, n) => [`acc-${n}`, 'google', email, `sim.ok.${email}`]);
  const planted = (): SeedGrant[] =>
    twenty.map((email, n) => ({
      provider: 'google',
      email: n % 2 === 0 ? email : email.toUpperCase(),
      created_at: 1_700_000_000 + n,
    }));

  it('are spared: twenty users, no submission, nothing about their grants changed', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ grants: planted(), pageMax: 7 });
    const before = simulator.grants();
    writeUsers(cwd, [...rows, ['acc-new', 'google', 'new@example.com', 'sim.ok.new@example.com']]);
    const run = await migrate(cwd, simulator.url);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.buckets).toMatchObject({ migrated: 21 });
    expect(posts(simulator)).toEqual({ 201: 1 });
    expect(simulator.grants().slice(0, 20)).toEqual(before);
    const ids = new Map(before.map(({ email, id }) => [email?.toLowerCase(), id]));
    const kept = records(cwd).filter(({ key }) => key !== 'acc-new');
    expect(kept.every(({ origin }) => origin === 'existing')).toBe(true);
    expect(kept.filter(({ email, grantId }) => grantId !== ids.get(email ?? ''))).toEqual([]);
    expect(story(cwd, 'acc-new').origin).toBe('created');
  });

  it('are given the credential where --existing reauthenticate says so', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ grants: planted() });
    writeUsers(cwd, rows);
    const run = await migrate(cwd, simulator.url, '--existing', 'reauthenticate');
    expect(run.exitCode, run.stderr).toBe(0);
    expect(posts(simulator)).toEqual({ 201: 20 });
    expect(simulator.stats()).toMatchObject({ grantsCreated: 0, grantsReauthenticated: 20 });
    expect(records(cwd).every(({ origin }) => origin === 'reauthenticated')).toBe(true);
  });

  it('as invalid placeholders, however new, are re-authenticated', async () => {
    const cwd = testFolder();
    const placeholders = planted().map((grant, n) => ({
      ...grant,
      grant_status: 'invalid' as const,
      account_id: `v2-${n}`,
      created_at: Math.floor(Date.now() / 1000) - (n % 2) * 3_600,
    }));
    const simulator = await simulate({ grants: placeholders });
    writeUsers(cwd, rows);
    const run = await migrate(cwd, simulator.url);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(simulator.stats()).toMatchObject({ grantsCreated: 0, grantsReauthenticated: 20 });
    expect(records(cwd).map(({ origin }) => origin)).toEqual(twenty.map(() => 'reauthenticated'));
    expect(simulator.grants().every(({ grant_status }) => grant_status === 'valid')).toBe(true);
  });

  it('and by the person themselves since we failed, are taken as theirs', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, [
      ['acc-1', 'google', 'ada@example.com', 'sim.revoked.ada@example.com'],
      ['acc-2', 'google', 'bob@example.com', 'sim.revoked.bob@example.com'],
    ]);
    expect((await migrate(cwd, simulator.url)).exitCode).toBe(3);
    await signIn(simulator, 'ada@example.com');
    const run = await migrate(cwd, simulator.url);
    expect(run.exitCode, run.stderr).toBe(3);
    expect(run.buckets).toMatchObject({ migrated: 1, skipped: 1 });
    expect(posts(simulator)).toEqual({ 400: 2, 201: 1 });
    expect(story(cwd, 'acc-1')).toMatchObject({
      status: 'migrated',
      category: null,
      origin: 'signed_in',
      grantId: simulator.grants()[0]?.id,
      errorType: null,
    });
    expect(story(cwd, 'acc-2')).toMatchObject({ status: 'failed', category: 'needs_reauth' });
  });

  it('and are renewed by the person themselves since we failed, are taken as theirs too', async () => {
    const cwd = testFolder();
    // Made long ago by Nylas' own import: a listing of what was made since the last run doesn't bring it.
    const placeholder = { provider: 'google', email: 'ada@example.com', account_id: 'acc-1' } as const;
    const simulator = await simulate({
      grants: [
        { ...placeholder, grant_status: 'invalid', created_at: 1_600_000_000, updated_at: 1_600_000_000 },
      ],
    });
    writeUsers(cwd, [['acc-1', 'google', 'ada@example.com', 'sim.revoked.ada@example.com']]);
    expect((await migrate(cwd, simulator.url)).exitCode).toBe(3);
    await signIn(simulator, 'ada@example.com');
    const run = await migrate(cwd, simulator.url);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(story(cwd, 'acc-1')).toMatchObject({ status: 'migrated', origin: 'signed_in' });
  });

  it('are spared too where they were made since the listing and our submission was lost', async () => {
    const cwd = testFolder();
    const nylas = await lateNylas({ visibleAfterPosts: 1, ageS: 600 });
    writeUsers(cwd, [['acc-1', 'zoom', 'ada@example.com', 'only-once']]);
    const run = await migrate(cwd, nylas.uri);
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(nylas.posts()).toBe(1);
    expect(story(cwd, 'acc-1')).toMatchObject({
      status: 'migrated',
      origin: 'existing',
      grantId: 'grant-1',
      attempts: ['submit in_doubt', 'look_up found'],
    });
  });

  it('and are deleted at Nylas since, spare nobody any more', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ grants: planted() });
    const canary = ['acc-new', 'google', 'new@example.com', 'sim.ok.new@example.com'];
    writeUsers(cwd, [canary]);
    expect((await migrate(cwd, simulator.url)).exitCode).toBe(0);
    const [gone, ...left] = simulator.grants().slice(0, 20);
    await deleteGrant(simulator, gone?.id ?? '');
    const listings = simulator.stats().requests['list_grants']?.['200'] ?? 0;
    writeUsers(cwd, [canary, ...rows]);
    const planned = await runHere(['run', 'users.csv', '--dry-run', '--json', '--api-uri', simulator.url], {
      cwd,
    });
    expect(JSON.parse(planned.stdout)).toMatchObject({ wouldSubmit: {}, rest: { confirm: 20, done: 1 } });
    const run = await migrate(cwd, simulator.url);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.buckets).toMatchObject({ migrated: 20, already_done: 1 });
    expect(posts(simulator)).toEqual({ 201: 2 });
    expect(story(cwd, 'acc-0')).toMatchObject({ status: 'migrated', origin: 'created' });
    const ids = new Set(simulator.grants().map(({ id }) => id));
    expect(records(cwd).filter(({ grantId }) => !ids.has(grantId ?? ''))).toEqual([]);
    expect(records(cwd).filter(({ origin }) => origin === 'existing')).toHaveLength(left.length);
    // Beside the two that each run begins with, two pages for everybody, and one question for who is missing.
    expect(simulator.stats().requests['list_grants']?.['200']).toBeLessThanOrEqual(listings + 6);
    expect(simulator.stats().requests['get_grant']).toEqual({ 404: 1 });
  });

  it('are listed once: a rerun lists only what is new', async () => {
    const cwd = testFolder();
    const simulator = await simulate({ grants: seeds(50), pageMax: 10 });
    writeUsers(cwd, rows);
    const listings = () => simulator.stats().requests['list_grants']?.['200'] ?? 0;
    expect((await migrate(cwd, simulator.url)).exitCode).toBe(0);
    expect(listings()).toBe(6);
    await delay(2_100);
    expect((await migrate(cwd, simulator.url)).exitCode).toBe(0);
    // The twenty grants of the last run: what was made since, and what was renewed, three pages each.
    expect(listings()).toBe(6 + 6);
  });
});

describe('while every submission gets a 503', () => {
  it('attempts are bounded, the records stay pending, and a later run completes', async () => {
    const cwd = testFolder();
    const faults: Fault[] = [{ kind: '503', probability: 1 }];
    const simulator = await simulate({ faults });
    const users = Array.from({ length: 5 }, (_, n) => `user${n}@example.com`);
    writeUsers(
      cwd,
      users.map((email, n) => [`acc-${n}`, 'google', email, `sim.ok.${email}`]),
    );
    const unwell = await migrate(cwd, simulator.url, '--attempts-max', '2');
    expect(unwell.exitCode, unwell.stderr).toBe(7);
    expect(unwell.balanced).toBe(true);
    expect(unwell.buckets).toMatchObject({ waiting: 5, migrated: 0, failed: 0 });
    expect(posts(simulator)).toEqual({ 503: 10 });
    for (const record of records(cwd)) {
      expect(record).toMatchObject({ status: 'pending', category: 'unavailable', attempts: 2 });
    }
    faults.length = 0;
    makeDue(cwd);
    const later = await migrate(cwd, simulator.url);
    expect(later.exitCode, later.stderr).toBe(0);
    expect(simulator.stats()).toMatchObject({ grantsCreated: 5, grantsReauthenticated: 0 });
  });
});

describe('who reads about it', () => {
  it('can tell adopted, resubmitted and unsettled users apart', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, [
      ['adopted', 'google', 'ada@example.com', 'sim.lost.ada@example.com'],
      ['resubmitted', 'google', 'bob@example.com', 'sim.flaky.bob@example.com'],
      ['unsettled', 'zoom', '', 'sim.flaky.eve@example.com'],
      ['plain', 'google', 'joe@example.com', 'sim.ok.joe@example.com'],
    ]);
    const run = await migrate(cwd, simulator.url);
    expect(run.exitCode, run.stderr).toBe(7);
    expect(run.buckets).toMatchObject({ migrated: 3, in_doubt: 1 });

    const columns = 'record_key,status,origin,attempts,remedy';
    const report = await runHere(['report', '--format', 'jsonl', '--columns', columns], { cwd });
    const told = report.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(told).toEqual([
      { record_key: 'adopted', status: 'migrated', origin: 'adopted', attempts: 1, remedy: null },
      { record_key: 'resubmitted', status: 'migrated', origin: 'created', attempts: 2, remedy: null },
      {
        record_key: 'unsettled',
        status: 'in_doubt',
        origin: null,
        attempts: 1,
        remedy: expect.stringContaining('--retry in_doubt') as string,
      },
      { record_key: 'plain', status: 'migrated', origin: 'created', attempts: 1, remedy: null },
    ]);

    const explain = async (key: string): Promise<unknown> => {
      const { stdout } = await runHere(['explain', key, '--json'], { cwd });
      const { records: known } = JSON.parse(stdout) as {
        records: { attempts: { kind: string; result: string; httpStatus: number | null }[] }[];
      };
      return known[0]?.attempts.map(({ kind, result, httpStatus }) => [kind, result, httpStatus]);
    };
    expect(await explain('adopted')).toEqual([
      ['submit', 'in_doubt', null],
      ['look_up', 'found', 200],
    ]);
    expect(await explain('resubmitted')).toEqual([
      ['submit', 'in_doubt', 503],
      ['look_up', 'not_found', 200],
      ['submit', 'granted', 201],
    ]);
    expect(await explain('unsettled')).toEqual([
      ['submit', 'in_doubt', 503],
      ['look_up', 'not_found', null],
    ]);
  });
});

/** Grants of other people, made long ago. */
function seeds(count: number): SeedGrant[] {
  return Array.from({ length: count }, (_, n) => ({
    provider: 'google',
    email: `other${n}@example.com`,
    created_at: 1_700_000_000 + n,
  }));
}

/** What the person does, behind the tool's back. */
async function signIn(simulator: Simulator, email: string): Promise<void> {
  const response = await fetch(`${simulator.url}/v3/connect/custom`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}` },
    body: JSON.stringify({ provider: 'google', settings: { refresh_token: `sim.ok.${email}#live` } }),
  });
  expect(response.status).toBe(201);
}

/** What an administrator does, behind the tool's back. */
async function deleteGrant(simulator: Simulator, grantId: string): Promise<void> {
  const response = await fetch(`${simulator.url}/v3/grants/${grantId}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${API_KEY}` },
  });
  expect(response.status).toBe(200);
}

/** Lets the time come for which records wait. */
function makeDue(cwd: string): void {
  const db = new Sqlite(join(cwd, 'migration.db'));
  db.exec('UPDATE records SET not_before = 0');
  db.close();
}

/**
 * A Nylas that exchanges a token with its first submission, whose answer is lost, refuses every other, and shows
 * the grant only after so many submissions.
 */
async function lateNylas(options: {
  readonly visibleAfterPosts: number;
  /** After so many, reads get a 503. */
  readonly unwellAfterPosts?: number;
  /** How old the grant is when it is first shown. */
  readonly ageS?: number;
}): Promise<{ readonly uri: string; readonly posts: () => number; readonly recover: () => void }> {
  let posts = 0;
  let unwellAfterPosts = options.unwellAfterPosts ?? Infinity;
  let createdAt = 0;
  const refused = {
    type: 'token.exchange_failed',
    message: 'Invalid',
    provider_error: { error: 'invalid_grant' },
  };
  const grants = () => {
    const times = { created_at: createdAt, updated_at: createdAt };
    const grant = {
      id: 'grant-1',
      provider: 'zoom',
      email: 'ada@example.com',
      grant_status: 'valid',
      ...times,
    };
    return posts >= options.visibleAfterPosts ? [grant] : [];
  };
  const server = await serve((response, { method, url }) => {
    const answer = (status: number, body: object): void => {
      const head = { 'content-type': 'application/json' };
      response.writeHead(status, head).end(JSON.stringify({ request_id: 'r', ...body }));
    };
    if (url.startsWith('/v3/applications')) answer(200, { data: { application_id: 'app-1' } });
    else if (method === 'POST') {
      posts += 1;
      if (posts === 1) {
        createdAt = Math.floor(Date.now() / 1000) - (options.ageS ?? 0);
        response.destroy();
      } else answer(400, { error: refused });
    } else if (posts >= unwellAfterPosts) answer(503, { error: { type: 'api.internal_error', message: '' } });
    else answer(200, { data: url.startsWith('/v3/grants') ? grants() : [] });
  });
  return {
    uri: server.uri,
    posts: () => posts,
    recover: () => {
      unwellAfterPosts = Infinity;
    },
  };
}
