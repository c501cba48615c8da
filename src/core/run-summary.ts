import type { HeldSummary } from './holds.js';
import type { LaneStop } from './lane.js';
import type { StateCount } from './ledger-rows.js';
import type { Need, NextStep } from './next-steps.js';
import type { Balance, OriginCounts } from './tally.js';
import type { Unmatched } from './unmatched.js';
import type { StopReason, Verdict } from './verdict.js';

/** What a run came to, for whoever started it. */
export interface RunSummary {
  readonly runId: number;
  readonly ledgerPath: string;
  readonly inputName: string;
  /** Where Nylas is, as the ledger keeps it. */
  readonly host: string;
  readonly application: { readonly id: string; readonly name: string | null };
  readonly environment: string | null;
  readonly balance: Balance;
  readonly balanced: boolean;
  /** How those whom this run migrated came by their grants. */
  readonly origins: OriginCounts;
  readonly stop: StopReason | null;
  /** Whose rows were held back, and why. */
  readonly stoppedLanes: readonly StoppedLaneSummary[];
  readonly misconfigured: number;
  /** Whole milliseconds. */
  readonly elapsedMs: number;
  readonly requests: number;
  /** Those sent, from the first to the last, without the breaks; null where that is less than a second. */
  readonly requestsPerSecond: number | null;
  /** Breaks between two of them in which there was nothing to send, or it wasn't let through; whole milliseconds. */
  readonly breaksMs: number;
  /** The rate that was asked for; 0: unpaced. */
  readonly ratePerSecond: number;
  readonly held: HeldSummary;
  /** Where the rest of the input begins, which wasn't read; null: it was read to its end. */
  readonly unread: Unread | null;
  /** What options asked for and the input didn't hold; null where it wasn't read to its end. */
  readonly unmatched: Unmatched | null;
  /** Of the whole ledger, as `needs`. */
  readonly counts: readonly StateCount[];
  readonly needs: readonly Need[];
  /** The first rows of this run that could not be submitted. */
  readonly invalidExamples: readonly InvalidExample[];
  readonly next: readonly NextStep[];
}

/** Why a run stopped early, with the time as programs read it. */
type ToldStop =
  | Exclude<StopReason, { kind: 'stop_time' }>
  | (Extract<StopReason, { kind: 'stop_time' }> & { readonly at: string });

/** The same as one document, for programs. */
export interface RunDocument extends RunSummary {
  readonly stop: ToldStop | null;
  readonly verdict: Verdict;
  /** What the process of a run ends with. */
  readonly exitCode: number;
  readonly input: {
    readonly name: string;
    /** As its size, only where the input was read to its end. */
    readonly sha256?: string;
    readonly bytes?: number;
  };
}

/** An input that was not read to its end. */
export interface Unread {
  readonly afterLine: number;
  /** How much of it was read, between 0 and 1; null: its size isn't known. */
  readonly share: number | null;
}

interface StoppedLaneSummary {
  readonly provider: string;
  readonly credentialId: string | null;
  readonly stop: LaneStop;
}

export interface InvalidExample {
  readonly line: number;
  readonly reasons: readonly string[];
}
