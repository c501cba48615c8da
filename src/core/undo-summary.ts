import type { NextStep } from './next-steps.js';
import type { LeftReason } from './undo.js';
import { LEFT_MEANINGS, type LeftAlone, type UndoGroup } from './undo-survey.js';
import type { Unmatched } from './unmatched.js';
import type { StopReason, Verdict } from './verdict.js';

/** Grants that are left alone, and why, for whoever asked. */
export interface LeftAloneSummary {
  readonly reason: LeftReason;
  readonly grants: number;
  readonly meaning: string;
  /** The first record keys. */
  readonly examples: readonly string[];
}

/** What an undo would delete. */
export interface UndoPlanSummary {
  readonly ledger: {
    readonly path: string;
    readonly applicationId: string | null;
    readonly host: string | null;
  };
  /** The number to say yes to. */
  readonly grants: number;
  /** The records that have no grant afterwards. */
  readonly records: number;
  readonly groups: readonly UndoGroup[];
  readonly adopted: number;
  readonly leftAlone: readonly LeftAloneSummary[];
  /** Keys of `--only` that name no record with a grant. */
  readonly unmatched: Unmatched;
  /** Records in doubt: Nylas may have grants for them that the ledger doesn't know of. */
  readonly doubts: number;
  /** Whether a job holds the ledger at this moment. */
  readonly isHeld: boolean;
  /** What deleting means. */
  readonly consequences: readonly string[];
  readonly next: readonly NextStep[];
}

/** What an undo came to. */
export interface UndoSummary {
  readonly runId: number;
  readonly ledgerPath: string;
  readonly host: string;
  readonly application: { readonly id: string; readonly name: string | null };
  readonly grants: number;
  readonly deleted: number;
  readonly gone: number;
  readonly leftAlone: readonly LeftAloneSummary[];
  readonly unanswered: number;
  readonly notReached: number;
  readonly undoneRecords: number;
  /** The number that the next undo of the same grants would ask for. */
  readonly remaining: number;
  readonly stop: StopReason | null;
  readonly verdict: Verdict;
  readonly next: readonly NextStep[];
}

export const CONSEQUENCES: readonly string[] = [
  'A deleted grant does not come back: who signs in again, or is migrated again, gets a new grant with a new id.',
  'Where your application already uses these grant ids, it loses these mailboxes at once.',
  'Nylas bills an account for the whole month in which it was connected, deleted or not.',
];

export function withMeanings(left: readonly LeftAlone[]): readonly LeftAloneSummary[] {
  return left.map(({ reason, grants, examples }) => ({
    reason,
    grants,
    meaning: LEFT_MEANINGS[reason],
    examples,
  }));
}
