import type { Status } from './category.js';
import type { StateCount } from './ledger-rows.js';

/** How the users of one provider stand, in the order in which a chart shows it. */
export const STANDINGS = ['migrated', 'a person must act', 'a rerun will do', 'undone'] as const;

export type Standing = (typeof STANDINGS)[number];

/** The users of one provider. */
export interface ProviderRow {
  readonly provider: string;
  readonly counts: Readonly<Record<Standing, number>>;
  readonly sum: number;
}

const STANDING_OF: Readonly<Record<Status, Standing>> = {
  migrated: 'migrated',
  failed: 'a person must act',
  pending: 'a rerun will do',
  submitting: 'a rerun will do',
  in_doubt: 'a rerun will do',
  undone: 'undone',
};

/** The providers, those with the most users first. `heldBack`: as `heldBackBy`. */
export function providersOf(counts: readonly StateCount[], heldBack: string | null): readonly ProviderRow[] {
  const rows = new Map<string, Record<Standing, number>>();
  for (const entry of counts) {
    const row = rows.get(entry.provider) ?? {
      migrated: 0,
      'a person must act': 0,
      'a rerun will do': 0,
      undone: 0,
    };
    row[standingOf(entry, heldBack !== null)] += entry.count;
    rows.set(entry.provider, row);
  }
  return [...rows]
    .map(([provider, row]) => ({ provider, counts: row, sum: Object.values(row).reduce((a, b) => a + b, 0) }))
    .sort((a, b) => b.sum - a.sum);
}

/** A rerun mends neither a connector or a key, nor what rows were held back for. */
function standingOf({ status, category }: StateCount, isHeldBack: boolean): Standing {
  const waitsForMending = category === 'misconfigured' || (category === null && isHeldBack);
  return status === 'pending' && waitsForMending ? 'a person must act' : STANDING_OF[status];
}
