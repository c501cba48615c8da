import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/adapters/clock/index.js';
import { openLedger } from '../../src/adapters/sqlite/ledger.js';
import { openReader } from '../../src/adapters/sqlite/reader.js';
import type { VerifyCounts } from '../../src/core/verification.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { endOf, runCli, startCli, testFolder, type CliResult } from '../support/cli.js';
import { runHere } from '../support/command.js';
import { serve } from '../support/http.js';

interface Verified extends VerifyCounts {
  readonly exitCode: number;
  readonly verdict: string;
  readonly isWhole: boolean;
  readonly deviations: readonly { readonly deviation: string; readonly key: string }[];
  readonly next: readonly { readonly say: string; readonly command: string | null }[];
}

/** A migration that is over: so many of each scenario, keys `ok-0`, `revoked-0`, … */
interface World {
  readonly cwd: string;
  readonly simulator: Simulator;
  readonly here: (...args: readonly string[]) => Promise<CliResult>;
  readonly built: (...args: readonly string[]) => Promise<CliResult>;
  readonly verified: (...args: readonly string[]) => Promise<Verified>;
  readonly grantOf: (key: string) => string;
  readonly statusOf: (key: string) => readonly (string | null)[];
}

async function migrated(
  users: Readonly<Record<string, number>>,
  options: SimulatorOptions = {},
  provider = 'google',
): Promise<World> {
  const cwd = testFolder();
  const simulator = await startSimulator(options);
  onTestFinished(() => simulator.close());
  const rows = Object.entries(users).flatMap(([scenario, count]) =>
    Array.from({ length: count }, (_, n) => {
      const email = `${scenario}-${n}@example.com`;
      return `${scenario}-${n},${provider},${email},sim.${scenario}.${email}`;
    }),
  );
  const csv = ['account_id,provider,email,refresh_token', ...rows, ''].join('\n');
  writeFileSync(join(cwd, 'users.csv'), csv, { mode: 0o600 });
  const env = { NYLAS_API_URI: simulator.url, NYLAS_MIGRATE_RATE: '0', NYLAS_MIGRATE_PROGRESS: 'never' };
  const here = (...args: readonly string[]): Promise<CliResult> => runHere(args, { cwd, env });
  const ran = await here('run', 'users.csv', '--expect-reauth', provider, '--failure-rate-max', '1');
  expect([0, 3], ran.stderr).toContain(ran.exitCode);
  const record = (key: string) => {
    const reader = openReader(join(cwd, 'migration.db'));
    const found = reader.find(key)[0];
    reader.close();
    if (found === undefined) throw new Error(`no record ${key}`);
    return found;
  };
  return {
    cwd,
    simulator,
    here,
    built: (...args) => runCli(args, { cwd, env }),
    verified: async (...args) => JSON.parse((await here('verify', '--json', ...args)).stdout) as Verified,
    grantOf: (key) => record(key).grantId ?? '',
    statusOf: (key) => {
      const { status, category, origin, grantStatus } = record(key);
      return [status, category, origin, grantStatus];
    },
  };
}

/** The requests that used a grant. */
function probes(simulator: Simulator): number {
  const { messages = {}, calendars = {} } = simulator.stats().requests;
  return [...Object.values(messages), ...Object.values(calendars)].reduce((sum, count) => sum + count, 0);
}

const NOTHING = { missing: 0, invalid: 0, changed: 0, unusable: 0, signed_in: 0, unknown: 0 };

describe('verify', () => {
  it('finds grants that were deleted and invalidated, and people who signed in; each has its door', async () => {
    const { simulator, built, grantOf, statusOf } = await migrated({ ok: 20, revoked: 3 });
    const { behind } = simulator;
    for (const key of ['ok-1', 'ok-2', 'ok-3']) behind.remove(grantOf(key));
    for (const key of ['ok-4', 'ok-5']) behind.invalidate(grantOf(key));
    for (const n of [0, 1]) behind.signIn({ provider: 'google', email: `Revoked-${n}@example.com` });
    behind.signIn({ provider: 'google', email: 'stranger@example.com' });

    const found = await built('verify', '--json');
    expect(found.exitCode, found.stderr).toBe(3);
    const counts = { ...NOTHING, matched: 15, missing: 3, invalid: 2, signed_in: 2, unknown: 1 };
    expect(JSON.parse(found.stdout)).toMatchObject({ ...counts, compared: 20, exitCode: 3, isWhole: true });
    expect(statusOf('ok-1')).toEqual(['migrated', null, 'created', 'missing']);
    expect(statusOf('revoked-0')).toEqual(['failed', 'needs_reauth', null, null]);

    const adopting = await built('verify', '--adopt');
    expect(adopting.exitCode).toBe(3);
    expect(adopting.stdout).toContain('2 people who had signed in: recorded.');
    expect(adopting.stdout).toContain('ten minutes');
    expect(statusOf('revoked-0')).toEqual(['migrated', null, 'signed_in', 'valid']);
    expect(statusOf('revoked-2')).toEqual(['failed', 'needs_reauth', null, null]);

    const mended = await built('run', 'users.csv', '--retry', 'missing,invalid', '--ok-if-attention');
    expect(mended.exitCode, mended.stderr).toBe(0);
    expect(mended.stdout).toMatch(/migrated 5 .*already done 17/);
    const after = await built('verify', '--json');
    expect(after.exitCode).toBe(0);
    expect(JSON.parse(after.stdout)).toMatchObject({ ...NOTHING, matched: 22, unknown: 1 });
  });

  it('is silent about a healthy ledger, and makes no call a grant', async () => {
    const { simulator, verified } = await migrated({ ok: 30 }, { pageMax: 10 });
    expect(await verified()).toMatchObject({ ...NOTHING, matched: 30, exitCode: 0 });
    expect(simulator.stats().requests['get_grant']).toBeUndefined();
  });

  it('does not count as a migration: status goes on telling of the run, and a run of the same file resumes', async () => {
    const { here, verified } = await migrated({ ok: 2, revoked: 1 });
    const before = JSON.parse((await here('status', '--json')).stdout) as {
      next: unknown;
      rowIssues: unknown;
    };
    await verified();
    const after = JSON.parse((await here('status', '--json')).stdout) as typeof before & { runs: unknown[] };
    expect(after.next).toEqual(before.next);
    expect(after.rowIssues).toEqual(before.rowIssues);
    expect(after.runs).toMatchObject([{ kind: 'migrate' }, { kind: 'verify', input: '' }]);
    expect((await here('run', 'users.csv')).stdout).toMatch(/already done 2 \+ skipped 1/);
  });

  it('asks for what a listing left out before it calls it missing', async () => {
    const { cwd, grantOf, statusOf, simulator } = await migrated({ ok: 1 });
    const grant = simulator.grants()[0];
    const proxy = await serve((response, { url }) => {
      const data = url.startsWith('/v3/applications')
        ? { application_id: '51b00000-0000-4000-8000-000000000001' }
        : url.startsWith('/v3/grants?')
          ? []
          : grant;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ request_id: 'r', data }));
    });
    const env = { NYLAS_API_URI: proxy.uri };
    const { stdout, exitCode } = await runHere(['verify', '--json', '--rate', '0'], { cwd, env });
    expect(JSON.parse(stdout)).toMatchObject({ matched: 1, missing: 0 });
    expect(exitCode).toBe(0);
    expect(proxy.received.filter(({ url }) => url.includes(grantOf('ok-0')))).toHaveLength(1);
    expect(statusOf('ok-0')[3]).toBe('valid');
  });

  it('keeps ids of grants that are gone out of SQL, and says that those of a simulator are', async () => {
    const { simulator, here, verified, grantOf } = await migrated({ ok: 2 });
    const [gone, left] = [grantOf('ok-0'), grantOf('ok-1')];
    simulator.behind.remove(gone);
    expect(await verified()).toMatchObject({ ...NOTHING, matched: 1, missing: 1 });
    const target = ['--dialect', 'sqlite', '--table', 'users', '--key', 'account_id', '--set', 'grant_id'];
    const { stdout, stderr } = await here('report', '--format', 'sql', ...target);
    expect(stdout).toContain(left);
    expect(stdout).not.toContain(gone);
    expect(stderr).toContain('1 grant id not written: verify found those grants deleted.');
    for (const text of [stdout, stderr])
      expect(text).toContain('A rehearsal: these grants are of a simulator');
    // Nor does the page count them.
    const page = (await here('report', '--format', 'html')).stdout;
    expect(page).toContain('1 of 2 users have a v3 grant that works');
    expect(page).toContain('Of 1 migrated user verify found the grant gone');
    expect(page).toContain('It is a rehearsal');
    expect(page).toMatch(/migrated, then lost<\/th>\s*<td>[^<]*<\/td>\s*<td[^>]*>1</);
    // Nor does the status.
    expect((await here('status')).stdout).toContain('verify found the grants no good any more: 1 missing\n');
    // Verify asked for what was gone: it hasn't died for having no pace.
    expect(page).toContain('(verify): outcomes over time');
    expect(page).not.toContain('it has not ended, or died');
  });

  it('leaves the page the rows of the last file that could not be submitted', async () => {
    const { cwd, here, verified } = await migrated({ ok: 1 });
    const csv = 'account_id,provider,email,refresh_token\nbad,google,no email,t\n';
    writeFileSync(join(cwd, 'more.csv'), csv, { mode: 0o600 });
    await here('run', 'more.csv');
    await verified();
    const { stdout } = await here('report', '--select', 'invalid', '--format', 'html');
    expect(stdout).toContain('This page lists 1 row');
  });

  it('tells a mailbox that goes by another email, until somebody accepts that', async () => {
    const { simulator, here, verified, grantOf } = await migrated({ ok: 2 });
    simulator.behind.rename(grantOf('ok-0'), 'ada.lovelace@example.com');
    expect(await verified()).toMatchObject({ ...NOTHING, matched: 1, changed: 1, exitCode: 3 });
    const list = JSON.parse((await here('resolve', '--list', '--json')).stdout) as unknown;
    expect(list).toMatchObject({ undecided: 1, records: [{ answeredEmail: 'ada.lovelace@example.com' }] });
    // The commands that it proposes ask the same Nylas.
    expect(JSON.stringify(list)).toContain(`--accept --by NAME --why TEXT --api-uri ${simulator.url}`);
    await here('resolve', 'ok-0', '--accept', '--by', 'ada', '--why', 'she has married');
    expect(await verified()).toMatchObject({ ...NOTHING, matched: 2, exitCode: 0 });
  });

  it('never guesses between several grants: they are listed, and one is chosen with resolve', async () => {
    const [first, second] = ['aaaaaaaa', 'bbbbbbbb'].map((start) => `${start}-0000-4000-8000-000000000001`);
    const { cwd, here, verified, statusOf } = await migrated({ revoked: 1 });
    const soon = Math.floor(Date.now() / 1000) + 5;
    const proxy = await startSimulator({
      grants: [first, second].map((id) => ({
        ...(id === undefined ? {} : { id }),
        ...{ provider: 'google', email: 'revoked-0@example.com', created_at: soon },
      })),
    });
    onTestFinished(() => proxy.close());
    const found = await verified('--api-uri', proxy.url, '--adopt', '--out', 'all.csv');
    expect(found).toMatchObject({ ...NOTHING, several: 1, adopted: 0, exitCode: 3 });
    const csv = readFileSync(join(cwd, 'all.csv'), 'utf8');
    expect(csv.match(/^several,revoked-0,/gm)).toHaveLength(2);
    const chosen = ['resolve', 'revoked-0', '--grant', second ?? '', '--by', 'ada', '--why', 'ticket 12'];
    expect((await here(...chosen, '--api-uri', proxy.url)).exitCode).toBe(0);
    expect(statusOf('revoked-0')).toEqual(['migrated', null, 'existing', 'valid']);
  });

  it('finds by a probe what only says that it is valid, again until it works', async () => {
    const { simulator, here, verified, statusOf } = await migrated({ ok: 3, dead: 1 });
    expect(await verified()).toMatchObject({ ...NOTHING, matched: 4, exitCode: 0 });
    expect(await verified('--probe', '100%')).toMatchObject({
      matched: 3,
      unusable: 1,
      probed: 4,
      exitCode: 3,
    });
    // Nobody asks for a probe now, and it is still told.
    expect(await verified()).toMatchObject({ matched: 3, unusable: 1, probed: 1, exitCode: 3 });
    expect((await here('explain', 'dead-0')).stdout).toContain('--retry unusable');
    simulator.behind.signIn({ provider: 'google', email: 'dead-0@example.com' });
    expect(await verified()).toMatchObject({ ...NOTHING, matched: 4, exitCode: 0 });
    expect(statusOf('dead-0')[3]).toBe('valid');
  });

  it('makes the grant of an unusable one anew where a run is told to', async () => {
    const { here, verified } = await migrated({ dead: 1 });
    await verified('--probe', '1');
    const ran = await here('run', 'users.csv', '--retry', 'unusable');
    expect(ran.stdout).toMatch(/Read 1 = migrated 1/);
  });

  it('takes a key that is refused in the middle for what it is, and no grant for unusable', async () => {
    const { simulator, cwd, statusOf } = await migrated({ ok: 3 });
    const grants = simulator.grants();
    const { uri } = await serve((response, { url }) => {
      const data = url.startsWith('/v3/applications')
        ? { application_id: '51b00000-0000-4000-8000-000000000001' }
        : grants;
      const isFine = url.startsWith('/v3/applications') || url.startsWith('/v3/grants?');
      const error = { type: 'api.authentication_error', message: 'no' };
      response.writeHead(isFine ? 200 : 401, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ request_id: 'r', ...(isFine ? { data } : { error }) }));
    });
    const args = ['verify', '--probe', '100%', '--json', '--rate', '0'];
    const { stdout, exitCode } = await runHere(args, { cwd, env: { NYLAS_API_URI: uri } });
    expect(exitCode).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ unusable: 0, isWhole: false });
    expect(statusOf('ok-0')[3]).toBe('valid');
  });

  it('is stopped by Ctrl-C, and goes on with what it had not tried yet', async () => {
    const count = 40;
    const { simulator, cwd, verified } = await migrated({ ok: count }, { latencyMs: 60 });
    const env = { NYLAS_API_URI: simulator.url };
    const args = ['verify', '--probe', '100%', '--rate', '0', '--concurrency-max', '2', '--json'];
    const child = startCli(args, { cwd, env });
    const ended = endOf(child);
    while (probes(simulator) === 0) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGINT');
    const stopped = await ended;
    expect(stopped.exitCode, stopped.stderr).toBe(130);
    const first = JSON.parse(stopped.stdout) as Verified;
    expect(first).toMatchObject({ isWhole: false, verdict: 'signal' });
    expect(first.probed).toBeLessThan(count);
    expect(first.next[0]?.command).toContain('verify --probe 100% --api-uri');
    expect(await verified('--probe', '100%')).toMatchObject({ matched: count, probed: count, exitCode: 0 });
    expect(probes(simulator)).toBe(count);
  });
});

describe('a job that cannot begin', () => {
  it.each(['verify', 'resolve'])('%s makes no ledger where there is none', async (command) => {
    const cwd = testFolder();
    const args = command === 'resolve' ? ['resolve', 'a', '--reject', '--by', 'x', '--why', 'y'] : [command];
    const { exitCode, stderr } = await runHere(args, { cwd, env: { NYLAS_API_URI: 'http://127.0.0.1:1' } });
    expect(stderr).toContain('There is no ledger');
    expect(exitCode).toBe(6);
    expect(existsSync(join(cwd, 'migration.db'))).toBe(false);
  });

  it("refuses another application's key, and a ledger that is held", async () => {
    const { cwd, here } = await migrated({ ok: 1 });
    const other = await startSimulator({ applicationId: 'another' });
    onTestFinished(() => other.close());
    const refused = await here('verify', '--api-uri', other.url);
    expect(refused.stderr).toContain('belongs to application');
    expect(refused.exitCode).toBe(6);
    const holder = openLedger(join(cwd, 'migration.db'), systemClock);
    expect((await here('verify')).exitCode).toBe(5);
    holder.close();
    expect((await here('verify')).exitCode).toBe(0);
  });

  it('leaves nothing behind where Nylas cannot be listed, but a run that failed', async () => {
    const { here, simulator, cwd } = await migrated({ ok: 1 });
    const { uri } = await serve((response, { url }) => {
      const isApplication = url.startsWith('/v3/applications');
      const data = { application_id: '51b00000-0000-4000-8000-000000000001' };
      response.writeHead(isApplication ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ request_id: 'r', data }));
    });
    expect(simulator.grants()).toHaveLength(1);
    const { exitCode, stderr } = await here('verify', '--api-uri', uri);
    expect(stderr).toContain('can’t list grants');
    expect(exitCode).toBe(2);
    const reader = openReader(join(cwd, 'migration.db'));
    expect(reader.runs().at(-1)).toMatchObject({ kind: 'verify', endedHow: 'failed' });
    reader.close();
  });
});

describe('resolve', () => {
  it('accepts, rejects and chooses, each with its trail', async () => {
    const { simulator, built, here, grantOf, statusOf } = await migrated({ other: 3 });
    const listed = await built('resolve', '--list');
    expect(listed.exitCode).toBe(0);
    expect(listed.stdout).toMatch(
      /other-0 \(google\), asked for other-0@example\.com\n +answered: other\.other-0@example\.com/,
    );

    const why = ['--by', 'ada', '--why', 'asked them'];
    expect((await built('resolve', 'other-0', '--accept', ...why)).exitCode).toBe(0);
    const rejected = await built('resolve', 'other-1@example.com', '--reject', ...why);
    expect(rejected.stdout).toContain(`${grantOf('other-1')} of other.other-1@example.com`);
    const own = simulator.behind.signIn({ provider: 'google', email: 'other-2@example.com' });
    expect((await built('resolve', 'other-2', '--grant', own, ...why)).exitCode).toBe(0);

    expect(statusOf('other-0')).toEqual(['migrated', null, 'created', 'valid']);
    expect(statusOf('other-1')).toEqual(['failed', 'email_mismatch', 'created', 'valid']);
    expect(statusOf('other-2')).toEqual(['migrated', null, 'existing', 'valid']);
    expect(grantOf('other-2')).toBe(own);
    const explained = await here('explain', 'other-1');
    expect(explained.stdout).toMatch(/reject by ada, run \d+: asked them/);
    expect(explained.stdout).toContain('was rejected: fix this row');
    const list = JSON.parse((await here('resolve', '--list', '--json')).stdout) as unknown;
    expect(list).toMatchObject({ undecided: 0, rejected: 1 });
    // Skipped from now on, and not asked about again.
    expect((await here('run', 'users.csv')).stdout).toMatch(/already done 2 \+ skipped 1/);
    expect((await here('status')).stdout).not.toContain('Decide about the mailboxes');
  });

  it('comes before verify --adopt, which would forget the held grant over another', async () => {
    const { simulator, here, verified, statusOf } = await migrated({ other: 1 });
    simulator.behind.signIn({ provider: 'google', email: 'other-0@example.com' });
    expect(await verified('--adopt')).toMatchObject({ signed_in: 0, adopted: 0 });
    await here('resolve', 'other-0', '--reject', '--by', 'ada', '--why', 'not theirs');
    expect(await verified('--adopt')).toMatchObject({ signed_in: 1, adopted: 1, unknown: 0, exitCode: 0 });
    expect(statusOf('other-0')).toEqual(['migrated', null, 'signed_in', 'valid']);
  });

  it('asks anew about a rejected record that was submitted again', async () => {
    const { here } = await migrated({ other: 1 });
    await here('resolve', 'other-0', '--reject', '--by', 'ada', '--why', 'not theirs');
    await here('run', 'users.csv', '--retry', 'email_mismatch');
    const list = JSON.parse((await here('resolve', '--list', '--json')).stdout) as unknown;
    expect(list).toMatchObject({ undecided: 1, rejected: 0 });
  });

  it('takes a CSV of decisions whole, or tells everything that is wrong with it and takes nothing', async () => {
    const { here, cwd, statusOf, grantOf } = await migrated({ other: 2, ok: 1 });
    const write = (...lines: readonly string[]): void => {
      writeFileSync(join(cwd, 'decisions.csv'), ['key,decision,grant_id,why', ...lines, ''].join('\n'));
    };
    const decide = (): Promise<CliResult> => here('resolve', '--decisions', 'decisions.csv', '--by', 'ada');
    write('other-0,accept,,ok', 'other-1,perhaps,,', 'ok-0,grant,,x');
    const unread = await decide();
    expect(unread.exitCode).toBe(2);
    for (const part of ['line 3: “perhaps” is no decision', 'line 3: the reason', 'line 4: grant needs'])
      expect(unread.stderr).toContain(part);
    write('other-0,accept,,ok', 'nobody,reject,,x', 'ok-0,accept,,x', 'other-0,reject,,x');
    const unmet = await decide();
    expect(unmet.exitCode).toBe(2);
    for (const part of [
      'line 3 (nobody): the ledger has no',
      'line 4 (ok-0): no other',
      'line 5 (other-0): it is decided',
    ])
      expect(unmet.stderr).toContain(part);
    write('other-0,accept,,ok', 'other-1,grant,no-such-grant,x');
    const ungiven = await decide();
    expect(ungiven.stderr).toContain('line 3 (other-1): Nylas has no grant no-such-grant');
    expect(statusOf('other-0')[0]).toBe('failed');
    write('other-0,accept,,ok', `other-1,grant,${grantOf('ok-0')},she has two`);
    expect((await decide()).exitCode).toBe(0);
    expect([statusOf('other-0')[0], statusOf('other-1')[0]]).toEqual(['migrated', 'migrated']);
  });

  it.each<[string, readonly string[], string]>([
    ['nobody who decides', ['other-0', '--accept', '--why', 'x'], 'who decides is missing'],
    ['no reason', ['other-0', '--accept', '--by', 'ada'], 'the reason is missing'],
    ['two decisions', ['other-0', '--accept', '--reject', '--by', 'a', '--why', 'x'], 'Decide one thing'],
    ['nothing', [], 'Name one thing to do'],
    ['a list and a record', ['other-0', '--list'], 'Name one thing to do'],
  ])('refuses %s', async (_what, args, says) => {
    const { exitCode, stderr } = await runHere(['resolve', ...args], { cwd: testFolder() });
    expect(stderr).toContain(says);
    expect(exitCode).toBe(2);
  });

  it('refuses a grant of another provider, and one that is not valid', async () => {
    const { simulator, here } = await migrated({ other: 2 });
    const outlook = simulator.behind.signIn({ provider: 'microsoft', email: 'other-0@example.com' });
    const dead = simulator.behind.signIn({ provider: 'google', email: 'x@example.com' });
    simulator.behind.invalidate(dead);
    const why = ['--by', 'ada', '--why', 'x'];
    expect((await here('resolve', 'other-0', '--grant', outlook, ...why)).stderr).toContain(
      'is of microsoft',
    );
    expect((await here('resolve', 'other-0', '--grant', dead, ...why)).stderr).toContain('not valid');
  });

  it('lists without a key, and says that aliases are not known then', async () => {
    const { cwd } = await migrated({ other: 1 });
    const { stdout, exitCode } = await runHere(['resolve', '--list'], { cwd, env: { NYLAS_API_KEY: '' } });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Aliases are not shown: without an API key');
  });
});
