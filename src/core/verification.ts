import { LOSS_REMEDIES } from './aftermath-steps.js';
import { LOSSES } from './ledger-rows.js';
import type { Verdict } from './verdict.js';

/** What a verification counted. Each compared record is in one of the first six, or has signed in anew. */
export interface VerifyCounts {
  readonly matched: number;
  readonly missing: number;
  readonly invalid: number;
  /** The grant is another mailbox's by now. */
  readonly changed: number;
  /** Says that it is valid, and can't be used. */
  readonly unusable: number;
  /** Nylas gave no usable answer about it. */
  readonly unsure: number;
  /** People who were to sign in again and did, or whose grant is gone and who have another. */
  readonly signed_in: number;
  readonly adopted: number;
  /** Of whose mailbox several valid grants are there. */
  readonly several: number;
  /** Grants that no record knows. */
  readonly unknown: number;
  readonly compared: number;
  readonly probed: number;
  /** Probes that told nothing of the grant. */
  readonly probes_unsure: number;
  /** Missing by the listing alone: there were too many to ask for each. */
  readonly missing_unasked: number;
}

/** How a verification ended, as far as its counts decide it. */
export function verdictOfCounts(counts: VerifyCounts): Verdict {
  if (counts.unsure > 0) return 'work_remains';
  const { missing, invalid, changed, unusable, signed_in, adopted, several } = counts;
  const deviations = missing + invalid + changed + unusable + several + (signed_in - adopted);
  return deviations > 0 ? 'people_remain' : 'done';
}

/** In which ways something of ours can differ. */
export const DEVIATIONS = [...LOSSES, 'signed_in', 'several'] as const;

/** What to do about each. */
export const DEVIATION_REMEDIES: Readonly<Record<Deviation['deviation'], string>> = {
  ...LOSS_REMEDIES,
  signed_in: 'this person has signed in by themselves: verify --adopt records this grant',
  several: 'this is one of several grants of the mailbox: choose with resolve KEY --grant ID',
};

/** Something of ours that differs, and whom it concerns. */
export interface Deviation {
  readonly deviation: (typeof DEVIATIONS)[number];
  readonly key: string;
  readonly provider: string;
  readonly email: string | null;
  /** Ours, or the one that was found. */
  readonly grantId: string;
}

/** Before anything was compared. */
export const NO_COUNTS: VerifyCounts = {
  matched: 0,
  missing: 0,
  invalid: 0,
  changed: 0,
  unusable: 0,
  unsure: 0,
  signed_in: 0,
  adopted: 0,
  several: 0,
  unknown: 0,
  compared: 0,
  probed: 0,
  probes_unsure: 0,
  missing_unasked: 0,
};
