import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { API_KEY, endOf, runCli, startCli, testFolder, type CliResult } from '../support/cli.js';
import { runHere } from '../support/command.js';
import { startFront } from '../support/front.js';

interface Counted {
  readonly grants: number;
  readonly records: number;
  readonly adopted: number;
  readonly doubts: number;
  readonly groups: readonly unknown[];
  readonly leftAlone: readonly {
    readonly reason: string;
    readonly grants: number;
    readonly examples: string[];
  }[];
  readonly unmatched: { readonly keys: readonly { readonly count: number }[] };
  readonly next: readonly { readonly command: string }[];
}

interface Undone extends Counted {
  readonly deleted: number;
  readonly gone: number;
  readonly unanswered: number;
  readonly notReached: number;
  readonly remaining: number;
  readonly verdict: string;
}

/** A simulator whose clock can be put ahead: what happens then happens later than what was before. */
async function simulate(
  options: SimulatorOptions = {},
): Promise<Simulator & { later: (seconds: number) => void }> {
  let aheadMs = 0;
  const simulator = await startSimulator({ now: () => Date.now() + aheadMs, ...options });
  onTestFinished(() => simulator.close());
  return {
    ...simulator,
    later: (seconds) => {
      aheadMs += seconds * 1000;
    },
  };
}

function writeUsers(cwd: string, rows: readonly string[]): void {
  const text = ['account_id,provider,email,refresh_token', ...rows, ''].join('\n');
  writeFileSync(join(cwd, 'users.csv'), text, { mode: 0o600 });
}

function row(n: number, { scenario = 'ok', provider = 'google' } = {}): string {
  return `acc-${n},${provider},user${n}@example.com,sim.${scenario}.user${n}@example.com`;
}

const rows = (count: number, first = 0): string[] => Array.from({ length: count }, (_, n) => row(first + n));

/** The person signs in: not by us, and not with what we have. */
async function signIn(url: string, n: number, provider = 'google'): Promise<void> {
  const response = await fetch(`${url}/v3/connect/custom`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ provider, settings: { refresh_token: `sim.ok.user${n}@example.com` } }),
  });
  expect(response.status).toBeLessThan(300);
}

async function migrate(cwd: string, url: string, ...more: readonly string[]): Promise<CliResult> {
  return runHere(['run', 'users.csv', '--api-uri', url, '--rate', '0', '--settle-delay', '50ms', ...more], {
    cwd,
  });
}

async function undo(cwd: string, ...more: readonly string[]): Promise<CliResult> {
  return runHere(['undo', ...more], { cwd });
}

async function counted(cwd: string, ...more: readonly string[]): Promise<Counted> {
  const result = await undo(cwd, '--json', ...more);
  expect(result.exitCode, result.stderr).toBe(0);
  return JSON.parse(result.stdout) as Counted;
}

async function undone(
  cwd: string,
  ...more: readonly string[]
): Promise<Undone & { exitCode: number | null }> {
  const { stdout, stderr, exitCode } = await undo(cwd, '--json', '--rate', '0', ...more);
  const document = JSON.parse(stdout) as Undone;
  expect(document.deleted, stderr).toBeDefined();
  return { ...document, exitCode };
}

/** The words of a command that was printed to be typed. */
function words(command: string): string[] {
  const [tool, ...args] = command.split(' ');
  expect(tool).toBe('nylas-migrate');
  return args;
}

describe('an undo of 107', () => {
  it('leaves ten alone that were re-authenticated or have changed, interrupted twice and resumed each time', async () => {
    const cwd = testFolder();
    const theirs = [0, 1, 2, 3, 4].map(
      (n) => ({ provider: 'google', email: `user${n}@example.com`, created_at: 1_600_000_000 }) as const,
    );
    const simulator = await simulate({ grants: theirs });
    writeUsers(cwd, rows(112));
    const ran = await migrate(cwd, simulator.url, '--existing', 'reauthenticate', '--rate', '0');
    expect(ran.exitCode, ran.stderr).toBe(0);
    simulator.later(60);
    const changed = [20, 40, 60, 80, 100];
    for (const n of changed) await signIn(simulator.url, n);
    const kept = new Set(
      simulator
        .grants()
        .filter(({ updated_at: at }, _n, all) => at > Math.min(...all.map((grant) => grant.updated_at)) + 30)
        .map(({ id }) => id),
    );
    expect(kept.size).toBe(5);

    const count = await undo(cwd);
    expect(count.stdout).toContain('Would delete 107 grants');
    const command = count.stdout.trimEnd().split('\n').at(-1)?.trim() ?? '';
    expect(command).toBe(`nylas-migrate undo --api-uri ${simulator.url} --rate 0 --yes 107`);
    expect(simulator.stats().grantsDeleted).toBe(0);

    let next = command;
    for (const [signal, exitCode] of [
      ['SIGINT', 130],
      ['SIGKILL', null],
    ] as const) {
      const before = simulator.stats().grantsDeleted;
      const child = startCli([...words(next), '--rate', '60', '--concurrency-max', '8', '--json'], { cwd });
      const ended = endOf(child);
      while (simulator.stats().grantsDeleted < before + 15)
        await new Promise((resolve) => setImmediate(resolve));
      child.kill(signal);
      const stopped = await ended;
      expect(stopped.exitCode, stopped.stderr).toBe(exitCode);
      if (signal === 'SIGINT') {
        const { remaining, next: steps } = JSON.parse(stopped.stdout) as Undone;
        next = steps[0]?.command ?? '';
        expect(next).toContain(`--yes ${remaining}`);
        expect(remaining).toBeLessThan(107);
        expect(next).not.toContain('107');
      } else next = (await counted(cwd)).next[0]?.command ?? '';
    }

    const last = await runCli([...words(next), '--rate', '0', '--json'], { cwd });
    expect(last.exitCode, last.stderr).toBe(3);
    expect(JSON.parse(last.stdout)).toMatchObject({ remaining: 0, unanswered: 0, notReached: 0 });
    expect(simulator.stats().grantsDeleted).toBe(102);
    const left = simulator.grants();
    expect(left).toHaveLength(10);
    expect(left.filter(({ id }) => kept.has(id))).toHaveLength(5);
    expect(left.filter(({ created_at: at }) => at === 1_600_000_000)).toHaveLength(5);

    const { grants, leftAlone } = await counted(cwd);
    expect(grants).toBe(0);
    expect(leftAlone.map(({ reason, grants: many }) => [reason, many])).toEqual([
      ['reauthenticated', 5],
      ['changed', 5],
    ]);
    const status = JSON.parse((await runHere(['status', '--json'], { cwd })).stdout) as {
      byStatus: unknown;
      balanced: boolean;
    };
    expect(status).toMatchObject({ balanced: true, byStatus: { migrated: 10, undone: 102 } });
  });
});

describe('counting', () => {
  it('asks nothing of Nylas, needs no key, and changes nothing', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, rows(3));
    await migrate(cwd, simulator.url);
    const before = simulator.stats().requestsTotal;
    const result = await runHere(['undo'], { cwd, env: { NYLAS_API_KEY: '' } });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.stdout).toContain('Would delete 3 grants');
    expect(result.stdout).toMatch(/does not come back/);
    expect(result.stdout).toMatch(/bills/);
    expect(simulator.stats().requestsTotal).toBe(before);
    const { byStatus, runs } = JSON.parse((await runHere(['status', '--json'], { cwd })).stdout) as {
      byStatus: unknown;
      runs: unknown[];
    };
    expect(byStatus).toMatchObject({ migrated: 3, undone: 0 });
    expect(runs).toHaveLength(1);
  });

  it('repeats every selecting option in the command that deletes', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, [...rows(3), row(3, { provider: 'yahoo' })]);
    await migrate(cwd, simulator.url);
    writeFileSync(join(cwd, 'some keys.txt'), 'acc-0\nacc-3\nacc-99\n');
    const { grants, next, unmatched } = await counted(
      cwd,
      '--run',
      '1',
      '--provider',
      'google',
      '--only',
      'some keys.txt',
    );
    expect(grants).toBe(1);
    expect(unmatched.keys).toMatchObject([{ count: 1, examples: ['acc-99'] }]);
    expect(next[0]?.command).toBe(
      `nylas-migrate undo --run 1 --provider google --only 'some keys.txt' --api-uri ${simulator.url} --rate 0 --yes 1`,
    );
  });

  it('tells of doubts: Nylas may have grants that the ledger does not know of', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    const front = await startFront(simulator.url, ({ method }) =>
      method === 'POST' ? 'request_lost' : null,
    );
    // A token that works once, and no email to look by: such a doubt is settled by no run.
    writeUsers(cwd, ['acc-0,zoom,,sim.ok.user0@example.com', 'acc-1,zoom,,sim.ok.user1@example.com']);
    await migrate(cwd, front);
    expect(await counted(cwd)).toMatchObject({ grants: 0, doubts: 2 });
  });

  it.each([
    ['another number', ['--yes', '4'], /there are 3 to delete now: nothing was deleted/],
    ['no number', ['--yes', 'all'], /whole number/],
    ['a run that never was', ['--run', '7'], /no migration in this ledger, which has 1 migration: run 1/],
    ['a file of keys that is not there', ['--only', 'nobody.txt'], /nobody\.txt/],
  ])('%s ends with 2', async (_name, args, message) => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, rows(3));
    await migrate(cwd, simulator.url);
    const result = await undo(cwd, '--api-uri', simulator.url, '--rate', '0', ...args);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(message);
    expect(simulator.stats().grantsDeleted).toBe(0);
  });

  it('takes the number from nothing but what was typed', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, rows(3));
    await migrate(cwd, simulator.url);
    const env = { NYLAS_MIGRATE_YES: '3', NYLAS_API_URI: simulator.url };
    const result = await runHere(['undo'], { cwd, env });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('Type it');
    expect(simulator.stats().grantsDeleted).toBe(0);
  });
});

describe('deleting', () => {
  it('takes what we made, also for another mailbox or found after a lost answer, and nothing else', async () => {
    const cwd = testFolder();
    const theirs = { provider: 'google', email: 'user4@example.com', created_at: 1_600_000_000 } as const;
    const simulator = await simulate({ grants: [theirs] });
    const shared = 'acc-9,google,User0@example.com,sim.ok.user0@example.com';
    const kinds = [
      row(0),
      shared,
      row(1, { scenario: 'other' }),
      row(2, { scenario: 'lost' }),
      row(3, { scenario: 'invalid' }),
      row(4),
    ];
    writeUsers(cwd, kinds);
    await migrate(cwd, simulator.url);
    const count = await counted(cwd);
    expect(count).toMatchObject({ grants: 3, records: 4, adopted: 1 });
    expect(count.leftAlone.map(({ reason, examples }) => [reason, ...examples])).toEqual([
      ['existing', 'acc-4'],
      ['origin_unknown', 'acc-3'],
    ]);
    expect(await undone(cwd, '--api-uri', simulator.url, '--yes', '3')).toMatchObject({
      deleted: 3,
      exitCode: 0,
    });
    expect(simulator.grants().map(({ email }) => email)).toEqual(['user4@example.com', 'user3@example.com']);
    const report = await runHere(['report', '--select', 'undone', '--columns', 'record_key', '--raw'], {
      cwd,
    });
    expect(report.stdout.trim().split(/\r?\n/).sort()).toEqual([
      'acc-0',
      'acc-1',
      'acc-2',
      'acc-9',
      'record_key',
    ]);
  });

  it('leaves alone what also serves a record outside the selection', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, rows(2));
    await migrate(cwd, simulator.url, '--label', 'canary');
    writeUsers(cwd, [...rows(2), 'acc-9,google,user0@example.com,sim.ok.user0@example.com']);
    await migrate(cwd, simulator.url);
    const { grants, leftAlone } = await counted(cwd, '--run', '1');
    expect([grants, leftAlone.map(({ reason }) => reason)]).toEqual([1, ['shared']]);
    await undone(cwd, '--run', '1', '--api-uri', simulator.url, '--yes', '1');
    expect(simulator.grants().map(({ email }) => email)).toEqual(['user0@example.com']);
  });

  it('takes a grant that somebody decided against, and leaves alone the one that they chose', async () => {
    const cwd = testFolder();
    const chosen = { provider: 'google', email: 'user0@example.com', created_at: 1_600_000_000 } as const;
    const simulator = await simulate({ grants: [chosen] });
    writeUsers(cwd, [row(1, { scenario: 'other' })]);
    await migrate(cwd, simulator.url);
    const id = simulator.grants()[0]?.id ?? '';
    const decision = ['acc-1', '--grant', id, '--by', 'ada', '--why', 'hers'];
    const resolved = await runHere(['resolve', ...decision, '--api-uri', simulator.url], { cwd });
    expect(resolved.exitCode, resolved.stderr).toBe(0);
    const { grants, leftAlone } = await counted(cwd);
    expect([grants, leftAlone.map(({ reason }) => reason)]).toEqual([1, ['chosen']]);
    await undone(cwd, '--api-uri', simulator.url, '--yes', '1');
    expect(simulator.grants().map((grant) => grant.id)).toEqual([id]);
    expect(await counted(cwd)).toMatchObject({ grants: 0 });
    const { byStatus } = JSON.parse((await runHere(['status', '--json'], { cwd })).stdout) as {
      byStatus: unknown;
    };
    expect(byStatus).toMatchObject({ migrated: 1, undone: 0 });
  });

  it('counts what is gone as done', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, rows(2));
    await migrate(cwd, simulator.url);
    const [first] = simulator.grants();
    await fetch(`${simulator.url}/v3/grants/${first?.id ?? ''}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${API_KEY}` },
    });
    const result = await undone(cwd, '--api-uri', simulator.url, '--yes', '2');
    expect(result).toMatchObject({ deleted: 1, gone: 1, remaining: 0, exitCode: 0 });
  });

  it('settles lost answers, refusals that pass and pages of proxies by asking before it sends again', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, rows(7));
    await migrate(cwd, simulator.url);
    const mishaps = [
      'answer_lost',
      'request_lost',
      { status: 503, body: 'unwell' },
      { status: 200, body: '<html>' },
      { status: 404, body: '<html>' },
      {
        status: 429,
        body: '{"error":{"type":"nylas_rate_limit_exceeded"}}',
        headers: { 'retry-after': '0' },
      },
    ] as const;
    const front = await startFront(simulator.url, ({ method, nth }) =>
      method === 'DELETE' ? (mishaps[nth - 1] ?? null) : null,
    );
    const result = await undone(cwd, '--api-uri', front, '--yes', '7');
    expect(result).toMatchObject({ deleted: 7, gone: 0, unanswered: 0, remaining: 0, exitCode: 0 });
    expect(simulator.stats()).toMatchObject({ grantsDeleted: 7 });
    expect(simulator.stats().requests['delete_grant']).toEqual({ '200': 7 });
  });

  it('leaves alone whose person signs in while a deletion is on its way and gets lost', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, rows(1));
    await migrate(cwd, simulator.url);
    const front = await startFront(simulator.url, async ({ method, nth }) => {
      if (method !== 'DELETE' || nth > 1) return null;
      simulator.later(5);
      await signIn(simulator.url, 0);
      return 'request_lost';
    });
    const result = await undone(cwd, '--api-uri', front, '--yes', '1');
    expect(result).toMatchObject({ deleted: 0, remaining: 0, exitCode: 3 });
    expect(result.leftAlone).toMatchObject([{ reason: 'changed', grants: 1, examples: ['acc-0'] }]);
    expect(simulator.grants()).toHaveLength(1);
  });

  it('where Nylas gives no answer, says that work is left, and the next finds out', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, rows(1));
    await migrate(cwd, simulator.url);
    let isDown = false;
    const front = await startFront(simulator.url, ({ method }) => {
      if (method === 'DELETE') isDown = true;
      return isDown ? (method === 'DELETE' ? 'answer_lost' : { status: 400, body: 'what?' }) : null;
    });
    const result = await undone(cwd, '--api-uri', front, '--yes', '1');
    expect(result).toMatchObject({ deleted: 0, unanswered: 1, remaining: 1, exitCode: 7 });
    const again = await undone(cwd, '--api-uri', simulator.url, '--yes', '1');
    expect(again).toMatchObject({ deleted: 0, gone: 1, exitCode: 0 });
  });

  it('stops when the key is refused, and keeps what is left', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, rows(30));
    await migrate(cwd, simulator.url);
    let isRevoked = false;
    const refused = { status: 401, body: '{"error":{"type":"api.authentication_error","message":"no"}}' };
    const front = await startFront(simulator.url, ({ method, nth }) => {
      isRevoked ||= method === 'DELETE' && nth > 5;
      return isRevoked ? refused : null;
    });
    const result = await undone(cwd, '--api-uri', front, '--concurrency-max', '3', '--yes', '30');
    expect(result).toMatchObject({
      verdict: 'refused',
      exitCode: 4,
      leftAlone: [],
      deleted: 5,
      remaining: 25,
    });
    expect(simulator.stats().requestsTotal).toBeLessThan(60 + 30);
  });

  it("refuses another application's key with 6, and deletes nothing", async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, rows(1));
    await migrate(cwd, simulator.url);
    const other = await simulate({ applicationId: 'another-application' });
    const result = await undo(cwd, '--api-uri', other.url, '--rate', '0', '--yes', '1');
    expect(result.exitCode).toBe(6);
    expect(result.stderr).toContain('another-application');
    expect(other.stats().requests['delete_grant']).toBeUndefined();
  });
});

describe('after an undo', () => {
  it('a run skips the records, until --retry undone makes them new grants, which can be undone again', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, rows(3));
    await migrate(cwd, simulator.url);
    const before = simulator.grants().map(({ id }) => id);
    await undone(cwd, '--api-uri', simulator.url, '--yes', '3');

    const skipped = await migrate(cwd, simulator.url);
    expect(skipped.exitCode).toBe(3);
    expect(skipped.stdout).toContain('skipped 3');
    expect(skipped.stdout).toContain('--retry undone');
    const story = await runHere(['explain', 'acc-0'], { cwd });
    expect(story.stdout).toMatch(/undo, run 2: deleted, HTTP 200/);
    expect(story.stdout).toContain('--retry undone');
    expect(simulator.grants()).toEqual([]);

    const again = await migrate(cwd, simulator.url, '--retry', 'undone');
    expect(again.exitCode, again.stdout).toBe(0);
    expect(simulator.grants()).toHaveLength(3);
    expect(simulator.grants().filter(({ id }) => before.includes(id))).toEqual([]);
    expect((await counted(cwd)).grants).toBe(3);
  });

  it('nothing that was printed or kept holds the key or a credential', async () => {
    const cwd = testFolder();
    const simulator = await simulate();
    writeUsers(cwd, rows(2));
    await migrate(cwd, simulator.url);
    const echo = {
      status: 423,
      body: `{"error":{"type":"api.resource_blocked","message":"Bearer ${API_KEY}"}}`,
    };
    const front = await startFront(simulator.url, ({ method }) => (method === 'DELETE' ? echo : null));
    const result = await undo(
      cwd,
      '--api-uri',
      front,
      '--rate',
      '0',
      '--yes',
      '2',
      '--log-file',
      'log.jsonl',
      '--log-level',
      'debug',
    );
    expect(result.exitCode, result.stderr).toBe(3);
    expect(result.stdout).toContain('Nylas refused');
    const ledger =
      readFileSync(join(cwd, 'migration.db'), 'latin1') + readFileSync(join(cwd, 'log.jsonl'), 'utf8');
    for (const text of [result.stdout, result.stderr, ledger]) {
      expect(text).not.toContain(API_KEY);
      expect(text).not.toContain('sim.ok.');
    }
  });
});
