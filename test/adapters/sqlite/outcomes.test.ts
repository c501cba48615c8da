import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openReader } from '../../../src/adapters/sqlite/reader.js';
import { migrated } from '../../../src/core/change.js';
import { reportSince } from '../../../src/since-report.js';
import { entryOf, issueOf, makeFolder, Story, type UserFacts } from '../../support/ledger.js';
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

const EVERYTHING = { select: null, category: null, columns: 'record_key,status,grant_id,account_id' };

type Wishes = Partial<Record<keyof typeof EVERYTHING, string | null>>;

interface Told {
  readonly rows: readonly string[];
  readonly next: number;
}

function since(afterSeq: number, wishes: Wishes = {}, file = path): Told {
  const reader = openReader(file);
  try {
    const report = reportSince(reader, { ...EVERYTHING, ...wishes }, null, afterSeq);
    return { rows: [...report.rows].map((row) => row.join(' ')), next: report.next ?? NaN };
  } finally {
    reader.close();
  }
}

async function share(story: Story, facts: UserFacts, grantId: string): Promise<void> {
  const grant = { id: grantId, status: 'valid', email: null, scope: null, origin: 'shared' as const };
  await story.ledger.put(story.runId, entryOf(facts), migrated(grant, false));
}

describe('what has come since a number', () => {
  it('is every outcome, by whatever way it came, and each once', async () => {
    const story = new Story(path);
    const begun = since(0);
    expect(begun.rows).toEqual([]);
    await story.migrate({ key: 'ada' }, 'g-1');
    await share(story, { key: 'ada-too' }, 'g-1');
    await story.refuse({ key: 'eve' }, 'needs_reauth');
    await story.throttle({ key: 'bob' }, 0);
    const first = since(begun.next);
    expect(first.rows).toEqual([
      'ada migrated g-1 ada',
      'ada-too migrated g-1 ada-too',
      'eve failed  eve',
      'bob pending  bob',
    ]);
    expect(since(first.next).rows).toEqual([]);
    await story.migrate({ key: 'bob' }, 'g-2');
    await share(story, { key: 'eve' }, 'g-3');
    await story.ledger.carry('ada', { user_id: '7' });
    const second = since(first.next);
    expect(second.rows).toEqual(['bob migrated g-2 bob', 'eve migrated g-3 eve', 'ada migrated g-1 ada']);
    await story.ledger.carry('ada', { user_id: '7' });
    await story.ledger.intend(story.runId, 'look_up', entryOf({ key: 'bob' }));
    expect(since(second.next)).toEqual({ rows: [], next: second.next });
    story.endAndClose();
  });

  it('leaves out what is only being submitted, and tells what became of it when it died', async () => {
    const story = new Story(path);
    const { next } = since(0);
    await story.ledger.intend(story.runId, 'submit', entryOf({ key: 'ada' }));
    expect(since(next).rows).toEqual([]);
    story.close();
    const later = new Story(path);
    expect(since(next).rows).toEqual(['ada in_doubt  ada']);
    later.close();
  });

  it('goes on past what a selection leaves out', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' }, 'g-1');
    await story.refuse({ key: 'eve' }, 'needs_reauth');
    const { rows, next } = since(0, { select: 'migrated' });
    expect(rows).toEqual(['ada migrated g-1 ada']);
    expect(next).toBe(since(0).next);
    expect(since(0, { category: 'needs_reauth' }).rows).toEqual(['eve failed  eve']);
    story.endAndClose();
  });

  it('has a row that repeats a record under another name, though it is met after the outcome, and once', async () => {
    const repeat = { kind: 'duplicate', key: 'ada', line: 9, accountId: 'ada-2' } as const;
    const story = new Story(path);
    await story.migrate({ key: 'ada' }, 'g-1');
    const { next } = since(0);
    await story.ledger.note(story.runId, issueOf(repeat));
    const met = since(next, { select: 'migrated' });
    expect(met.rows).toEqual(['ada migrated g-1 ada', 'ada duplicate g-1 ada-2']);
    story.endAndClose();
    const rerun = new Story(path);
    await rerun.ledger.note(rerun.runId, issueOf({ ...repeat, line: 12 }));
    await rerun.ledger.note(rerun.runId, issueOf({ ...repeat, line: 13, accountId: 'ada' }));
    expect(since(met.next).rows).toEqual([]);
    expect(since(0).rows).toEqual(met.rows);
    rerun.endAndClose();
  });

  it('is never lost, whenever it is asked for', async () => {
    const act = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), grant: fc.nat(3), asks: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
        const own = makeFolder();
        const file = own.path('ledger.db');
        const story = new Story(file);
        const known = new Map<string, string>();
        let next = 0;
        const ask = (): void => {
          const told = since(next, {}, file);
          for (const row of told.rows) known.set(row.split(' ')[0] ?? '', row);
          next = told.next;
        };
        for (const { key, grant, asks } of acts) {
          await (grant === 0 ? story.refuse({ key }, 'rejected') : share(story, { key }, `g-${grant}`));
          if (asks) ask();
        }
        ask();
        expect([...known.values()].sort()).toEqual([...since(0, {}, file).rows].sort());
        story.close();
        own.remove();
      }),
      { numRuns: 15 },
    );
  });
});

describe('the numbers', () => {
  it('go on from the time of a run, so that a copy that was put back gives none a second time', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' });
    story.endAndClose();
    const copy = folder.path('copy.db');
    copyFileSync(path, copy);
    const more = new Story(path);
    for (const key of ['b', 'c', 'd']) await more.migrate({ key });
    more.endAndClose();
    const { next } = since(0);
    expect(() => since(next, {}, copy)).toThrow(userError('usage', 'has come to'));
    const restored = new Story(copy, { startedAtMs: next + 60_000 });
    await restored.migrate({ key: 'b' });
    expect(since(next, {}, copy).rows).toHaveLength(1);
    restored.endAndClose();
  });

  it('never fall behind, where the clock was set back', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' });
    story.endAndClose();
    const { next } = since(0);
    const later = new Story(path, { startedAtMs: 1 });
    await later.migrate({ key: 'bob' });
    expect(since(next).rows).toHaveLength(1);
    later.endAndClose();
  });

  it('are given to what a ledger held before there were any', async () => {
    const story = new Story(path);
    await story.migrate({ key: 'ada' }, 'g-1');
    await story.ledger.hold(story.runId, entryOf({ key: 'held' }));
    story.endAndClose();
    takeBack(path);
    new Story(path).endAndClose();
    expect(since(0).rows).toEqual(['ada migrated g-1 ada']);
  });
});

/** Makes of a ledger what it was before outcomes had numbers. */
function takeBack(file: string): void {
  const older = folder.path('older.db');
  const db = new Sqlite(older);
  const steps = readdirSync('migrations').filter((name) => name < '007');
  for (const name of steps.sort()) db.exec(readFileSync(join('migrations', name), 'utf8'));
  db.exec(`ATTACH '${file}' AS newer`);
  const tables = db.prepare("SELECT name FROM main.sqlite_master WHERE type = 'table'").pluck().all();
  for (const table of tables.map(String)) {
    const columns = db.prepare(`SELECT group_concat(name) FROM pragma_table_info('${table}')`).pluck().get();
    db.exec(`INSERT INTO main.${table} (${String(columns)}) SELECT ${String(columns)} FROM newer.${table}`);
  }
  const mark = db.pragma('newer.application_id', { simple: true });
  db.exec(`PRAGMA application_id = ${String(mark)}; PRAGMA user_version = ${steps.length}`);
  db.close();
  copyFileSync(older, file);
}
