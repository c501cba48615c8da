import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openReader } from '../../../src/adapters/sqlite/reader.js';
import { migrated } from '../../../src/core/change.js';
import { NO_EVIDENCE } from '../../../src/core/outcome.js';
import type { LedgerReader } from '../../../src/ports/ledger-reader.js';
import { BEGAN_AT_MS, entryOf, issueOf, makeFolder, Story } from '../../support/ledger.js';

let folder: ReturnType<typeof makeFolder>;
let path: string;
let reader: LedgerReader | null = null;

beforeEach(() => {
  folder = makeFolder();
  path = folder.path('acme.db');
});

afterEach(() => {
  reader?.close();
  reader = null;
  folder.remove();
});

function read(): LedgerReader {
  reader = openReader(path);
  return reader;
}

const ALL = { statuses: null, categories: null };

describe('an overview', () => {
  it('names the ledger and its runs', () => {
    new Story(path, { label: 'canary', options: { limit: 20 } }).endAndClose('limit');
    const { identity, runs } = { identity: read().identity(), runs: reader?.runs() };
    expect(identity).toMatchObject({
      applicationId: 'app-1',
      host: 'api.us.nylas.com',
      keying: 'account_id',
    });
    expect(identity.ledgerId).toMatch(/^[0-9a-f-]{36}$/);
    expect(Object.keys(identity)).not.toContain('fingerprint_key');
    expect(runs).toEqual([
      {
        runId: 1,
        kind: 'migrate',
        startedAtMs: BEGAN_AT_MS,
        endedAtMs: BEGAN_AT_MS + 60_000,
        endedHow: 'limit',
        endedWhy: null,
        label: 'canary',
        host: 'worker-1',
        pid: 4711,
        version: '1.0.0',
        options: { limit: 20 },
        inputName: 'users.csv',
        inputSha256: 'c0ffee',
        inputBytes: 12,
        balance: { read: 0 },
        pace: null,
      },
    ]);
  });

  it('counts by provider, status and category, the most first', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' });
    await story.migrate({ key: 'bob' });
    await story.refuse({ key: 'eve', provider: 'microsoft' }, 'needs_reauth');
    story.close();
    expect(read().counts()).toEqual([
      { provider: 'google', status: 'migrated', category: null, count: 2 },
      { provider: 'microsoft', status: 'failed', category: 'needs_reauth', count: 1 },
    ]);
    expect(reader?.recordCount()).toBe(3);
  });

  it('counts the rows that became no record, run by run', async () => {
    const first = new Story(path);
    await first.ledger.note(first.runId, issueOf({ line: 2 }));
    await first.ledger.note(first.runId, issueOf({ line: 3, kind: 'duplicate' }));
    first.endAndClose();
    new Story(path).endAndClose();
    expect(read().issueCounts(1)).toEqual({ invalid: 1, duplicate: 1, out_of_scope: 0 });
    expect(reader?.issueCounts(2)).toEqual({ invalid: 0, duplicate: 0, out_of_scope: 0 });
  });

  it('of an unclaimed ledger is empty', () => {
    const story = new Story(path);
    story.endAndClose();
    expect(read().waits()).toEqual({ earliestNotBeforeMs: null, doubtsWithoutMailbox: 0 });
    expect([...(reader?.records(ALL) ?? [])]).toEqual([]);
    expect(reader?.carriedHeaders()).toEqual([]);
  });
});

describe('while a run holds the ledger', () => {
  it('is one moment: what is written meanwhile is not seen', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' });
    read();
    await story.migrate({ key: 'bob' });
    expect(reader?.recordCount()).toBe(1);
    expect([...(reader?.records(ALL) ?? [])].map(({ key }) => key)).toEqual(['ada']);
    expect(reader?.isHeld()).toBe(true);
    story.close();
  });

  it('lets other questions be asked while records are streamed, and can be left midway', async () => {
    const story = new Story(path);
    for (const key of ['ada', 'bob', 'eve']) await story.migrate({ key });
    for (const record of read().records(ALL)) {
      expect(reader?.attempts(record.recordId)).toHaveLength(1);
      if (record.key === 'bob') break;
    }
    expect(reader?.recordCount()).toBe(3);
    story.close();
  });

  it('is not held once the run has ended', () => {
    new Story(path).endAndClose();
    expect(read().isHeld()).toBe(false);
  });
});

describe('records', () => {
  it('come with all that is known, in the order they were made', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'bob', email: 'Bob@Example.com', line: 7, carried: { user_id: '12' } });
    await story.refuse({ key: 'ada' }, 'rejected', { errorMessage: 'bad host', providerError: '{"x":1}' });
    story.close();
    expect([...read().records(ALL)]).toMatchObject([
      {
        key: 'bob',
        accountId: 'bob',
        email: 'Bob@Example.com',
        mailbox: 'bob@example.com',
        provider: 'google',
        status: 'migrated',
        grantId: 'grant-of-bob',
        grantStatus: 'valid',
        origin: 'created',
        scope: 'openid',
        httpStatus: 200,
        requestId: 'req-ok',
        attempts: 1,
        firstAttemptAtMs: BEGAN_AT_MS + 1_000,
        sourceLine: 7,
        runId: 1,
        carried: { user_id: '12' },
      },
      {
        key: 'ada',
        status: 'failed',
        category: 'rejected',
        errorMessage: 'bad host',
        providerError: '{"x":1}',
        carried: {},
      },
    ]);
  });

  it('can be chosen by status, by category, and by both', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' });
    await story.refuse({ key: 'bob' }, 'needs_reauth');
    await story.throttle({ key: 'eve' }, 0);
    story.close();
    const keys = (filter: Parameters<LedgerReader['records']>[0]) =>
      [...(reader?.records(filter) ?? [])].map(({ key }) => key);
    read();
    expect(keys({ statuses: ['migrated', 'pending'], categories: null })).toEqual(['ada', 'eve']);
    expect(keys({ statuses: null, categories: ['needs_reauth', 'throttled'] })).toEqual(['bob', 'eve']);
    expect(keys({ statuses: ['failed'], categories: ['throttled'] })).toEqual([]);
    expect(keys({ statuses: [], categories: null })).toEqual([]);
  });
});

describe('rows that became no record', () => {
  it('come in file order, a repeated one with the grant of its record', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' });
    const { ledger, runId } = story;
    await ledger.note(runId, issueOf({ line: 9, kind: 'duplicate', key: 'ada' }));
    await ledger.note(runId, issueOf({ line: 4, email: 'nobody', carried: { user_id: '4' } }));
    story.close();
    expect([...read().rowIssues(1, ['invalid', 'duplicate'])]).toMatchObject([
      {
        line: 4,
        kind: 'invalid',
        grantId: null,
        carried: { user_id: '4' },
        reasons: [{ code: 'bad_email' }],
      },
      { line: 9, kind: 'duplicate', key: 'ada', grantId: 'grant-of-ada', grantStatus: 'valid' },
    ]);
    expect([...(reader?.rowIssues(1, ['duplicate']) ?? [])]).toHaveLength(1);
  });

  it('leave out what an option left out, where it has a record all the same', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' });
    const { ledger, runId } = story;
    await ledger.note(runId, issueOf({ line: 2, kind: 'out_of_scope', key: 'ada' }));
    await ledger.note(runId, issueOf({ line: 3, kind: 'out_of_scope', key: 'bob' }));
    story.close();
    expect([...read().rowIssues(1, ['out_of_scope'])].map(({ key }) => key)).toEqual(['bob']);
  });
});

describe('what options left out', () => {
  it('is counted by what became of it; who has a grant or must act is not', async () => {
    const story = new Story(path);
    const { ledger, runId } = story;
    await story.migrate({ key: 'granted' });
    await story.refuse({ key: 'refused' }, 'needs_reauth');
    await story.throttle({ key: 'throttled' }, 5_000);
    await story.doubt({ key: 'doubt' }, 5_000);
    await story.doubt({ key: 'hopeless', email: null }, 5_000);
    const look = await ledger.intend(runId, 'look_up', entryOf({ key: 'hopeless', email: null }));
    const end = { endedAtMs: 4_000, result: 'not_found', latencyMs: 1, evidence: NO_EVIDENCE };
    await ledger.conclude(look, end, null);
    await story.refuse({ key: 'misconfigured' }, 'misconfigured');
    await story.throttle({ key: 'in-scope' }, 5_000);
    await ledger.hold(runId, entryOf({ key: 'held' }));
    const left = [
      'held',
      'granted',
      'refused',
      'throttled',
      'doubt',
      'hopeless',
      'misconfigured',
      'new',
      'newer',
    ];
    for (const [line, key] of left.entries()) {
      await ledger.note(runId, issueOf({ line, kind: 'out_of_scope', key }));
    }
    await ledger.note(runId, issueOf({ line: 20, key: 'bad' }));
    story.close();
    expect(read().leftOut(runId)).toEqual({
      unknown: 2,
      waiting: 3,
      misconfigured: 1,
      doubtsWithoutMailbox: 1,
    });
    expect(reader?.leftOut(99)).toMatchObject({ unknown: 0, waiting: 0 });
  });
});

it.each(['plain', 'a "quoted" one"', String.raw`back\slash`, 'Zürich', '17'])(
  'a carried value is found exactly: %s',
  async (value) => {
    const story = new Story(path);
    await story.migrate({ key: 'ada', carried: { user_id: value } });
    await story.migrate({ key: 'bob', carried: { user_id: `${value}x`, other: 'y' } });
    await story.ledger.note(story.runId, issueOf({ line: 5, carried: { user_id: value } }));
    story.close();
    const found = read().findCarried(value, 5);
    expect(found.records.map(({ key }) => key)).toEqual(['ada']);
    expect(found.issues.map(({ line }) => line)).toEqual([5]);
    expect(reader?.findCarried('user_id', 5)).toEqual({ records: [], issues: [] });
  },
);

describe('finding somebody', () => {
  beforeEach(async () => {
    const story = new Story(path);
    await story.migrate({ key: 'Acc-1', email: 'Ada@Example.com' });
    await story.migrate({ key: 'Acc-2', email: 'ada@example.COM', provider: 'microsoft' });
    await story.ledger.note(story.runId, issueOf({ line: 5, kind: 'duplicate', key: 'Acc-1' }));
    await story.ledger.note(story.runId, issueOf({ line: 6, email: 'Ada@example.com' }));
    story.endAndClose();
  });

  it.each([
    ['a key, exactly', 'Acc-1', ['Acc-1']],
    ['an email, whatever its case', ' ADA@example.com', ['Acc-1', 'Acc-2']],
    ['nothing that is known', 'acc-1', []],
  ])('works by %s', (_how, query, keys) => {
    expect(
      read()
        .find(query)
        .map(({ key }) => key),
    ).toEqual(keys);
  });

  it('works by a grant id too, where that is asked for', () => {
    expect(read().find('grant-of-Acc-2')).toEqual([]);
    expect(
      read()
        .findByGrant('grant-of-Acc-2')
        .map(({ key }) => key),
    ).toEqual(['Acc-2']);
  });

  it('finds their rows that became no record, at most so many', () => {
    expect(
      read()
        .findIssues('Acc-1', 10)
        .map(({ line }) => line),
    ).toEqual([5]);
    expect(reader?.findIssues('ada@EXAMPLE.com', 10).map(({ line }) => line)).toEqual([6]);
    expect(reader?.findIssues('ada@EXAMPLE.com', 0)).toEqual([]);
  });

  it('tells every attempt, those without an end too', async () => {
    const story = new Story(path);
    await story.ledger.intend(story.runId, 'look_up', entryOf({ key: 'Acc-1', email: 'Ada@Example.com' }));
    story.close();
    const [record] = read().find('Acc-1');
    expect(reader?.attempts(record?.recordId ?? 0)).toMatchObject([
      { runId: 1, kind: 'submit', result: 'granted', httpStatus: 200, latencyMs: 300, requestId: 'req-ok' },
      { runId: 2, kind: 'look_up', result: null, endedAtMs: null, httpStatus: null },
    ]);
  });
});

describe('what records wait for', () => {
  it('is the earliest of their times, counting what nobody has to act for', async () => {
    const story = new Story(path);
    await story.throttle({ key: 'ada' }, 5_000);
    await story.doubt({ key: 'bob' }, 3_000);
    await story.refuse({ key: 'eve' }, 'misconfigured');
    await story.refuse({ key: 'joe' }, 'needs_reauth');
    story.close();
    expect(read().waits()).toEqual({ earliestNotBeforeMs: 3_000, doubtsWithoutMailbox: 0 });
  });

  it('is nothing where a record was never begun, and doubts without an email stand apart', async () => {
    const story = new Story(path);
    await story.doubt({ key: 'bob', email: null }, 3_000);
    story.close();
    // Only a look tells whether it can be settled without an email.
    expect(read().waits()).toEqual({ earliestNotBeforeMs: null, doubtsWithoutMailbox: 0 });
    reader?.close();
    const again = new Story(path);
    const look = await again.ledger.intend(again.runId, 'look_up', entryOf({ key: 'bob', email: null }));
    const end = { endedAtMs: 4_000, result: 'not_found', latencyMs: 1, evidence: NO_EVIDENCE };
    await again.ledger.conclude(look, end, null);
    await again.throttle({ key: 'ada' }, 5_000);
    await again.ledger.hold(again.runId, entryOf({ key: 'eve' }));
    again.close();
    expect(read().waits()).toEqual({ earliestNotBeforeMs: 0, doubtsWithoutMailbox: 1 });
  });
});

it('carried columns come in the order of their files, over the whole ledger', async () => {
  const story = new Story(path);
  await story.migrate({ key: 'ada', carried: { user_id: '1', team: 'x' } });
  const grant = { id: 'g', status: 'valid', email: null, scope: null, origin: 'created' as const };
  await story.submit(
    { key: 'bob', carried: { ['__proto__']: 'p', team: 'y' } },
    'granted',
    {},
    migrated(grant, true),
  );
  await story.ledger.note(story.runId, issueOf({ line: 3, carried: { region: 'eu' } }));
  story.close();
  expect([...read().carriedHeaders()].sort()).toEqual(['__proto__', 'region', 'team', 'user_id']);
  expect(reader?.carriedHeaders().indexOf('user_id')).toBeLessThan(
    reader?.carriedHeaders().indexOf('team') ?? -1,
  );
});
