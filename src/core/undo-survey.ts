import {
  LEFT_REASONS,
  planUndo,
  type HeldGrant,
  type LeftReason,
  type UndoSelection,
  type UndoTarget,
} from './undo.js';

/** Grants that one run's records of one provider have. */
export interface UndoGroup {
  readonly runId: number;
  readonly provider: string;
  readonly grants: number;
}

/** Grants that are left alone for one reason. */
export interface LeftAlone {
  readonly reason: LeftReason;
  readonly grants: number;
  /** The first record keys. */
  readonly examples: readonly string[];
}

/** What an undo would delete, as far as the ledger can tell, and what it would leave alone. */
export interface UndoSurvey {
  readonly grants: number;
  readonly groups: readonly UndoGroup[];
  /** Of the grants, those that were found after a lost answer: Nylas must first show that we made them. */
  readonly adopted: number;
  /** The records that they leave `undone`. */
  readonly records: number;
  readonly leftAlone: readonly LeftAlone[];
}

/** Goes through every grant that the ledger knows of. `onKey` is told each key that has one. */
export function surveyUndo(
  held: Iterable<HeldGrant>,
  selection: UndoSelection,
  onKey: (key: string) => void = () => undefined,
): UndoSurvey {
  const groups = new GroupCounts();
  const left = new LeftCounts();
  let [grants, adopted, records] = [0, 0, 0];
  for (const grant of held) {
    for (const { key } of grant.holders) onKey(key);
    const plan = planUndo(grant, selection);
    if (plan.kind === 'leave') left.add(plan.reason, plan.key);
    if (plan.kind !== 'delete') continue;
    const { maker, recordIds } = plan.target;
    grants += 1;
    adopted += maker.origin === 'adopted' ? 1 : 0;
    records += recordIds.length;
    groups.add(maker.runId, maker.provider);
  }
  return { grants, groups: groups.all(), adopted, records, leftAlone: left.all() };
}

/** The grants that an undo is to delete, the first so many. */
export function targetsOf(
  held: Iterable<HeldGrant>,
  selection: UndoSelection,
  countMax = Infinity,
): readonly UndoTarget[] {
  const targets: UndoTarget[] = [];
  for (const grant of held) {
    const plan = planUndo(grant, selection);
    if (plan.kind === 'delete') targets.push(plan.target);
    if (targets.length >= countMax) break;
  }
  return targets;
}

const EXAMPLES_MAX = 5;

/** Counts grants by why they are left alone. */
export class LeftCounts {
  readonly #byReason = new Map<LeftReason, { grants: number; readonly examples: string[] }>();

  add(reason: LeftReason, key: string): void {
    const left = this.#byReason.get(reason) ?? { grants: 0, examples: [] };
    left.grants += 1;
    if (left.examples.length < EXAMPLES_MAX) left.examples.push(key);
    this.#byReason.set(reason, left);
  }

  get size(): number {
    return this.all().reduce((sum, { grants }) => sum + grants, 0);
  }

  /** Always in the same order. */
  all(): readonly LeftAlone[] {
    return LEFT_REASONS.flatMap((reason) => {
      const left = this.#byReason.get(reason);
      return left === undefined ? [] : [{ reason, ...left }];
    });
  }
}

/** Counts grants by run and provider. */
class GroupCounts {
  readonly #byName = new Map<string, { runId: number; provider: string; grants: number }>();

  add(runId: number, provider: string): void {
    const name = `${runId} ${provider}`;
    const group = this.#byName.get(name) ?? { runId, provider, grants: 0 };
    group.grants += 1;
    this.#byName.set(name, group);
  }

  /** By run, then the most first. */
  all(): readonly UndoGroup[] {
    return [...this.#byName.values()].sort((a, b) => a.runId - b.runId || b.grants - a.grants);
  }
}

/** What each reason means, and what to do where something can be done. */
export const LEFT_MEANINGS: Readonly<Record<LeftReason, string>> = {
  existing: 'were there before this migration',
  reauthenticated: 'were there before this migration, which gave them another credential',
  signed_in: 'were made by the person, who signed in by themselves',
  chosen: 'chosen for a record by somebody’s decision, not made for it',
  origin_unknown: 'of unknown origin: the ledger does not say that this migration created them',
  shared: 'also serve a record outside this selection: select that too',
  unsettled: 'of records whose latest submission is not settled: run again, which looks for its outcome',
  changed: 'changed since this migration last touched them, as when the person has signed in',
  other_mailbox: 'of another provider or mailbox at Nylas than the ledger has them for',
  unproven: 'not surely made by this migration: what Nylas shows of them does not prove it',
  refused: 'Nylas refused to tell of them or to delete them: see explain',
};
