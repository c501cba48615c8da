import type { StateCount } from './ledger-rows.js';
import type { Need, NextStep } from './next-steps.js';
import type { Balance } from './tally.js';
import type { StopReason } from './verdict.js';

/** What a run came to, for whoever started it. */
export interface RunSummary {
  readonly runId: number;
  readonly ledgerPath: string;
  readonly inputName: string;
  readonly balance: Balance;
  readonly balanced: boolean;
  readonly stop: StopReason | null;
  /** Providers whose rows were held back. */
  readonly stoppedLanes: readonly string[];
  readonly misconfigured: number;
  readonly elapsedMs: number;
  readonly requests: number;
  /** The rate that was asked for; 0: unpaced. */
  readonly ratePerSecond: number;
  /** Of the whole ledger, as `needs`. */
  readonly counts: readonly StateCount[];
  readonly needs: readonly Need[];
  /** The first rows of this run that could not be submitted. */
  readonly invalidExamples: readonly InvalidExample[];
  readonly next: readonly NextStep[];
}

export interface InvalidExample {
  readonly line: number;
  readonly reasons: readonly string[];
}
