import { existsSync, linkSync, readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backUpLedger } from '../../../src/adapters/sqlite/backup.js';
import { openReader } from '../../../src/adapters/sqlite/reader.js';
import { makeFolder, Story } from '../../support/ledger.js';
import { userError } from '../../support/user-error.js';

let folder: ReturnType<typeof makeFolder>;
let path: string;
let copy: string;

beforeEach(() => {
  folder = makeFolder();
  path = folder.path('acme.db');
  copy = folder.path('copy.db');
});

afterEach(() => {
  folder.remove();
});

const keysOf = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `user-${from + n}`);

async function migrateAll(story: Story, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key) => story.migrate({ key })));
}

function statusesOf(file: string): Map<string, string> {
  const reader = openReader(file);
  const records = [...reader.records({ statuses: null, categories: null })];
  reader.close();
  return new Map(records.map(({ key, status }) => [key, status]));
}

function isSound(file: string): boolean {
  const db = new Sqlite(file, { readonly: true });
  const found = db.pragma('integrity_check', { simple: true });
  db.close();
  return found === 'ok';
}

describe('a backup', () => {
  it('is one file, whole, for its owner alone, with every record', async () => {
    const story = new Story(path);
    await migrateAll(story, keysOf(0, 500));
    story.endAndClose();
    const made = await backUpLedger(path, copy);
    expect(made).toEqual({ file: copy, records: 500, bytes: statSync(copy).size });
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(isSound(copy)).toBe(true);
    expect(statusesOf(copy)).toEqual(statusesOf(path));
    expect(readdirSync(folder.path('.')).filter((name) => name.includes('copy'))).toEqual(['copy.db']);
  });

  it('is of one moment while a run goes on writing', async () => {
    const story = new Story(path);
    await migrateAll(story, keysOf(0, 2_000));
    const over = new AbortController();
    const writing = (async () => {
      for (let n = 2_000; !over.signal.aborted; n += 10) await migrateAll(story, keysOf(n, n + 10));
    })();
    const made = await backUpLedger(path, copy);
    over.abort();
    await writing;
    story.endAndClose();
    expect(made.records).toBeGreaterThanOrEqual(2_000);
    expect(isSound(copy)).toBe(true);
    expect(new Set(statusesOf(copy).values())).toEqual(new Set(['migrated']));
  });

  it('can be gone on from under a new name', async () => {
    const story = new Story(path);
    await migrateAll(story, ['ada']);
    await backUpLedger(path, copy);
    await migrateAll(story, ['bob']);
    story.endAndClose();
    const restored = new Story(copy);
    expect([...restored.ledger.lookUp(['ada', 'bob']).keys()]).toEqual(['ada']);
    restored.endAndClose();
  });

  it('replaces an earlier one of the same ledger', async () => {
    const story = new Story(path);
    await migrateAll(story, ['ada']);
    await backUpLedger(path, copy);
    await migrateAll(story, ['bob']);
    expect((await backUpLedger(path, copy)).records).toBe(2);
    story.endAndClose();
  });
});

describe('what a backup leaves as it is', () => {
  beforeEach(async () => {
    const story = new Story(path);
    await migrateAll(story, ['ada']);
    story.endAndClose();
  });

  const cases: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['the ledger itself', () => (copy = path), /is the ledger itself/],
    [
      'a link to it',
      () => {
        symlinkSync(path, copy);
      },
      /is the ledger itself/,
    ],
    [
      'another name of it',
      () => {
        linkSync(path, copy);
      },
      /is the ledger itself/,
    ],
    ['its lock', () => (copy = `${path}.lock`), /something else/],
    [
      'any other file',
      () => {
        writeFileSync(copy, 'account_id,provider\n');
      },
      /something else/,
    ],
    [
      'an empty file',
      () => {
        writeFileSync(copy, '');
      },
      /something else/,
    ],
    [
      'another ledger',
      () => {
        new Story(copy).endAndClose();
      },
      /was run with/,
    ],
    ['a directory', () => (copy = folder.path('.')), /is a directory/],
  ];

  it.each(cases)('%s', async (_what, prepare, says) => {
    prepare();
    const before = statSync(copy);
    await expect(backUpLedger(path, copy)).rejects.toThrow(userError('usage', says));
    expect(statSync(copy)).toMatchObject({ ino: before.ino, size: before.size });
    expect(statusesOf(path).get('ada')).toBe('migrated');
  });

  it("another ledger's backup", async () => {
    new Story(folder.path('other.db')).endAndClose();
    await backUpLedger(folder.path('other.db'), copy);
    await expect(backUpLedger(path, copy)).rejects.toThrow(userError('usage', 'something else'));
  });

  it('nothing is left behind where the copy cannot be written', async () => {
    const names = readdirSync(folder.path('.'));
    await expect(backUpLedger(path, folder.path('nowhere/copy.db'))).rejects.toThrow(userError('usage'));
    expect(readdirSync(folder.path('.')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(readdirSync(folder.path('.'))).toEqual(expect.arrayContaining(names));
  });

  it('no ledger, no copy', async () => {
    await expect(backUpLedger(folder.path('none.db'), copy)).rejects.toThrow(
      userError('ledger', /no ledger/),
    );
    expect(existsSync(copy)).toBe(false);
  });
});

describe('the copy beside a run', () => {
  const wanted = new AbortController().signal;

  it('is not made of a ledger with nothing to lose', async () => {
    const story = new Story(path);
    await story.ledger.backUp(wanted);
    story.endAndClose();
    expect(existsSync(`${path}.bak`)).toBe(false);
  });

  it('is made while the run writes, in place of what a killed run left behind', async () => {
    const first = new Story(path);
    await migrateAll(first, keysOf(0, 2_000));
    first.endAndClose();
    writeFileSync(`${path}.bak.tmp`, 'left behind by a process that was killed');
    const story = new Story(path);
    await Promise.all([story.ledger.backUp(wanted), migrateAll(story, keysOf(2_000, 2_100))]);
    story.endAndClose();
    expect(isSound(`${path}.bak`)).toBe(true);
    expect(statusesOf(`${path}.bak`).size).toBeGreaterThanOrEqual(2_000);
    expect(statSync(`${path}.bak`).mode & 0o777).toBe(0o600);
    expect(existsSync(`${path}.bak.tmp`)).toBe(false);
  });

  it('is made also while the process is busy with something else', async () => {
    const story = new Story(path);
    await migrateAll(story, keysOf(0, 2_000));
    const made = story.ledger.backUp(wanted);
    const deadlineMs = performance.now() + 30_000;
    while (!existsSync(`${path}.bak`) && performance.now() < deadlineMs);
    expect(isSound(`${path}.bak`)).toBe(true);
    await made;
    story.endAndClose();
  });

  it('of a run that is cut short leaves the earlier copy, and nothing else', async () => {
    const first = new Story(path);
    await migrateAll(first, keysOf(0, 2_000));
    await first.ledger.backUp(wanted);
    first.endAndClose();
    const { ino } = statSync(`${path}.bak`);
    const story = new Story(path);
    const unwanted = new AbortController();
    const made = story.ledger.backUp(unwanted.signal);
    unwanted.abort();
    await expect(made).rejects.toThrow('given up');
    story.endAndClose();
    expect(statSync(`${path}.bak`).ino).toBe(ino);
    expect(existsSync(`${path}.bak.tmp`)).toBe(false);
  });

  it('that cannot be made for want of something does not end the run', async () => {
    const story = new Story(path);
    await migrateAll(story, ['ada']);
    renameSync(path, folder.path('moved.db'));
    await expect(story.ledger.backUp(wanted)).rejects.toThrow(userError('usage', /acme\.db\.bak/));
    renameSync(folder.path('moved.db'), path);
    await migrateAll(story, ['bob']);
    story.endAndClose();
    expect([...statusesOf(path).keys()]).toEqual(['ada', 'bob']);
  });

  it('never takes the place of a file that is something else', async () => {
    const story = new Story(path);
    await migrateAll(story, ['ada']);
    writeFileSync(`${path}.bak`, 'precious');
    await expect(story.ledger.backUp(wanted)).rejects.toThrow(userError('usage', 'something else'));
    story.endAndClose();
  });
});
