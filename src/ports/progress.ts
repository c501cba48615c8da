import type { HeldSummary } from '../core/holds.js';
import type { Balance } from '../core/tally.js';
import type { LaneName } from './ledger.js';

/** A run as it stands, for whoever watches. */
export interface Snapshot {
  readonly balance: Balance;
  readonly inFlight: number;
  readonly inFlightMax: number;
  /** Rows that wait for a time, a lane or another record. */
  readonly waiting: number;
  /** When the first of those that wait for a time has its turn, in milliseconds from now; null: none does. */
  readonly nextDueInMs: number | null;
  readonly pace: PaceSnapshot;
  /** How long nothing was let through so far, and why. */
  readonly held: HeldSummary;
  /** The share of the input that has been dealt with, between 0 and 1; null where its size isn't known. */
  readonly share: number | null;
  readonly elapsedMs: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly latencyP50Ms: number | null;
}

/** How fast requests may leave at the moment, and what holds them. */
export interface PaceSnapshot {
  /** Requests a second; 0: unpaced. */
  readonly askedPerSecond: number;
  readonly targetPerSecond: number;
  /** Why nothing leaves: Nylas throttles, or is down. */
  readonly held: 'throttled' | 'outage' | null;
  readonly heldLanes: readonly (LaneName & { readonly heldMs: number })[];
  readonly stoppedLanes: readonly LaneName[];
}

/** A job other than a migration as it stands. */
export interface JobSnapshot {
  /** What has been done so far, such as `12,400 grants listed`. */
  readonly done: string;
  /** Between 0 and 1; null where nobody knows how much there is. */
  readonly share: number | null;
  readonly pace: PaceSnapshot;
  readonly elapsedMs: number;
  readonly requestsPerSecond: number;
}

/** Shows a run while it goes on, asking for snapshots at a pace of its own. */
export interface Progress<S = Snapshot> {
  begin(snapshot: () => S): void;
  /** Takes away what is drawn, so that something else can be written where it was; it is drawn again later. */
  clear(): void;
  end(): void;
}
