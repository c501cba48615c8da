import { copyFileSync, openSync, closeSync, readFileSync, writeSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/adapters/clock/index.js';
import { openLedger } from '../../../src/adapters/sqlite/ledger.js';
import { openReader } from '../../../src/adapters/sqlite/reader.js';
import { UserError } from '../../../src/core/errors.js';
import type { LedgerReader } from '../../../src/ports/ledger-reader.js';
import { entryOf, issueOf, makeFolder, Story } from '../../support/ledger.js';
import { userError } from '../../support/user-error.js';

const PAGE_BYTES = 4096;

let folder: ReturnType<typeof makeFolder>;
let path: string;

beforeEach(() => {
  folder = makeFolder();
  path = folder.path('acme.db');
});

afterEach(() => {
  folder.remove();
});

async function makeLedger(how: 'ended' | 'died'): Promise<void> {
  const story = new Story(path);
  await Promise.all(Array.from({ length: 300 }, (_, n) => story.migrate({ key: `user-${n}` })));
  if (how === 'ended') story.end();
  story.close();
}

/** Writes nonsense over the latter half of the file, or over its first page. */
function damage(where: 'latter half' | 'head'): void {
  const { size } = statSync(path);
  const from = where === 'head' ? 0 : Math.floor(size / PAGE_BYTES / 2) * PAGE_BYTES;
  const bytes = Buffer.alloc(where === 'head' ? PAGE_BYTES : size - from, 0xa5);
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, from);
  closeSync(file);
}

function failureOf(action: () => unknown): UserError {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('after a run that did not end by itself', () => {
  it('a sound ledger is opened', async () => {
    await makeLedger('died');
    const ledger = openLedger(path, systemClock);
    expect(ledger.lookUp(['user-7']).get('user-7')?.status).toBe('migrated');
    ledger.close();
  });

  it('a damaged ledger is refused, and nothing is written to it', async () => {
    await makeLedger('died');
    damage('latter half');
    const { mtimeMs } = statSync(path);
    const failure = failureOf(() => openLedger(path, systemClock));
    expect(failure).toEqual(userError('ledger', /acme\.db.*(damaged|malformed)/));
    expect(failure.next).toMatch(/^Keep the file\. Go on from your latest copy/);
    expect(statSync(path).mtimeMs).toBe(mtimeMs);
  });

  it('the message says how to go on from the copy, word by word', async () => {
    await makeLedger('died');
    copyFileSync(path, `${path}.bak`);
    damage('latter half');
    const { next } = failureOf(() => openLedger(path, systemClock));
    const restored = folder.path('restored-acme.db');
    expect(next).toContain(`cp ${path}.bak ${restored}`);
    expect(next).toContain(`--ledger ${restored}`);
    copyFileSync(`${path}.bak`, restored);
    const story = new Story(restored);
    expect(story.ledger.lookUp(['user-7']).size).toBe(1);
    story.close();
  });

  it('its lock is free again', async () => {
    await makeLedger('died');
    copyFileSync(path, folder.path('copy.db'));
    damage('latter half');
    failureOf(() => openLedger(path, systemClock));
    copyFileSync(folder.path('copy.db'), path);
    openLedger(path, systemClock).close();
  });
});

describe('a ledger whose head is gone', () => {
  it('is taken for damaged where there is a copy of it', async () => {
    await makeLedger('died');
    copyFileSync(path, `${path}.bak`);
    damage('head');
    expect(failureOf(() => openLedger(path, systemClock)).next).toMatch(/damaged.*restored-acme\.db/);
    expect(failureOf(() => openReader(path)).next).toMatch(/damaged.*restored-acme\.db/);
  });

  it('is taken for another file where there is none', () => {
    writeFileSync(path, 'account_id,provider,email\n'.repeat(400));
    expect(() => openLedger(path, systemClock)).toThrow(userError('ledger', 'not a SQLite', 'next'));
  });
});

describe('damage that SQLite does not notice', () => {
  /** Not a page's structure is hurt, only what was written. */
  function garble(text: string): void {
    const bytes = readFileSync(path);
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) bytes.write('[', at);
    writeFileSync(path, bytes);
  }

  async function makeCarrying(): Promise<void> {
    const story = new Story(path, { options: { rate: 45 } });
    await story.migrate({ key: 'ada', carried: { user_id: 'u-1' } });
    await story.ledger.note(story.runId, issueOf({ carried: { user_id: 'u-2' } }));
    story.endAndClose();
  }

  const readings: readonly (readonly [string, string, (reader: LedgerReader) => unknown])[] = [
    ['the columns', '{"user_id"', (reader) => reader.carriedHeaders()],
    ['records', '{"user_id"', (reader) => [...reader.records({ statuses: null, categories: null })]],
    ['one record', '{"user_id"', (reader) => reader.find('ada')],
    ['bad rows', '{"user_id"', (reader) => [...reader.rowIssues(1, ['invalid'])]],
    ['the runs', '{"rate"', (reader) => reader.runs()],
  ];

  it.each(readings)('is told as such by whoever reads %s', async (_what, text, read) => {
    await makeCarrying();
    garble(text);
    const reader = openReader(path);
    const failure = failureOf(() => read(reader));
    reader.close();
    expect(failure).toEqual(userError('ledger', /acme\.db is damaged/));
    expect(failure.next).toContain('Keep the file');
  });
});

describe('damage that is met later', () => {
  it('is final: whoever watches is told once, and nothing more is written', async () => {
    await makeLedger('ended');
    damage('latter half');
    const story = openedQuietly();
    const told: UserError[] = [];
    story.watch((failure) => {
      told.push(failure);
    });
    const keys = Array.from({ length: 300 }, (_, n) => `user-${n}`);
    const failure = failureOf(() => story.lookUp(keys));
    expect(failure).toEqual(userError('ledger', /malformed|not a database/));
    expect(failure.next).toContain('Keep the file');
    await expect(story.intend(1, 'submit', entryOf({ key: 'new' }))).rejects.toBe(failure);
    failureOf(() => story.lookUp(keys));
    expect(told).toEqual([failure]);
    story.close();
  });

  it('ends the run that comes upon it while it copies, and the earlier copy stays', async () => {
    const wanted = new AbortController().signal;
    const first = new Story(path);
    await Promise.all(Array.from({ length: 300 }, (_, n) => first.migrate({ key: `user-${n}` })));
    await first.ledger.backUp(wanted);
    first.endAndClose();
    const { ino } = statSync(`${path}.bak`);
    damage('latter half');
    const ledger = openedQuietly();
    const told = new Promise<UserError>((resolve) => ledger.watch(resolve));
    await expect(ledger.backUp(wanted)).rejects.toThrow(userError('ledger', /damaged|malformed/));
    expect((await told).next).toContain('restored-acme.db');
    expect(statSync(`${path}.bak`).ino).toBe(ino);
    ledger.close();
  });

  function openedQuietly(): ReturnType<typeof openLedger> {
    return openLedger(path, systemClock);
  }
});
