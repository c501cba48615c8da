import { expect, test } from 'vitest';
import type { HeldGrant } from '../src/core/undo.js';
import type { LedgerReader } from '../src/ports/ledger-reader.js';
import { undoTargets } from '../src/undo-targets.js';

const IDS = ['g-1', 'g-2', 'g-3', 'g-4', 'g-5'];
const EVERYBODY = { runId: null, providers: new Set<string>(), only: null };

/** A ledger whose grants this migration made, but for one; how many readers of it are open. */
class World {
  open = 0;
  readonly askedAfter: string[] = [];

  readonly openReader = (): Promise<LedgerReader> => {
    this.open += 1;
    const reader = {
      heldGrants: (after = '') => {
        this.askedAfter.push(after);
        return IDS.filter((id) => id > after).map(heldGrant);
      },
      close: () => {
        this.open -= 1;
      },
    };
    return Promise.resolve(reader as Partial<LedgerReader> as LedgerReader);
  };
}

function heldGrant(grantId: string): HeldGrant {
  const holder = {
    recordId: IDS.indexOf(grantId),
    key: `user-of-${grantId}`,
    provider: 'google',
    runId: 1,
    status: 'migrated',
    origin: grantId === 'g-3' ? 'existing' : 'created',
    mailbox: null,
    grantEmail: null,
    grantStatus: 'valid',
    grantUpdatedAt: null,
    isChosen: false,
    isDiscarded: false,
    submissions: [],
    lastUndo: null,
  } as const;
  return { grantId, holders: [holder] };
}

test('what is to be deleted comes in batches, each of what follows the one before, and nothing stays open', async () => {
  const world = new World();
  const batches: string[][] = [];
  for await (const targets of undoTargets(world.openReader, EVERYBODY, 2)) {
    expect(world.open).toBe(0);
    batches.push(targets.map(({ grantId }) => grantId));
  }
  expect(batches).toEqual([
    ['g-1', 'g-2'],
    ['g-4', 'g-5'],
  ]);
  expect(world.askedAfter).toEqual(['', 'g-2', 'g-5']);
});
