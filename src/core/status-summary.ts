import type { Status } from './category.js';
import type { IssueKind, JobKind, Loss, StateCount } from './ledger-rows.js';
import type { LastRun, Need, NextStep } from './next-steps.js';

/** Where a ledger stands. Times are ISO 8601, UTC. */
export interface StatusSummary {
  readonly ledger: {
    readonly path: string;
    readonly id: string;
    readonly createdAt: string | null;
    readonly applicationId: string | null;
    readonly host: string | null;
    /** The rule that names users. */
    readonly keying: string | null;
  };
  readonly records: number;
  readonly byStatus: Readonly<Record<Status, number>>;
  readonly counts: readonly StateCount[];
  /** Of the migrated records, those whose grant is no good any more, by what `verify` found. */
  readonly lost: Readonly<Record<Loss, number>>;
  /** Whether the statuses add up to the records. */
  readonly balanced: boolean;
  readonly needs: readonly Need[];
  /** Of the last run's rows. */
  readonly rowIssues: Readonly<Record<IssueKind, number>>;
  readonly runs: readonly RunLine[];
  readonly next: readonly NextStep[];
}

export interface RunLine {
  readonly run: number;
  /** What it was: a migration, or another job with this ledger. */
  readonly kind: JobKind;
  readonly label: string | null;
  readonly input: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly state: LastRun['state'];
  /** As the run itself put it; null where it had no time to. */
  readonly endedHow: string | null;
  /** What it failed on, and what to do about that, where it failed. */
  readonly endedWhy: string | null;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
}
