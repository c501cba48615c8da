import type { HeldRecord } from './ledger-rows.js';
import type { NextStep } from './next-steps.js';

/** The records that somebody must decide about, or has decided against. */
export interface HeldList {
  readonly ledgerPath: string;
  /** How many wait for a decision. */
  readonly undecided: number;
  readonly rejected: number;
  readonly records: readonly ListedHeld[];
  /** Why aliases are missing, where they are. */
  readonly withoutAliases: string | null;
  readonly next: readonly NextStep[];
}

export interface ListedHeld extends HeldRecord {
  /** Other addresses of the mailbox that answered; null: not known. */
  readonly aliases: readonly string[] | null;
}
