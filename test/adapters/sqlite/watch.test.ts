import { appendFileSync, copyFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchFiles } from '../../../src/adapters/sqlite/watch.js';
import type { UserError } from '../../../src/core/errors.js';
import { NO_EVIDENCE } from '../../../src/core/outcome.js';
import { FakeClock } from '../../support/fake-clock.js';
import { entryOf, makeFolder, Story } from '../../support/ledger.js';
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

describe('a file that is watched', () => {
  const MAGIC = Buffer.from('head');

  function watch(): { clock: FakeClock; seen: string[]; stop: () => void; look: () => void } {
    const clock = new FakeClock();
    const seen: string[] = [];
    const { look, stop } = watchFiles([{ path, magic: MAGIC }], clock, (_file, what) => {
      seen.push(what);
    });
    return { clock, seen, stop, look };
  }

  it('that is cut short and grown past its old length between two looks shows it to one in between', () => {
    const { seen, look } = watch();
    truncateSync(path, 0);
    look();
    appendFileSync(path, 'head and more than there was before');
    look();
    expect(seen).toEqual(['was cut short']);
  });

  beforeEach(() => {
    writeFileSync(path, 'head and some more');
  });

  it.each([
    [
      'is deleted',
      () => {
        rmSync(path);
      },
      'was deleted or moved',
    ],
    ['is replaced', replace, 'was replaced by another file'],
    [
      'shrinks',
      () => {
        truncateSync(path, 10);
      },
      'was cut short',
    ],
    ['is cut short and written on', cutAndGrow, 'was cut short'],
  ])('is told of within a second when it %s, once', async (_what, happen, told) => {
    const { clock, seen } = watch();
    await clock.advance(700);
    expect(seen).toEqual([]);
    happen();
    await clock.advance(1_000);
    expect(seen).toEqual([told]);
    await clock.advance(5_000);
    expect(seen).toEqual([told]);
    expect(clock.timers).toBe(0);
  });

  function replace(): void {
    copyFileSync(path, `${path}.new`);
    renameSync(`${path}.new`, path);
  }

  function cutAndGrow(): void {
    const size = 'head and some more'.length;
    truncateSync(path, 0);
    truncateSync(path, size + 100);
  }

  it('may grow, and shrinks by what it had grown to', async () => {
    const { clock, seen } = watch();
    appendFileSync(path, ' and more still');
    await clock.advance(1_000);
    expect(seen).toEqual([]);
    truncateSync(path, 20);
    await clock.advance(500);
    expect(seen).toEqual(['was cut short']);
  });

  it('may be empty at first', async () => {
    writeFileSync(path, '');
    const { clock, seen } = watch();
    await clock.advance(1_000);
    appendFileSync(path, 'head');
    await clock.advance(1_000);
    expect(seen).toEqual([]);
  });

  it('is left alone once the watch has stopped, or where it never was', async () => {
    const { clock, seen, stop } = watch();
    stop();
    expect(clock.timers).toBe(0);
    rmSync(path);
    const again = watch();
    await again.clock.advance(2_000);
    expect([...seen, ...again.seen]).toEqual([]);
  });
});

describe('a ledger whose file is', () => {
  const cases: readonly (readonly [string, () => void, RegExp])[] = [
    [
      'deleted',
      () => {
        rmSync(path);
      },
      /acme\.db was deleted/,
    ],
    [
      'moved',
      () => {
        renameSync(path, folder.path('moved.db'));
      },
      /acme\.db was deleted or moved/,
    ],
    [
      'without its WAL',
      () => {
        rmSync(`${path}-wal`);
      },
      /acme\.db-wal was deleted/,
    ],
    [
      'without its lock',
      () => {
        rmSync(`${path}.lock`);
      },
      /acme\.db\.lock was deleted/,
    ],
    [
      'given an empty WAL',
      () => {
        truncateSync(`${path}-wal`, 0);
      },
      /acme\.db-wal was cut short/,
    ],
  ];

  it.each(cases)('%s is given up within a second: nothing counts after that', async (_what, happen, says) => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' });
    const id = await story.ledger.intend(story.runId, 'submit', entryOf({ key: 'bob' }));
    const failed = new Promise<UserError>((resolve) => story.ledger.watch(resolve));
    const startedMs = performance.now();
    happen();
    const failure = await failed;
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(failure).toEqual(userError('ledger', says));
    const end = { endedAtMs: 1, result: 'granted', evidence: NO_EVIDENCE, latencyMs: 1 };
    await expect(story.ledger.conclude(id, end, null)).rejects.toBe(failure);
    story.close();
  });

  it('moved has all that was committed when it is put back', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' });
    const failed = new Promise((resolve) => story.ledger.watch(resolve));
    renameSync(path, folder.path('moved.db'));
    await failed;
    story.close();
    renameSync(folder.path('moved.db'), path);
    const again = new Story(path);
    expect(again.ledger.lookUp(['ada']).get('ada')?.status).toBe('migrated');
    again.close();
  });

  it('deleted makes room for a new one, which takes nothing from the old WAL', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' });
    const failed = new Promise((resolve) => story.ledger.watch(resolve));
    rmSync(path);
    await failed;
    story.close();
    const again = new Story(path);
    expect(again.ledger.lookUp(['ada']).size).toBe(0);
    again.close();
  });
});
