import type { HeaderMap } from './core/header.js';
import type { LegacyUser, RawRow, Row } from './core/record.js';
import { keyAlone } from './core/row-key.js';
import { isEverybody, type Scope } from './core/scope.js';
import { RETRIED_LOSSES, type RetryTarget } from './core/plan.js';
import type { PlanningLedger } from './ports/ledger.js';

/** A row as it was read, or one whose record needs nothing any more. */
export type ReadRow = Row | { readonly kind: 'done'; readonly key: string; readonly raw: RawRow };

/**
 * Tells the rows whose records are migrated from the rest by their key alone. Whatever else such a row holds
 * changes nothing, so that it isn't looked at: a rerun over a million of them costs little more than reading them.
 */
export class DoneRows {
  readonly #ledger: Pick<PlanningLedger, 'unmigrated'>;
  readonly #header: HeaderMap;
  /** Options of a run, and columns that travel with a record, ask for more than a key. */
  readonly #needsMore: boolean;

  constructor(
    ledger: Pick<PlanningLedger, 'unmigrated'>,
    header: HeaderMap,
    scope: Scope,
    retry: ReadonlySet<RetryTarget>,
  ) {
    this.#ledger = ledger;
    this.#header = header;
    this.#needsMore =
      header.carried.length > 0 || !isEverybody(scope) || RETRIED_LOSSES.some((loss) => retry.has(loss));
  }

  /** The rows of a batch, in their order; those that aren't done as `interpret` makes them. */
  tell(batch: readonly RawRow[], interpret: (raw: RawRow) => Row): readonly ReadRow[] {
    if (this.#needsMore) return batch.map(interpret);
    const keys = batch.map((raw) => keyAlone(raw, this.#header));
    const unmigrated = this.#ledger.unmigrated(keys);
    return batch.map((raw, index) => {
      const key = keys[index] ?? null;
      return key === null || unmigrated.has(index) ? interpret(raw) : { kind: 'done', key, raw };
    });
  }
}

/** The users among a batch's rows. */
export function usersOf(rows: readonly ReadRow[]): readonly LegacyUser[] {
  return rows.flatMap((row) => (row.kind === 'user' ? [row.user] : []));
}

/** The record key of a row, if it has one. */
export function keyOfRow(row: ReadRow): string | null {
  switch (row.kind) {
    case 'done':
      return row.key;
    case 'user':
      return row.user.key;
    case 'bad':
      return row.bad.key;
  }
}
