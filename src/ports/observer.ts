import type { Answer } from '../core/answer.js';
import type { StateCount } from '../core/ledger-rows.js';
import type { Outcome } from '../core/outcome.js';
import type { Provider } from '../core/provider.js';
import type { Snapshot } from './progress.js';

/** Told of what happens in a run, as it happens. */
export interface RunObserver {
  /** Before anything else. */
  begun(runId: number): void;
  /** Nylas answered a request, or it failed on its way. */
  answered(answer: Answer): void;
  /** How a submission ended. */
  ended(provider: Provider, outcome: Outcome): void;
}

/** Figures of a run for a monitoring system, which reads them from a file. */
export interface Metrics extends Omit<RunObserver, 'begun'> {
  /** Replaces the file as a whole. Rejects where it can't be written. */
  write(figures: MetricsFigures): Promise<void>;
}

/** What is written down beside what was counted on the way; times are Unix milliseconds, null: not (yet) known. */
export interface MetricsFigures {
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly exitCode: number | null;
  readonly runId: number | null;
  /** When the latest user of this run got a grant. */
  readonly lastGrantAtMs: number | null;
  readonly estimatedEndAtMs: number | null;
  readonly snapshot: Snapshot | null;
  readonly ledger: LedgerStanding | null;
}

/** How a ledger stands. */
export interface LedgerStanding {
  readonly counts: readonly StateCount[];
  /** When a migration last came to its end with nothing left to run. */
  readonly lastSuccessAtMs: number | null;
  /** Whether a run, or another job, has it at this moment. */
  readonly isHeld: boolean;
}
