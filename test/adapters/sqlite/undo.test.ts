import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openReader } from '../../../src/adapters/sqlite/reader.js';
import { migrated, refused } from '../../../src/core/change.js';
import type { Origin } from '../../../src/core/category.js';
import { NO_EVIDENCE } from '../../../src/core/outcome.js';
import type { HeldGrant } from '../../../src/core/undo.js';
import { BEGAN_AT_MS, entryOf, makeFolder, Story } from '../../support/ledger.js';

let folder: ReturnType<typeof makeFolder>;
let path: string;
let story: Story;

beforeEach(() => {
  folder = makeFolder();
  path = folder.path('acme.db');
  story = new Story(path);
});

afterEach(() => {
  story.close();
  folder.remove();
});

function heldGrants(): readonly HeldGrant[] {
  const reader = openReader(path);
  try {
    return [...reader.heldGrants()];
  } finally {
    reader.close();
  }
}

const grantOf = (id: string, origin: Origin | null = 'created', updatedAt = 1_700_000_000) =>
  ({ id, status: 'valid', email: 'ada@example.com', scope: null, updatedAt, origin }) as const;

async function grant(key: string, made: ReturnType<typeof grantOf>): Promise<void> {
  await story.submit({ key }, 'granted', { httpStatus: 201 }, migrated(made, true));
}

async function endUndo(recordId: number, result: string, undoneGrant: string | null): Promise<void> {
  const attemptId = await story.ledger.attempt(story.runId, 'undo', recordId, BEGAN_AT_MS + 5_000);
  const end = { endedAtMs: BEGAN_AT_MS + 6_000, result, evidence: NO_EVIDENCE, latencyMs: 7.6 };
  const undone = undoneGrant === null ? null : { grantId: undoneGrant, recordIds: [recordId] };
  await story.ledger.concludeUndo(attemptId, end, undone);
}

describe('the grants that a ledger knows of', () => {
  it('come with all that is known of who names them', async () => {
    await grant('a', grantOf('g-1'));
    await story.ledger.put(story.runId, entryOf({ key: 'b' }), migrated(grantOf('g-1', 'shared'), false));
    await story.refuse({ key: 'c' }, 'needs_reauth');
    const [held, ...more] = heldGrants();
    expect(more).toEqual([]);
    expect(held?.grantId).toBe('g-1');
    expect(held?.holders).toEqual([
      {
        recordId: 1,
        key: 'a',
        provider: 'google',
        runId: 1,
        status: 'migrated',
        origin: 'created',
        mailbox: 'a@example.com',
        grantEmail: 'ada@example.com',
        grantStatus: 'valid',
        grantUpdatedAt: 1_700_000_000,
        isChosen: false,
        isDiscarded: false,
        submissions: [{ opensAt: Math.floor((BEGAN_AT_MS + 1_000) / 1000) - 1, lastedMs: 300 }],
        lastUndo: null,
      },
      expect.objectContaining({ key: 'b', origin: 'shared', submissions: [], grantUpdatedAt: 1_700_000_000 }),
    ]);
  });

  it('are told apart, whatever the order of their records', async () => {
    await grant('a', grantOf('g-2'));
    await grant('b', grantOf('g-1'));
    await grant('c', grantOf('g-2', 'reauthenticated'));
    const keys = heldGrants().map(({ grantId, holders }) => [grantId, ...holders.map(({ key }) => key)]);
    expect(keys).toEqual([
      ['g-1', 'b'],
      ['g-2', 'a', 'c'],
    ]);
  });

  it('say what the last undo came to, until something is submitted again', async () => {
    await grant('a', grantOf('g-1'));
    await endUndo(1, 'no_answer', null);
    await endUndo(1, 'changed', null);
    const lastUndo = (): unknown => heldGrants()[0]?.holders[0]?.lastUndo;
    expect(lastUndo()).toBe('changed');
    await grant('a', grantOf('g-2'));
    expect(lastUndo()).toBeNull();
  });

  it('are not called ours by what was known of an earlier grant', async () => {
    await grant('a', grantOf('g-1'));
    await story.submit({ key: 'a' }, 'granted_invalid', {}, refused('needs_reauth', grantOf('g-2', null)));
    expect(heldGrants()[0]?.holders[0]).toMatchObject({ origin: null, grantUpdatedAt: 1_700_000_000 });
  });

  it('stay of our making when we renew them ourselves, and only then', async () => {
    await grant('a', grantOf('g-1'));
    await grant('a', grantOf('g-1', 'reauthenticated', 1_700_000_900));
    expect(heldGrants()[0]?.holders[0]).toMatchObject({ origin: 'created', grantUpdatedAt: 1_700_000_900 });
    await grant('a', grantOf('g-2', 'reauthenticated'));
    expect(heldGrants()[0]).toMatchObject({ grantId: 'g-2', holders: [{ origin: 'reauthenticated' }] });
  });

  it('are also those that somebody decided against, and those that were chosen are marked', async () => {
    await story.submit({ key: 'a' }, 'granted_other', {}, refused('email_mismatch', grantOf('g-1')));
    const reader = openReader(path);
    const [held] = reader.held();
    reader.close();
    expect(held).toBeDefined();
    if (held === undefined) return;
    const decided = { atMs: BEGAN_AT_MS, by: 'Ada', why: 'hers' };
    await story.ledger.decide(story.runId, [
      { held, decision: 'grant', grant: grantOf('g-2', 'existing'), ...decided },
    ]);
    const holders = heldGrants().flatMap(({ grantId, holders: [holder] }) => [
      [grantId, holder?.origin, holder?.isDiscarded, holder?.isChosen],
    ]);
    expect(holders).toEqual([
      ['g-1', 'created', true, false],
      ['g-2', 'existing', false, true],
    ]);
  });
});

describe('an undone grant', () => {
  it('leaves its records undone, is forgotten among those seen, and is no longer among those to undo', async () => {
    await grant('a', grantOf('g-1'));
    const seen = { provider: 'google', email: null, status: 'valid', scope: [], state: null, aliases: [] };
    await story.ledger.see([{ id: 'g-1', createdAt: 1, updatedAt: 1, ...seen }], 5);
    await endUndo(1, 'deleted', 'g-1');
    expect(heldGrants()).toEqual([]);
    expect(story.ledger.listingOf('g-1')).toBeNull();
    expect(story.ledger.lookUp(['a']).get('a')).toMatchObject({ status: 'undone', category: null });
    const reader = openReader(path);
    const [record] = reader.find('a');
    expect(record).toMatchObject({ status: 'undone', grantId: 'g-1', grantStatus: null, httpStatus: null });
    expect(reader.attempts(1).at(-1)).toMatchObject({ kind: 'undo', result: 'deleted', latencyMs: 8 });
    reader.close();
  });

  it('leaves alone what a record has got since', async () => {
    await grant('a', grantOf('g-2'));
    await endUndo(1, 'deleted', 'g-1');
    expect(heldGrants().map(({ grantId }) => grantId)).toEqual(['g-2']);
  });

  it('can be neither forgotten nor changed', async () => {
    await grant('a', grantOf('g-1'));
    await endUndo(1, 'deleted', 'g-1');
    const db = new Sqlite(path);
    expect(() => db.exec('DELETE FROM undone_grants')).toThrow('insert-only');
    expect(() => db.exec("UPDATE undone_grants SET grant_id = 'g-9'")).toThrow('insert-only');
    db.close();
  });
});
