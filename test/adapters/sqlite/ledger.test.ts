import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/adapters/clock/index.js';
import { openLedger } from '../../../src/adapters/sqlite/ledger.js';
import { openReader } from '../../../src/adapters/sqlite/reader.js';
import { doubtful, migrated, refused, waiting } from '../../../src/core/change.js';
import { fingerprintOf } from '../../../src/core/fingerprint.js';
import { mailboxName } from '../../../src/core/grant.js';
import { NO_EVIDENCE } from '../../../src/core/outcome.js';
import type { LegacyUser } from '../../../src/core/record.js';
import type { Ledger } from '../../../src/ports/ledger.js';
import { someGrant } from '../../support/answers.js';
import {
  BEGAN_AT_MS,
  entryOf,
  issueOf,
  makeFolder,
  OWNER,
  runStart,
  SETTLE_DELAY_MS,
  Story,
} from '../../support/ledger.js';
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

function recordsOf(file: string) {
  const reader = openReader(file);
  const records = [...reader.records({ statuses: null, categories: null })];
  reader.close();
  return records;
}

describe('whose ledger it is', () => {
  it.each([
    ['another application', { applicationId: 'app-2' }],
    ['the same application at another host', { host: 'api.eu.nylas.com' }],
    ['a rehearsal on this machine', { host: '127.0.0.1' }],
  ])('is refused to %s', (_whose, other) => {
    new Story(path).close();
    const ledger = openLedger(path, systemClock);
    expect(() => {
      ledger.claim({ ...OWNER, ...other });
    }).toThrow(userError('ledger', 'app-1'));
    ledger.close();
  });

  it('that was made in a rehearsal is refused to the real thing', () => {
    const ledger = openLedger(path, systemClock);
    ledger.claim({ ...OWNER, host: '127.0.0.1' });
    expect(() => {
      ledger.claim(OWNER);
    }).toThrow(userError('ledger', '127.0.0.1'));
    ledger.close();
  });

  it('keeps one rule for naming users', () => {
    const ledger = openLedger(path, systemClock);
    expect(ledger.keying).toBeNull();
    ledger.claim(OWNER);
    ledger.claim(OWNER);
    expect(ledger.keying).toBe('account_id');
    expect(() => {
      ledger.claim({ ...OWNER, keying: 'email' });
    }).toThrow(userError('usage', 'account_id'));
    ledger.close();
  });
});

describe('the lock', () => {
  let child: ChildProcess | null = null;

  afterEach(() => {
    child?.kill('SIGKILL');
    child = null;
  });

  /** A process that holds the ledger as a run does: the lock, and a run that has not ended. */
  async function holdElsewhere(): Promise<number> {
    new Story(path).endAndClose();
    const script = `
      import Sqlite from 'better-sqlite3';
      const lock = new Sqlite(process.argv[1] + '.lock');
      lock.exec('BEGIN EXCLUSIVE');
      const db = new Sqlite(process.argv[1]);
      db.prepare("INSERT INTO runs (started_at, host, pid, version, options, input_name) VALUES (?, ?, ?, '1', '{}', 'users.csv')")
        .run(${BEGAN_AT_MS}, ${JSON.stringify(hostname())}, process.pid);
      console.log('holding');
      process.stdin.resume();`;
    child = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (child.stdout === null) throw new Error('the child has no output');
    await once(createInterface(child.stdout), 'line');
    return child.pid ?? 0;
  }

  it('keeps a second run out, and names the process and the machine that hold it', async () => {
    const pid = await holdElsewhere();
    expect(() => openLedger(path, systemClock)).toThrow(
      userError('locked', new RegExp(`process ${pid} on ${hostname()}.*2026-03-01T06:00`)),
    );
  });

  it('is not said to be held by a run that died, whose process id may be another by now', () => {
    new Story(path).close();
    const ledger = openLedger(path, systemClock);
    expect(() => openLedger(path, systemClock)).toThrow(
      userError('locked', /holds .*, and is just beginning\.$/),
    );
    ledger.beginRun(runStart({ pid: 4712 }));
    expect(() => openLedger(path, systemClock)).toThrow(userError('locked', 'process 4712 on worker-1'));
    ledger.close();
  });

  it('is nothing but a lock: an unended run of a process id that lives, or of another host, keeps nobody out', () => {
    new Story(path, { pid: process.pid, host: hostname() }).close();
    new Story(path, { pid: process.pid, host: 'another' }).close();
    openLedger(path, systemClock).close();
  });

  it('lets readers in meanwhile, who see that a run is going on', async () => {
    await holdElsewhere();
    const reader = openReader(path);
    expect(reader.isHeld()).toBe(true);
    expect(reader.runs().at(-1)?.endedAtMs).toBeNull();
    reader.close();
  });

  it('dies with its process, even when that is killed', async () => {
    await holdElsewhere();
    child?.kill('SIGKILL');
    if (child?.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const reader = openReader(path);
    expect(reader.isHeld()).toBe(false);
    reader.close();
    const ledger = openLedger(path, systemClock);
    ledger.beginRun(runStart());
    const after = openReader(path);
    expect(after.runs().map((run) => run.endedHow)).toEqual(['done', 'died', null]);
    after.close();
    ledger.close();
  });

  it('is not lost when the same process is refused it a second time', () => {
    const story = new Story(path);
    expect(() => openLedger(path, systemClock)).toThrow(userError('locked'));
    expect(() => openLedger(path, systemClock)).toThrow(userError('locked'));
    const reader = openReader(path);
    expect(reader.isHeld()).toBe(true);
    reader.close();
    story.close();
  });
});

describe('commits', () => {
  it('come in groups, in the order the changes were made', async () => {
    const { ledger, runId } = new Story(path);
    const order: string[] = [];
    const intents = ['a', 'b', 'c'].map((key) =>
      ledger.intend(runId, 'submit', entryOf({ key })).then((id) => {
        order.push(`${key}${id}`);
      }),
    );
    expect(recordsOf(path)).toEqual([]);
    await Promise.all(intents);
    expect(order).toEqual(['a1', 'b2', 'c3']);
    expect(recordsOf(path).map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    ledger.close();
  });

  it('do not wait when sixty-four changes have gathered', () => {
    const { ledger, runId } = new Story(path);
    const keys = Array.from({ length: 65 }, (_, index) => `user-${index}`);
    const held = keys.map((key) => ledger.hold(runId, entryOf({ key })));
    expect(recordsOf(path)).toHaveLength(64);
    ledger.close();
    return Promise.all(held);
  });

  it('happen on the way out too', async () => {
    const { ledger, runId } = new Story(path);
    const held = ledger.hold(runId, entryOf({ key: 'ada' }));
    ledger.close();
    await held;
    expect(recordsOf(path)).toHaveLength(1);
    await expect(ledger.hold(runId, entryOf({ key: 'bob' }))).rejects.toMatchObject({ kind: 'ledger' });
  });

  it('stop for good at the first that fails, and none of its group counts', async () => {
    const { ledger, runId } = new Story(path);
    const good = ledger.hold(runId, entryOf({ key: 'ada' }));
    const bad = ledger.note(4_711, issueOf({}));
    await expect(good).rejects.toMatchObject({ kind: 'ledger' });
    await expect(bad).rejects.toMatchObject({ kind: 'ledger' });
    await expect(ledger.hold(runId, entryOf({ key: 'bob' }))).rejects.toMatchObject({ kind: 'ledger' });
    expect(() => {
      ledger.flush();
    }).toThrow(userError('ledger'));
    ledger.close();
    expect(recordsOf(path)).toEqual([]);
  });
});

describe('a record', () => {
  it('is submitting from the intent on, until its attempt is concluded', async () => {
    const { ledger, runId } = new Story(path);
    const id = await ledger.intend(runId, 'submit', entryOf({ key: 'ada' }));
    expect(ledger.lookUp(['ada']).get('ada')).toMatchObject({ status: 'submitting', attempts: 0 });
    const end = { endedAtMs: BEGAN_AT_MS + 2_000, result: 'refused', latencyMs: 12.4 };
    const evidence = { ...NO_EVIDENCE, httpStatus: 400, errorType: 'token.exchange_failed' };
    await ledger.conclude(id, { ...end, evidence }, refused('needs_reauth', null));
    const state = { status: 'failed', category: 'needs_reauth', fingerprint: 'print-of-ada', attempts: 1 };
    expect(ledger.lookUp(['ada']).get('ada')).toEqual({
      key: 'ada',
      ...state,
      lastOpensAt: BEGAN_AT_MS / 1_000,
      notBeforeMs: null,
      doubtOpensAt: null,
      emptyLooks: 0,
      grantStatus: null,
    });
    ledger.close();
    expect(recordsOf(path)).toMatchObject([
      { errorType: 'token.exchange_failed', httpStatus: 400, lastAttemptAtMs: BEGAN_AT_MS + 1_000 },
    ]);
  });

  describe('whose mailbox another record is submitted for', () => {
    const BOB = { key: 'bob', email: 'ADA@example.com' };

    /** Ada is in doubt, and has been looked for once without a hit. */
    async function lookedForOnce(): Promise<Story> {
      const story = new Story(path);
      await story.doubt({ key: 'ada' }, 1_000);
      const id = await story.ledger.intend(story.runId, 'look_up', entryOf({ key: 'ada' }));
      const end = { endedAtMs: BEGAN_AT_MS, result: 'not_found', evidence: NO_EVIDENCE, latencyMs: 1 };
      await story.ledger.conclude(id, end, { ...doubtful(2_000), counts: false });
      expect(story.ledger.lookUp(['ada']).get('ada')).toMatchObject({ emptyLooks: 1, notBeforeMs: 2_000 });
      return story;
    }

    it('is looked for anew where that ends in doubt: earlier looks can’t have seen what it made', async () => {
      const story = await lookedForOnce();
      await story.doubt(BOB, 50_000);
      expect(story.ledger.lookUp(['ada']).get('ada')).toMatchObject({ emptyLooks: 0, notBeforeMs: 50_000 });
      story.close();
    });

    it('likewise where the process dies meanwhile', async () => {
      const story = await lookedForOnce();
      await story.ledger.intend(story.runId, 'submit', entryOf(BOB));
      story.close();
      const next = new Story(path, { startedAtMs: BEGAN_AT_MS + 9_000 });
      const notBeforeMs = BEGAN_AT_MS + 9_000 + SETTLE_DELAY_MS;
      expect(next.ledger.lookUp(['ada']).get('ada')).toMatchObject({ emptyLooks: 0, notBeforeMs });
      next.close();
    });

    it('keeps its looks where that is refused, or concerns another mailbox', async () => {
      const story = await lookedForOnce();
      await story.refuse(BOB, 'rejected');
      await story.doubt({ key: 'eve' }, 50_000);
      await story.doubt({ ...BOB, key: 'ada at microsoft', provider: 'microsoft' }, 50_000);
      expect(story.ledger.lookUp(['ada']).get('ada')).toMatchObject({ emptyLooks: 1, notBeforeMs: 2_000 });
      story.close();
    });
  });

  it('that is submitted again is no longer what its last outcome made of it', async () => {
    const story = new Story(path);
    await story.refuse({ key: 'ada' }, 'needs_reauth');
    await story.ledger.intend(story.runId, 'submit', entryOf({ key: 'ada' }));
    // Its process dies here: nobody may be asked to sign in on the word of the earlier answer.
    expect(story.ledger.lookUp(['ada']).get('ada')).toMatchObject({ status: 'submitting', category: null });
    story.close();
  });

  it('keeps the earliest doubt until an outcome settles it', async () => {
    const story = new Story(path);
    await story.doubt({ key: 'ada', atMs: 1_000 }, 5_000);
    await story.doubt({ key: 'ada', atMs: 9_000 }, 12_000);
    const doubt = { status: 'in_doubt', doubtOpensAt: 0, notBeforeMs: 12_000, attempts: 2 };
    expect(story.ledger.lookUp(['ada']).get('ada')).toMatchObject(doubt);
    await story.submit({ key: 'ada', atMs: 20_000 }, 'throttled', {}, waiting('throttled', 30_000, true));
    expect(story.ledger.lookUp(['ada']).get('ada')).toMatchObject({ status: 'pending', doubtOpensAt: 0 });
    await story.migrate({ key: 'ada', atMs: 40_000 });
    expect(story.ledger.lookUp(['ada']).get('ada')).toMatchObject({ status: 'migrated', doubtOpensAt: null });
    story.close();
  });

  it('keeps the grant of another mailbox that answered', async () => {
    const story = new Story(path);
    const grant = { id: 'grant-9', status: 'valid', email: 'eve@example.com', scope: null, origin: null };
    await story.submit({ key: 'ada' }, 'granted_other', {}, refused('email_mismatch', grant));
    await story.refuse({ key: 'ada' }, 'rejected');
    story.close();
    expect(recordsOf(path)).toMatchObject([
      { grantId: 'grant-9', grantEmail: 'eve@example.com', attempts: 2 },
    ]);
  });

  it('that shares a grant forgets the error of its last attempt', async () => {
    const story = new Story(path);
    await story.refuse({ key: 'ada' }, 'needs_reauth', {
      errorType: 'token.exchange_failed',
      requestId: 'r1',
    });
    const grant = { id: 'grant-1', status: 'valid', email: null, scope: null, origin: 'shared' as const };
    await story.ledger.put(story.runId, entryOf({ key: 'ada' }), migrated(grant, false));
    story.close();
    expect(recordsOf(path)).toMatchObject([
      {
        status: 'migrated',
        origin: 'shared',
        category: null,
        errorType: null,
        requestId: null,
        httpStatus: null,
      },
    ]);
  });

  it('is left alone by a hold', async () => {
    const story = new Story(path);
    await story.refuse({ key: 'ada' }, 'blocked');
    await story.ledger.hold(story.runId, entryOf({ key: 'ada', line: 77 }));
    await story.ledger.hold(story.runId, entryOf({ key: 'bob' }));
    expect(story.ledger.lookUp(['ada', 'bob'])).toMatchObject(
      new Map([
        ['ada', expect.objectContaining({ status: 'failed' })],
        ['bob', expect.objectContaining({ status: 'pending', attempts: 0 })],
      ]),
    );
    story.close();
  });
});

describe('a look-up', () => {
  it('finds many keys at once, and takes those unknown for absent', async () => {
    const story = new Story(path);
    const keys = Array.from({ length: 2_000 }, (_, index) => `user ${index} "’\n`);
    await Promise.all(keys.map((key) => story.ledger.hold(story.runId, entryOf({ key }))));
    const found = story.ledger.lookUp([...keys, 'nobody', keys[0] ?? '']);
    expect(found.size).toBe(2_000);
    expect([...found.keys()].sort()).toEqual([...keys].sort());
    expect(story.ledger.lookUp([]).size).toBe(0);
    story.close();
  });

  it('sees changes that are not yet committed', () => {
    const { ledger, runId } = new Story(path);
    void ledger.hold(runId, entryOf({ key: 'ada' }));
    expect(ledger.lookUp(['ada']).get('ada')?.status).toBe('pending');
    ledger.close();
  });

  it('finds who holds a valid grant for a mailbox, and nobody else', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada', email: 'Ada@Example.com' });
    await story.refuse({ key: 'bob' }, 'needs_reauth');
    const invalid = { id: 'g', status: 'invalid', email: null, scope: null, origin: 'created' as const };
    await story.submit({ key: 'eve' }, 'granted', {}, migrated(invalid, true));
    const asked = ['ada', 'bob', 'eve'].map((name) => ({
      provider: 'google' as const,
      mailbox: `${name}@example.com`,
    }));
    const held = story.ledger.knownGrants([...asked, { provider: 'microsoft', mailbox: 'ada@example.com' }]);
    expect([...held]).toEqual([
      [
        mailboxName('google', 'ada@example.com'),
        { holder: { grantId: 'grant-of-ada', scope: 'openid' }, seen: null, listed: false, doubt: null },
      ],
    ]);
    story.close();
  });

  it('keeps of a failed record the credential that failed while another is only looked for', async () => {
    const { ledger, runId } = new Story(path);
    const entry = entryOf({ key: 'ada' });
    const attemptId = await ledger.intend(runId, 'submit', entry);
    const end = { endedAtMs: BEGAN_AT_MS, result: 'refused', evidence: NO_EVIDENCE, latencyMs: 1 };
    await ledger.conclude(attemptId, end, refused('needs_reauth', null));
    await ledger.intend(runId, 'look_up', { ...entry, fingerprint: 'another' });
    expect(ledger.lookUp(['ada']).get('ada')?.fingerprint).toBe(entry.fingerprint);
    await ledger.intend(runId, 'submit', { ...entry, fingerprint: 'another' });
    expect(ledger.lookUp(['ada']).get('ada')?.fingerprint).toBe('another');
    ledger.close();
  });

  it('finds what attempts for a mailbox may have made, whichever records they were for', async () => {
    const story = new Story(path);
    const atMs = BEGAN_AT_MS;
    await story.doubt({ key: 'ada', email: 'ada@example.com', atMs: atMs + 2_000 }, 300);
    await story.doubt({ key: 'ada-2', email: 'Ada@example.com', atMs: atMs + 1_000 }, 700);
    await story.throttle({ key: 'bob', email: 'bob@example.com' }, 900);
    const asked = ['ada', 'bob'].map((name) => ({
      provider: 'google' as const,
      mailbox: `${name}@example.com`,
    }));
    const known = story.ledger.knownGrants(asked);
    const doubt = { opensAt: atMs / 1000, notBeforeMs: 700 };
    expect([...known]).toEqual([
      [mailboxName('google', 'ada@example.com'), { holder: null, seen: null, listed: false, doubt }],
    ]);
    story.close();
  });
});

describe('the grants that Nylas listed', () => {
  const ADA = { provider: 'google', mailbox: 'ada@example.com' } as const;
  const ofAda = (ledger: Ledger) => ledger.knownGrants([ADA]).get(mailboxName(ADA.provider, ADA.mailbox));

  it('are known by mailbox: of several the newest that is valid', async () => {
    const { ledger } = new Story(path);
    const at = (id: string, createdAt: number, status: string | null) =>
      someGrant({ id, createdAt, updatedAt: createdAt, status, email: 'ADA@example.com' });
    await ledger.see([at('b', 20, null), at('c', 30, 'invalid'), at('a', 10, 'valid')], 1);
    const seen = { grantId: 'b', scope: 'openid', createdAt: 20, updatedAt: 20, listingId: 1 };
    expect(ofAda(ledger)).toEqual({ holder: null, seen, listed: true, doubt: null });
    expect(ledger.knownGrants([{ ...ADA, provider: 'zoom' }]).size).toBe(0);
    ledger.close();
  });

  it('count as listed where none is valid', async () => {
    const { ledger } = new Story(path);
    await ledger.see([someGrant({ status: 'invalid' })], 1);
    expect(ofAda(ledger)).toEqual({ holder: null, seen: null, listed: true, doubt: null });
    ledger.close();
  });

  it('stand beside the one that a record holds', async () => {
    const story = new Story(path);
    await story.ledger.see([someGrant({ id: 'listed' })], 1);
    await story.migrate({ key: 'ada' });
    expect(ofAda(story.ledger)).toMatchObject({
      holder: { grantId: 'grant-of-ada' },
      seen: { grantId: 'listed' },
    });
    story.close();
  });

  it('are brought up to date by each listing, which counts those it had not brought before', async () => {
    const { ledger } = new Story(path);
    const [a, b] = [someGrant({ id: 'a' }), someGrant({ id: 'b', state: 'account-2' })];
    expect(await ledger.see([a], 1)).toBe(1);
    expect(await ledger.see([a, b], 1)).toBe(1);
    expect(await ledger.see([a, b], 1)).toBe(0);
    expect(await ledger.see([{ ...a, status: 'invalid' }], 2)).toBe(1);
    expect(ledger.seenByState('account-1', 'google')).toMatchObject([{ id: 'a', status: 'invalid' }]);
    expect(ledger.seenByState('account-1', 'zoom')).toEqual([]);
    ledger.close();
  });

  it('are listed until a time that outlives the run', async () => {
    const { ledger } = new Story(path);
    expect(ledger.listedUntil()).toBeNull();
    await ledger.setListedUntil(1_700_000_000);
    ledger.close();
    const again = openLedger(path, systemClock);
    expect(again.listedUntil()).toBe(1_700_000_000);
    again.close();
  });
});

describe('looks that found nothing', () => {
  const look = async ({ ledger, runId }: Story, result: string): Promise<number | undefined> => {
    const id = await ledger.intend(runId, 'look_up', entryOf({ key: 'ada' }));
    await ledger.conclude(id, { endedAtMs: 1, result, latencyMs: 1, evidence: NO_EVIDENCE }, null);
    return ledger.lookUp(['ada']).get('ada')?.emptyLooks;
  };

  it('are counted in a row, until the next submission', async () => {
    const story = new Story(path);
    await story.doubt({ key: 'ada' }, 2_000);
    expect(await look(story, 'no_answer')).toBe(0);
    expect(await look(story, 'not_found')).toBe(1);
    expect(await look(story, 'not_found')).toBe(2);
    await story.doubt({ key: 'ada' }, 3_000);
    expect(story.ledger.lookUp(['ada']).get('ada')?.emptyLooks).toBe(0);
    story.close();
  });
});

it('a record that has its grant shows no refusal, although the last answer was one', async () => {
  const story = new Story(path);
  const evidence = { httpStatus: 400, errorType: 'token.exchange_failed', requestId: 'req-no' };
  const grant = { id: 'g', status: 'valid', email: null, scope: null, origin: 'adopted' as const };
  await story.submit({ key: 'ada' }, 'refused', evidence, migrated(grant, true));
  story.close();
  const [record] = recordsOf(path);
  expect(record).toMatchObject({ origin: 'adopted', errorType: null, httpStatus: null, requestId: null });
  const reader = openReader(path);
  expect(reader.attempts(record?.recordId ?? 0)).toMatchObject([{ result: 'refused', httpStatus: 400 }]);
  reader.close();
});

describe('after a crash', () => {
  it('what was being submitted is in doubt, since its attempt started, and rests first', async () => {
    const story = new Story(path);
    await story.refuse({ key: 'ada', atMs: 1_000 }, 'needs_reauth');
    await story.ledger.intend(story.runId, 'submit', entryOf({ key: 'ada', atMs: 7_000 }));
    await story.migrate({ key: 'bob' });
    story.close();

    const ledger = openLedger(path, systemClock);
    ledger.beginRun(runStart());
    expect(ledger.lookUp(['ada']).get('ada')).toEqual({
      key: 'ada',
      status: 'in_doubt',
      category: null,
      fingerprint: 'print-of-ada',
      attempts: 2,
      lastOpensAt: 6,
      notBeforeMs: 7_000 + SETTLE_DELAY_MS,
      doubtOpensAt: 6,
      emptyLooks: 0,
      grantStatus: null,
    });
    expect(ledger.lookUp(['bob']).get('bob')?.status).toBe('migrated');
    ledger.close();
  });

  it.each([
    ['now, where it may have left only just before', { startedAtMs: 8_000 }, 8_000],
    ['when it left at the latest, where that is longer ago', { startedAtMs: 80_000 }, 27_000],
    ['now, where the clock was set back meanwhile', { startedAtMs: 3_000 }, 3_000],
  ])('what waited for its turn after its intent rests from %s', async (_case, start, fromMs) => {
    const story = new Story(path);
    await story.ledger.intend(story.runId, 'submit', entryOf({ key: 'ada', atMs: 7_000 }));
    story.close();
    const ledger = openLedger(path, systemClock);
    ledger.beginRun(runStart({ ...start, intentWaitMaxMs: 20_000 }));
    expect(ledger.lookUp(['ada']).get('ada')?.notBeforeMs).toBe(fromMs + SETTLE_DELAY_MS);
    ledger.close();
  });

  it('an older doubt stays the earliest, and an interrupted look changes nothing', async () => {
    const story = new Story(path);
    await story.doubt({ key: 'ada', atMs: 1_000 }, 2_000);
    await story.ledger.intend(story.runId, 'submit', entryOf({ key: 'ada', atMs: 7_000 }));
    await story.doubt({ key: 'bob', atMs: 3_000 }, 4_000);
    await story.ledger.intend(story.runId, 'look_up', entryOf({ key: 'bob', atMs: 8_000 }));
    story.close();

    const ledger = openLedger(path, systemClock);
    ledger.beginRun(runStart());
    const found = ledger.lookUp(['ada', 'bob']);
    expect(found.get('ada')).toMatchObject({ doubtOpensAt: 0, notBeforeMs: 7_000 + SETTLE_DELAY_MS });
    expect(found.get('bob')).toMatchObject({ status: 'in_doubt', doubtOpensAt: 2, notBeforeMs: 4_000 });
    ledger.close();
  });

  it('the run that died is told from those that ended', () => {
    new Story(path).endAndClose('people_remain');
    new Story(path).close();
    new Story(path).endAndClose();
    const reader = openReader(path);
    expect(reader.runs().map((run) => run.endedHow)).toEqual(['people_remain', 'died', 'done']);
    reader.close();
  });
});

it('no credential is in any of its files', async () => {
  const secrets = ['1//refresh-token-of-ada-0123456789', 'correct horse battery staple'];
  const user: LegacyUser = {
    ...entryOf({ key: 'ada' }).user,
    body: {
      provider: 'imap',
      settings: { refresh_token: secrets[0] ?? '', imap_password: secrets[1] ?? '' },
      state: 'ada',
    },
    secrets,
  };
  const { ledger, runId } = new Story(path);
  const entry = { user, fingerprint: fingerprintOf(user, ledger.fingerprintKey), atMs: BEGAN_AT_MS };
  const id = await ledger.intend(runId, 'submit', entry);
  const end = { endedAtMs: BEGAN_AT_MS + 1, result: 'in_doubt', latencyMs: 1, evidence: NO_EVIDENCE };
  await ledger.conclude(id, end, doubtful(BEGAN_AT_MS));
  await ledger.hold(runId, { ...entry, user: { ...user, key: 'bob' } });
  const files = readdirSync(folder.path('.')).map((name) => readFileSync(folder.path(name), 'latin1'));
  expect(files.length).toBeGreaterThanOrEqual(3);
  for (const secret of secrets) expect(files.filter((text) => text.includes(secret))).toEqual([]);
  expect(files.some((text) => text.includes(entry.fingerprint))).toBe(true);
  ledger.close();
  const db = new Sqlite(path, { readonly: true });
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  db.close();
});
