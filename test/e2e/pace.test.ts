import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openReader } from '../../src/adapters/sqlite/reader.js';
import type { RunPace } from '../../src/core/holds.js';
import { testFolder } from '../support/cli.js';
import { runHere } from '../support/command.js';
import { emailInToken, startNylasServer, type ServerAnswer } from '../support/nylas-server.js';

type Row = readonly [provider: string, email: string];

/** Google's and Microsoft's users in turn. */
const mixed = (count: number): Row[] =>
  Array.from({ length: count }, (_, n) => [n % 2 === 0 ? 'google' : 'microsoft', `u${n}@d${n % 7}.example`]);

function writeUsers(cwd: string, rows: readonly Row[]): void {
  const lines = rows.map(([provider, email], n) => `acc-${n},${provider},${email},token:${email}`);
  const text = ['account_id,provider,email,refresh_token', ...lines, ''].join('\n');
  writeFileSync(join(cwd, 'users.csv'), text, { mode: 0o600 });
}

interface Summary {
  readonly exitCode: number;
  readonly text: string;
  readonly buckets: Readonly<Record<string, number>>;
  readonly stoppedLanes: readonly { readonly provider: string; readonly stop: { readonly kind: string } }[];
}

async function migrate(cwd: string, url: string, ...more: readonly string[]): Promise<Summary> {
  const args = ['run', 'users.csv', '--api-uri', url, '--settle-delay', '5s', '--json', ...more];
  const { stdout, stderr } = await runHere(args, { cwd });
  expect(stdout, stderr).not.toBe('');
  const { balance, exitCode, stoppedLanes } = JSON.parse(stdout) as Pick<
    Summary,
    'exitCode' | 'stoppedLanes'
  > & {
    balance: { buckets: Record<string, number> };
  };
  return { exitCode, stoppedLanes, buckets: balance.buckets, text: stderr };
}

/** How many records there are of each provider, status and category. */
function counts(cwd: string): Readonly<Record<string, number>> {
  const reader = openReader(join(cwd, 'migration.db'));
  try {
    return Object.fromEntries(
      reader.counts().map(({ provider, status, category, count }) => {
        return [[provider, status, category ?? '-'].join(' '), count];
      }),
    );
  } finally {
    reader.close();
  }
}

/** What a run has left in the ledger for reports. */
function paceOfLastRun(cwd: string): RunPace | null {
  const reader = openReader(join(cwd, 'migration.db'));
  try {
    return reader.runs().at(-1)?.pace ?? null;
  } finally {
    reader.close();
  }
}

function refusal(status: number, type: string, more: object = {}): ServerAnswer {
  return { status, body: { request_id: 'r', error: { type, message: 'no', ...more } } };
}

const THROTTLED: ServerAnswer = {
  ...refusal(429, 'rate_limit_error', { provider_error: { error: 'quotaExceeded' } }),
  headers: { 'retry-after': '1' },
};
const INVALID_GRANT = refusal(400, 'token.exchange_failed', { provider_error: { error: 'invalid_grant' } });

describe('a provider that throttles a tenth of its requests', () => {
  it('is held by itself, for as long as it says, while the others go on; in the end everybody is migrated', async () => {
    const cwd = testFolder();
    writeUsers(cwd, mixed(300));
    const order: string[] = [];
    let microsofts = 0;
    const server = await startNylasServer(emailInToken, ({ provider }) => {
      order.push(provider);
      return provider === 'microsoft' && (microsofts += 1) % 10 === 0 ? THROTTLED : undefined;
    });
    const run = await migrate(cwd, server.url, '--rate', '100');
    expect(run.exitCode, run.text).toBe(0);
    expect(run.buckets).toMatchObject({ migrated: 300 });
    // Held for a second after each ten, Microsoft's have hardly begun when Google's are done.
    const whenGoogleWasDone = order.slice(0, order.lastIndexOf('google'));
    expect(whenGoogleWasDone.filter((provider) => provider === 'microsoft').length).toBeLessThan(100);
    expect(microsofts).toBeLessThan(190);
  });

  it('leaves out what finds no room to wait, and takes it up in another pass over the file', async () => {
    const cwd = testFolder();
    const rows = mixed(3_000);
    writeUsers(cwd, rows);
    // Accounts of Microsoft's last hundred, each named once more: they stay repeats in another pass too.
    const again = rows
      .map(([provider, email], n) => `acc-${n},${provider},${email},token:${email}`)
      .filter((_row, n) => n >= 2_800 && n % 2 === 1);
    appendFileSync(join(cwd, 'users.csv'), `${again.join('\n')}\n`);
    let [open, googles] = [false, 0];
    const server = await startNylasServer(emailInToken, ({ provider }) => {
      if (provider === 'google' && (googles += 1) === 1_400) open = true;
      return provider === 'google' || open ? undefined : { ...THROTTLED, headers: { 'retry-after': '2' } };
    });
    const args = ['--rate', '0', '--concurrency-max', '20', '--settle-delay', '60s'];
    const run = await migrate(cwd, server.url, ...args);
    expect(run.exitCode, run.text).toBe(0);
    expect(run.buckets).toMatchObject({ migrated: 3_000, duplicate: 100 });
  });
});

describe('rows that were left out when the run ends early', () => {
  it('are held back, and the books balance', async () => {
    const cwd = testFolder();
    writeUsers(cwd, mixed(4_000));
    const server = await startNylasServer(emailInToken, ({ provider }) =>
      provider === 'google' ? undefined : { ...THROTTLED, headers: { 'retry-after': '30' } },
    );
    const args = ['--rate', '0', '--concurrency-max', '20', '--limit', '1500', '--settle-delay', '1s'];
    const run = await migrate(cwd, server.url, ...args);
    expect(run.exitCode, run.text).toBe(7);
    expect(run.buckets['held_back']).toBeGreaterThan(1_000);
  });
});

describe('rows that wait for their lane', () => {
  it('and are done before it has room again, as repeats are, hold up nobody', async () => {
    const cwd = testFolder();
    const googles = Array.from({ length: 30 }, (_, n): Row => ['google', `g${n}@d.example`]);
    writeUsers(cwd, [['microsoft', 'm@d.example'], ...googles]);
    const again = googles.map(([provider, email], n) => `acc-${n + 1},${provider},${email},token:${email}`);
    appendFileSync(join(cwd, 'users.csv'), `${again.join('\n')}\n`);
    const server = await startNylasServer(emailInToken, () => 300);
    const run = await migrate(cwd, server.url, '--rate', '0', '--concurrency-max', '10');
    expect(run.exitCode, run.text).toBe(0);
    expect(run.buckets).toMatchObject({ migrated: 31, duplicate: 30 });
  });

  it('are no repeats where nobody else names their user, whatever became of their mailbox meanwhile', async () => {
    const cwd = testFolder();
    writeUsers(cwd, [['google', 'a@d.example']]);
    const revoked = refusal(400, 'token.exchange_failed', { provider_error: { error: 'invalid_grant' } });
    const server = await startNylasServer(emailInToken, () => ({ ...revoked, afterMs: 200 }));
    const first = await migrate(cwd, server.url, '--rate', '0');
    expect(first.buckets, first.text).toMatchObject({ failed: 1 });
    const [header = '', row = ''] = readFileSync(join(cwd, 'users.csv'), 'utf8').split('\n');
    writeFileSync(join(cwd, 'users.csv'), [header, row.replace('acc-0', 'acc-1'), row, ''].join('\n'));
    const run = await migrate(cwd, server.url, '--rate', '0');
    expect(run.buckets, run.text).toMatchObject({ failed: 1, skipped: 1, duplicate: 0 });
  });

  it('are not begun beyond --limit', async () => {
    const cwd = testFolder();
    writeUsers(cwd, mixed(400));
    let microsofts = 0;
    const server = await startNylasServer(emailInToken, ({ provider }) =>
      provider === 'microsoft' && (microsofts += 1) <= 12 ? THROTTLED : undefined,
    );
    const run = await migrate(cwd, server.url, '--rate', '0', '--concurrency-max', '10', '--limit', '100');
    expect(run.exitCode, run.text).toBe(7);
    expect(new Set(server.submitted.map(({ settings }) => settings['refresh_token'])).size).toBe(100);
  });
});

describe('a provider whose every call hangs', () => {
  it('does not hold up the others', async () => {
    const cwd = testFolder();
    writeUsers(cwd, mixed(200));
    const order: string[] = [];
    const server = await startNylasServer(emailInToken, ({ provider }) => {
      order.push(provider);
      return provider === 'google' ? undefined : { ...INVALID_GRANT, afterMs: 400 };
    });
    const args = [
      '--rate',
      '0',
      '--concurrency-max',
      '10',
      '--timeout',
      '10s',
      '--expect-reauth',
      'microsoft',
    ];
    const run = await migrate(cwd, server.url, ...args);
    expect(run.exitCode, run.text).toBe(3);
    expect(run.buckets).toMatchObject({ migrated: 100, failed: 100 });
    const whenGoogleWasDone = order.slice(0, order.lastIndexOf('google'));
    expect(whenGoogleWasDone.filter((provider) => provider === 'microsoft').length).toBeLessThan(50);
  });
});

describe('a key that is revoked in mid-run', () => {
  it('stops the run with exit 4 and burns nothing; with a good key a rerun completes', async () => {
    const cwd = testFolder();
    writeUsers(cwd, mixed(200));
    let revoked = false;
    const server = await startNylasServer(
      emailInToken,
      (_body, seen) => {
        revoked ||= seen === 50;
        return undefined;
      },
      () => (revoked ? refusal(401, 'api.authentication_error') : undefined),
    );
    const run = await migrate(cwd, server.url, '--rate', '100');
    expect(run.exitCode).toBe(4);
    expect(run.buckets['failed']).toBe(0);
    expect(Object.keys(counts(cwd)).filter((name) => name.includes('failed'))).toEqual([]);
    revoked = false;
    const again = await migrate(cwd, server.url, '--rate', '200');
    expect(again.exitCode, again.text).toBe(0);
    expect(server.grants.size).toBe(200);
  });
});

describe('Nylas that is down for a while in mid-run', () => {
  it('is waited for, and nobody is the worse for it', async () => {
    const cwd = testFolder();
    writeUsers(cwd, mixed(300));
    let [refused, downUntilMs] = [0, -1];
    const server = await startNylasServer(
      emailInToken,
      (_body, seen) => {
        if (seen === 100) downUntilMs = performance.now() + 4_000;
        return undefined;
      },
      () => {
        if (performance.now() > downUntilMs) return undefined;
        refused += 1;
        return refusal(503, 'api.internal_error');
      },
    );
    const run = await migrate(
      cwd,
      server.url,
      '--rate',
      '100',
      '--attempts-max',
      '2',
      '--settle-delay',
      '6s',
    );
    expect(run.exitCode, run.text).toBe(0);
    expect(run.buckets).toMatchObject({ migrated: 300 });
    expect(run.text).toContain('Nylas does not answer');
    expect(run.text).toContain('Nylas answers again');
    // Twenty in a row and what was in flight; then only probes.
    expect(refused).toBeLessThan(60);
  });

  it('ends the run with exit 7 after --outage-max, with nobody failed', async () => {
    const cwd = testFolder();
    writeUsers(cwd, mixed(100));
    let isDown = false;
    const server = await startNylasServer(
      emailInToken,
      (_body, seen) => {
        isDown ||= seen === 30;
        return undefined;
      },
      () => (isDown ? refusal(503, 'api.internal_error') : undefined),
    );
    const run = await migrate(
      cwd,
      server.url,
      '--rate',
      '200',
      '--outage-max',
      '1s',
      '--drain-timeout',
      '1s',
    );
    expect(run.exitCode).toBe(7);
    expect(run.buckets['failed']).toBe(0);
    expect(paceOfLastRun(cwd)?.holds.map(({ cause }) => cause)).toEqual(['outage']);
    isDown = false;
    expect((await migrate(cwd, server.url, '--rate', '200')).exitCode).toBe(0);
    expect(server.grants.size).toBe(100);
  });
});

describe('a provider that refuses every token', () => {
  it('stops after a hundred and says why, while the others finish; once that is mended nobody was skipped', async () => {
    const cwd = testFolder();
    writeUsers(cwd, mixed(1_000));
    let isWrongClient = true;
    const server = await startNylasServer(emailInToken, ({ provider }) =>
      isWrongClient && provider === 'microsoft' ? INVALID_GRANT : undefined,
    );
    const run = await migrate(cwd, server.url, '--rate', '0', '--concurrency-max', '10');
    expect(run.exitCode).toBe(4);
    expect(run.stoppedLanes).toMatchObject([{ provider: 'microsoft', stop: { kind: 'no_success' } }]);
    expect(run.buckets).toMatchObject({ migrated: 500, failed: 0, held_back: 500 });
    expect(server.submitted.filter(({ provider }) => provider === 'microsoft').length).toBeLessThan(115);
    expect(Object.keys(counts(cwd)).filter((name) => name.includes('failed'))).toEqual([]);
    expect(run.text).toMatch(/^Warning: microsoft is held back: .*\. The rest goes on\.$/m);
    const page = await runHere(['report', '--format', 'html'], { cwd });
    expect(page.stdout).toContain('Not submitted: held back. microsoft: ');
    expect(page.stdout).not.toContain('<td>nobody</td>');

    const early = await migrate(cwd, server.url, '--rate', '0', '--concurrency-max', '10');
    expect(early.exitCode).toBe(4);
    expect(server.submitted.filter(({ provider }) => provider === 'microsoft').length).toBeLessThan(175);

    isWrongClient = false;
    const mended = await migrate(cwd, server.url, '--rate', '0');
    expect(mended.exitCode, mended.text).toBe(0);
    expect(mended.buckets).toMatchObject({ migrated: 500, already_done: 500 });
  });

  it('leaves no gap in the pace where rows of it were about to be sent: the others finish', async () => {
    const cwd = testFolder();
    // A lane alone has all places in flight, and all that are announced.
    const rows = mixed(300).map(([, email], n): Row => [n < 200 ? 'microsoft' : 'google', email]);
    writeUsers(cwd, rows);
    const server = await startNylasServer(emailInToken, ({ provider }) =>
      provider === 'microsoft' ? { ...INVALID_GRANT, afterMs: 400 } : 400,
    );
    // Slower than the pace, so that what is announced waits for a place in flight when the lane stops.
    const run = await migrate(cwd, server.url, '--rate', '100', '--concurrency-max', '20');
    expect(run.exitCode, run.text).toBe(4);
    expect(run.buckets).toMatchObject({ migrated: 100, held_back: 200 });
  });

  it('goes on with --expect-reauth: everybody is told to sign in again', async () => {
    const cwd = testFolder();
    writeUsers(cwd, mixed(300));
    const server = await startNylasServer(emailInToken, ({ provider }) =>
      provider === 'microsoft' ? INVALID_GRANT : undefined,
    );
    const run = await migrate(cwd, server.url, '--rate', '0', '--expect-reauth', 'microsoft');
    expect(run.exitCode).toBe(3);
    expect(counts(cwd)).toMatchObject({ 'microsoft failed needs_reauth': 150 });
  });
});

describe('a lane that worked before', () => {
  it('is not stopped for a block of refusals at the end of an earlier run', async () => {
    const cwd = testFolder();
    const rows = Array.from({ length: 330 }, (_, n): Row => ['microsoft', `u${n}@d.example`]);
    writeUsers(cwd, rows.slice(0, 200));
    const server = await startNylasServer(emailInToken, ({ settings }) => {
      const number = Number(/:u(\d+)@/.exec(String(settings['refresh_token']))?.[1]);
      return number >= 50 && number < 210 ? INVALID_GRANT : undefined;
    });
    expect((await migrate(cwd, server.url, '--rate', '0')).buckets).toMatchObject({
      migrated: 50,
      failed: 150,
    });
    writeUsers(cwd, rows);
    const run = await migrate(cwd, server.url, '--rate', '0');
    expect(run.exitCode, run.text).toBe(3);
    expect(run.buckets).toMatchObject({ migrated: 120, failed: 10, skipped: 150, already_done: 50 });
  });
});

describe('a doubt in a lane that is held for long', () => {
  it('is looked up all the same, and the run does not wait for the lane', async () => {
    const cwd = testFolder();
    writeUsers(cwd, mixed(20));
    const server = await startNylasServer(emailInToken, ({ provider, settings }) => {
      if (provider === 'google') return undefined;
      if (String(settings['refresh_token']).includes('u1@')) return refusal(503, 'api.internal_error');
      return { ...THROTTLED, headers: { 'retry-after': '3600' } };
    });
    const run = await migrate(
      cwd,
      server.url,
      '--rate',
      '0',
      '--settle-delay',
      '300ms',
      '--concurrency-max',
      '4',
    );
    expect(run.exitCode, run.text).toBe(7);
    expect(run.buckets).toMatchObject({ migrated: 10 });
    const reader = openReader(join(cwd, 'migration.db'));
    const [record] = reader.find('acc-1');
    const kinds = reader.attempts(record?.recordId ?? 0).map(({ kind }) => kind);
    reader.close();
    expect(kinds).toContain('look_up');
  });
});

describe('a lane', () => {
  it('stops where more than --failure-rate-max of its rows fail for what users cannot mend', async () => {
    const cwd = testFolder();
    writeUsers(cwd, mixed(1_000));
    let microsofts = 0;
    const server = await startNylasServer(emailInToken, ({ provider }) => {
      const isRefused = provider === 'microsoft' && (microsofts += 1) % 10 !== 1;
      return isRefused ? refusal(400, 'api.invalid_request_error') : undefined;
    });
    const args = ['--rate', '0', '--concurrency-max', '10', '--failure-rate-max', '0.8'];
    const run = await migrate(cwd, server.url, ...args);
    expect(run.exitCode).toBe(4);
    expect(run.stoppedLanes).toMatchObject([{ provider: 'microsoft', stop: { kind: 'failure_rate' } }]);
  });

  it('stops where its client is unknown over several domains', async () => {
    const cwd = testFolder();
    writeUsers(cwd, mixed(200));
    const server = await startNylasServer(emailInToken, ({ provider }) =>
      provider === 'microsoft'
        ? refusal(400, 'any', { provider_error: { error: 'invalid_client' } })
        : undefined,
    );
    const run = await migrate(cwd, server.url, '--rate', '0', '--concurrency-max', '5');
    expect(run.exitCode).toBe(4);
    expect(run.stoppedLanes).toMatchObject([{ provider: 'microsoft', stop: { kind: 'client_mismatch' } }]);
    expect(server.submitted.filter(({ provider }) => provider === 'microsoft').length).toBeLessThan(20);
  });
});
