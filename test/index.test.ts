import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { openReader } from '../src/adapters/sqlite/reader.js';
import { migrate, UserError, type MigrateOptions, type MigrateRow } from '../src/index.js';
import { API_KEY, testFolder } from './support/cli.js';
import { emailInToken, startNylasServer, type NylasServer } from './support/nylas-server.js';
import { userError } from './support/user-error.js';

const user = (name: string): MigrateRow => ({
  provider: 'google',
  email: `${name}@example.com`,
  refresh_token: `1//0planted-token-of:${name}@example.com`,
});

function place(server: NylasServer, more: Partial<MigrateOptions> = {}): MigrateOptions {
  const ledger = join(testFolder(), 'm.db');
  return { apiKey: API_KEY, apiUri: server.url, rate: 0, ledger, ...more };
}

/** A producer that never comes to an end by itself. */
async function* silentAfter(rows: readonly MigrateRow[]): AsyncGenerator<MigrateRow> {
  yield* rows;
  await new Promise(() => undefined);
}

describe('rows of a program', () => {
  test('are migrated into the ledger, and the result is what run --json prints', async () => {
    const server = await startNylasServer(emailInToken);
    const options = place(server, { carry: ['user_id'], label: 'nightly' });
    const rows = [
      { ...user('ada'), user_id: 17 },
      { ...user('bob'), user_id: 18 },
    ];
    const result = await migrate(rows, options);
    expect(result).toMatchObject({ verdict: 'done', exitCode: 0, runId: 1, balanced: true });
    expect(result.balance).toMatchObject({ read: 2, buckets: { migrated: 2 } });
    const reader = openReader(options.ledger ?? '');
    const records = [...reader.records({ statuses: null, categories: null })];
    expect(records.map(({ key, carried }) => [key, carried])).toEqual([
      ['ada@example.com', { user_id: '17' }],
      ['bob@example.com', { user_id: '18' }],
    ]);
    expect(reader.runs()[0]).toMatchObject({ label: 'nightly', inputName: 'rows of a program' });
    reader.close();
    expect((await migrate(rows, options)).balance.buckets).toMatchObject({ already_done: 2, migrated: 0 });
    expect(server.submitted).toHaveLength(2);
  });

  test('may come one by one, with fields that the first row lacks', async () => {
    const server = await startNylasServer(emailInToken);
    async function* rows(): AsyncGenerator<MigrateRow> {
      yield user('ada');
      await new Promise((resolve) => setImmediate(resolve));
      yield { provider: 'imap', email: 'bob@example.com', imap_password: 'hunter2', imap_port: 993 };
      yield {
        provider: 'google',
        emailAddress: 'cleo@example.com',
        refresh_token: '1//0planted:cleo@example.com',
      };
    }
    const result = await migrate(rows(), place(server));
    expect(result.balance.buckets.migrated).toBe(3);
    const bodies = new Map(server.submitted.map((body) => [body.state, body]));
    expect(bodies.get('bob@example.com')?.settings).toMatchObject({
      imap_password: 'hunter2',
      imap_port: 993,
    });
  });

  test('that cannot be used are told by their number, and none of their values', async () => {
    const server = await startNylasServer(emailInToken);
    const rows = [
      user('ada'),
      { ...user('bob'), account_id: 'acc-1' },
      { ...user('cleo'), email_address: 'other@example.com' },
      { ...user('dan'), refresh_token: { token: '1//0planted-in-an-object' } },
      'no object' as unknown as MigrateRow,
    ] as readonly MigrateRow[];
    const { balance, invalidExamples, verdict } = await migrate(rows, place(server));
    expect([verdict, balance.buckets.migrated, balance.buckets.invalid]).toEqual(['people_remain', 1, 4]);
    expect(invalidExamples.map(({ line, reasons }) => [line, reasons[0]])).toEqual([
      [2, 'account_id is missing in the first row: one rule names all users'],
      [3, 'two fields stand for email'],
      [4, 'refresh_token is neither text nor a number'],
      [5, 'the row is no object of fields and values'],
    ]);
    expect(JSON.stringify(invalidExamples)).not.toContain('planted');
  });

  test('that break off keep what came before, and say so without what was thrown', async () => {
    const server = await startNylasServer(emailInToken);
    function* rows(): Generator<MigrateRow> {
      yield user('ada');
      throw new TypeError('SELECT … 1//0planted-secret');
    }
    const result = await migrate(rows(), place(server));
    expect(result).toMatchObject({ verdict: 'refused', exitCode: 4, stop: { kind: 'input' } });
    expect(result.balance.buckets.migrated).toBe(1);
    expect(JSON.stringify(result)).toContain('(TypeError)');
    expect(JSON.stringify(result)).not.toContain('planted');
  });

  test('of which there are none are no run, unless it is said what names the users', async () => {
    const server = await startNylasServer(emailInToken);
    const options = place(server);
    await expect(migrate([], options)).rejects.toThrow(userError('usage', 'nothing in rows'));
    expect(existsSync(options.ledger ?? '')).toBe(false);
    expect(await migrate([], { ...options, identifyBy: 'email' })).toMatchObject({ verdict: 'done' });
  });
});

describe('a program that embeds a run', () => {
  test('aborts it cleanly, also while its own rows keep silent', async () => {
    const server = await startNylasServer(emailInToken);
    const stopping = new AbortController();
    const options = place(server, {
      signal: stopping.signal,
      onProgress: ({ balance }) => {
        if (balance.buckets.migrated === 1) stopping.abort();
      },
    });
    const result = await migrate(silentAfter([user('ada')]), options);
    expect(result).toMatchObject({ verdict: 'work_remains', exitCode: 7, stop: { kind: 'abort' } });
    expect(result.next[0]).toMatchObject({ command: 'migrate(rows, { … })' });
    const again = await migrate([user('ada'), user('bob')], { ...options, signal: undefined });
    expect(again.balance.buckets).toMatchObject({ already_done: 1, migrated: 1 });
  });

  test('that has aborted before it began learns that nothing was submitted', async () => {
    const server = await startNylasServer(emailInToken);
    const options = place(server, { signal: AbortSignal.abort() });
    await expect(migrate(silentAfter([]), options)).rejects.toThrow(
      userError('unfinished', 'Aborted before'),
    );
    await expect(migrate([user('ada')], options)).rejects.toThrow(userError('unfinished'));
    expect(server.submitted).toHaveLength(0);
  });

  test('gets back what its own callback threw, after a clean end', async () => {
    const server = await startNylasServer(emailInToken);
    const options = place(server, {
      onProgress: () => {
        throw new RangeError('mine');
      },
    });
    await expect(migrate(silentAfter([user('ada')]), options)).rejects.toThrow(new RangeError('mine'));
    expect((await migrate([user('ada')], { ...options, onProgress: undefined })).verdict).toBe('done');
  });

  test('learns every problem of its options at once, by their names on the command line', async () => {
    const wrong = {
      apiKey: API_KEY,
      rate: -1,
      concurencyMax: 3,
      timeout: 'soon',
    } as unknown as MigrateOptions;
    const failure = await migrate([user('ada')], wrong).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    const { kind, message } = failure as UserError;
    expect(kind).toBe('usage');
    expect(message).toContain('"rate" in the options of migrate()');
    expect(message).toContain('did you mean "concurrency-max"');
    expect(message).toContain('"timeout" in the options of migrate()');
    await expect(migrate([], { apiKey: ' ' })).rejects.toThrow(userError('usage', 'apiKey is missing'));
  });

  test('can’t start a second run on a ledger that is held', async () => {
    const server = await startNylasServer(emailInToken);
    const stopping = new AbortController();
    const options = place(server);
    const others: Promise<unknown>[] = [];
    const first = migrate(silentAfter([user('ada')]), {
      ...options,
      signal: stopping.signal,
      onProgress: () => {
        if (others.length > 0) return;
        const other = migrate([user('bob')], options).catch((error: unknown) => {
          stopping.abort();
          return error;
        });
        others.push(other);
      },
    });
    await first;
    expect(await others[0]).toMatchObject({ kind: 'locked' });
  });

  test('prints nothing, and leaves the process as it was', async () => {
    const server = await startNylasServer(emailInToken);
    const written = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write'));
    const listeners = process.eventNames().map((name) => [name, process.listenerCount(name)]);
    const folder = testFolder();
    const logFile = join(folder, 'run.log');
    await migrate([user('ada')], place(server, { logFile, logLevel: 'debug' }));
    expect(written.map((spy) => spy.mock.calls.length)).toEqual([0, 0]);
    for (const spy of written) spy.mockRestore();
    expect(process.eventNames().map((name) => [name, process.listenerCount(name)])).toEqual(listeners);
    // Many migrations can follow each other in one process.
    await vi.waitFor(() => {
      expect(openFiles()).not.toContain(logFile);
    });
    const log = readFileSync(logFile, 'utf8');
    expect(log).toContain('"msg":"run ended"');
    expect(log).not.toContain('planted');
  });
});

/** What this process has open, as far as it can be told. */
function openFiles(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}
