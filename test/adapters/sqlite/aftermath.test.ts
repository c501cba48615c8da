import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/adapters/clock/index.js';
import { openExistingLedger } from '../../../src/adapters/sqlite/ledger.js';
import { openReader } from '../../../src/adapters/sqlite/reader.js';
import { prepareReads } from '../../../src/adapters/sqlite/reads.js';
import { migrateSchema } from '../../../src/adapters/sqlite/schema.js';
import { migrated, refused } from '../../../src/core/change.js';
import type { HeldRecord } from '../../../src/core/ledger-rows.js';
import { NO_EVIDENCE } from '../../../src/core/outcome.js';
import type { Decided } from '../../../src/ports/ledger.js';
import type { LedgerReader } from '../../../src/ports/ledger-reader.js';
import { BEGAN_AT_MS, makeFolder, OWNER, runStart, Story } from '../../support/ledger.js';
import { userError } from '../../support/user-error.js';

let folder: ReturnType<typeof makeFolder>;
let path: string;

beforeEach(() => {
  folder = makeFolder();
  path = folder.path('acme.db');
});

afterEach(() => {
  folder.remove();
});

function read<T>(act: (reader: LedgerReader) => T): T {
  const reader = openReader(path);
  try {
    return act(reader);
  } finally {
    reader.close();
  }
}

const JOB = { startedAtMs: BEGAN_AT_MS, label: null, host: 'w', pid: 1, version: '1', options: {} };
const OTHER = {
  id: 'grant-of-eve',
  status: 'valid',
  email: 'eve@example.com',
  scope: null,
  origin: 'created',
} as const;

async function hold(story: Story, key: string): Promise<void> {
  await story.submit({ key }, 'granted_other', {}, refused('email_mismatch', OTHER));
}

function decided(held: HeldRecord | undefined, rest: Partial<Decided> = {}): Decided {
  if (held === undefined) throw new Error('nothing is held');
  const said = { atMs: BEGAN_AT_MS, by: 'ada', why: 'asked them' };
  return { held, decision: 'reject', grant: null, ...said, ...rest };
}

describe('a job other than a migration', () => {
  it('leaves a run of its own kind, and needs a ledger that is of this application', () => {
    new Story(path).endAndClose();
    const ledger = openExistingLedger(path, systemClock);
    expect(() => {
      ledger.assertOwner({ ...OWNER, applicationId: 'app-2' });
    }).toThrow(userError('ledger', 'belongs to application app-1'));
    ledger.assertOwner(OWNER);
    ledger.beginJob({ ...JOB, kind: 'verify' });
    ledger.close();
    expect(read((reader) => reader.runs().map(({ kind }) => kind))).toEqual(['migrate', 'verify']);
  });

  it('fixes no rule for naming users, and begins no ledger', () => {
    expect(() => openExistingLedger(path, systemClock)).toThrow(userError('ledger', 'There is no ledger'));
    new Story(folder.path('claimed.db')).close();
    const db = new Sqlite(path);
    migrateSchema(db, 0);
    db.close();
    const ledger = openExistingLedger(path, systemClock);
    expect(() => {
      ledger.assertOwner(OWNER);
    }).toThrow(userError('ledger', 'no application yet'));
    expect(ledger.keying).toBeNull();
    ledger.close();
  });

  it('makes attempts on a record, which stays as it is', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' });
    const before = read((reader) => reader.find('ada')[0]);
    const runId = story.ledger.beginJob({ ...JOB, kind: 'verify' });
    const id = await story.ledger.attempt(runId, 'verify', before?.recordId ?? 0, BEGAN_AT_MS + 9);
    const end = { endedAtMs: BEGAN_AT_MS + 10, result: 'matched', evidence: NO_EVIDENCE, latencyMs: 1 };
    await story.ledger.conclude(id, end, null);
    story.close();
    expect(read((reader) => reader.find('ada')[0])).toEqual(before);
    const attempts = read((reader) => reader.attempts(before?.recordId ?? 0));
    expect(attempts.map(({ kind, runId: run }) => [kind, run])).toEqual([
      ['submit', 1],
      ['verify', runId],
    ]);
  });
});

describe('a lost grant', () => {
  it('is nobody else’s to share, and counts until it is well again', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' });
    const mailbox = { provider: 'google', mailbox: 'ada@example.com' } as const;
    const holders = (): number => story.ledger.knownGrants([mailbox]).size;
    expect(holders()).toBe(1);
    await story.ledger.setGrantStatus(1, 'missing');
    expect(holders()).toBe(0);
    expect(read((reader) => reader.aftermath().lost.missing)).toBe(1);
    expect(read((reader) => [...reader.lost()])).toMatchObject([{ key: 'ada', loss: 'missing' }]);
    await story.ledger.setGrantStatus(1, 'valid');
    expect(read((reader) => reader.aftermath().lost.missing)).toBe(0);
    story.close();
  });

  it('of a grant that our submission made stays ours when it answers again', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' });
    const again = {
      id: 'grant-of-ada',
      status: 'valid',
      email: null,
      scope: null,
      origin: 'reauthenticated',
    } as const;
    await story.submit({ key: 'ada' }, 'granted', {}, migrated(again, true));
    expect(read((reader) => reader.find('ada')[0]?.origin)).toBe('created');
    await story.submit({ key: 'ada' }, 'granted', {}, migrated({ ...again, id: 'another' }, true));
    story.close();
    expect(read((reader) => reader.find('ada')[0]?.origin)).toBe('reauthenticated');
  });
});

describe('a decision', () => {
  it('stands until the record is submitted again, and its grant is known to be nobody’s', async () => {
    const story = new Story(path);
    await hold(story, 'ada');
    const jobId = story.ledger.beginJob({ ...JOB, kind: 'resolve' });
    await story.ledger.decide(jobId, [decided(read((reader) => reader.held()[0]))]);
    expect(read((reader) => reader.held())).toMatchObject([{ key: 'ada', isRejected: true }]);
    expect(read((reader) => reader.aftermath().held)).toBe(0);
    expect(read((reader) => reader.decisions(1))).toMatchObject([
      { decision: 'reject', by: 'ada', runId: jobId },
    ]);
    const db = new Sqlite(path);
    const discarded = db.prepare('SELECT grant_id, origin FROM ledger_discarded_grants');
    expect(discarded.all()).toEqual([{ grant_id: 'grant-of-eve', origin: 'created' }]);
    await story.migrate({ key: 'eve' }, 'grant-of-eve');
    expect(discarded.all()).toEqual([]);
    db.close();
    story.ledger.beginRun(runStart());
    const next = new Story2(story, jobId + 1);
    await next.holdAgain('ada');
    expect(read((reader) => reader.aftermath().held)).toBe(1);
    story.close();
  });

  it('is written for all records or for none', async () => {
    const story = new Story(path);
    for (const key of ['ada', 'bob']) await hold(story, key);
    const [ada, bob] = read((reader) => reader.held());
    const jobId = story.ledger.beginJob({ ...JOB, kind: 'resolve' });
    const broken = decided(bob, { decision: 'accept' });
    await expect(story.ledger.decide(jobId, [decided(ada), broken])).rejects.toThrow(userError('ledger'));
    story.close();
    expect(read((reader) => reader.decisions(1))).toEqual([]);
    expect(read((reader) => reader.held().map(({ isRejected }) => isRejected))).toEqual([false, false]);
  });

  it('can neither be changed nor deleted', async () => {
    const story = new Story(path);
    await hold(story, 'ada');
    await story.ledger.decide(story.runId, [decided(read((reader) => reader.held()[0]))]);
    story.close();
    const db = new Sqlite(path);
    expect(() => db.exec("UPDATE decisions SET why = 'never mind'")).toThrow('insert-only');
    expect(() => db.exec('DELETE FROM decisions')).toThrow('insert-only');
    db.close();
  });
});

/** A later run of the same ledger. */
class Story2 {
  readonly #story: Story;
  readonly #runId: number;

  constructor(story: Story, runId: number) {
    this.#story = story;
    this.#runId = runId;
  }

  async holdAgain(key: string): Promise<void> {
    const { ledger } = this.#story;
    const user = {
      key,
      provider: 'google',
      email: null,
      mailbox: null,
      accountId: key,
      credentialId: null,
    } as const;
    const entry = { user: { ...user, carried: {}, line: 2 }, fingerprint: 'x', atMs: BEGAN_AT_MS };
    const id = await ledger.intend(this.#runId, 'submit', entry);
    const end = { endedAtMs: BEGAN_AT_MS, result: 'granted_other', evidence: NO_EVIDENCE, latencyMs: 1 };
    await ledger.conclude(id, end, refused('email_mismatch', OTHER));
  }
}

it('what is lost or held is found by indexes, also in a large ledger', () => {
  const db = new Sqlite(':memory:');
  migrateSchema(db, 0);
  const { lostCounts, heldCount } = prepareReads(db);
  const planOf = (sql: string): string =>
    db
      .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => detail)
      .join('\n');
  expect(planOf(lostCounts.source)).toContain('records_lost');
  expect(planOf(heldCount.source)).not.toMatch(/SCAN (records|r)\b(?! USING (COVERING )?INDEX records_lost)/);
});
