import type { Status } from './category.js';
import type { IssueKind, LedgerRun } from './ledger-rows.js';
import type { LastRun, NextStep } from './next-steps.js';
import type { ProviderRow } from './page-providers.js';
import type { Provenance } from './provenance.js';
import type { ReportRow } from './report.js';
import type { AttemptsCount } from './statistics.js';
import type { LatencySummary } from './page-latency.js';
import type { Timeline } from './page-timeline.js';
import type { Todo } from './page-todo.js';

/** Everything that the page of a report says, before it has a form. */
export interface ReportPage {
  readonly madeAtMs: number;
  readonly headline: Headline;
  readonly rowIssues: Readonly<Record<IssueKind, number>>;
  readonly next: readonly NextStep[];
  readonly todos: readonly Todo[];
  /** Of the runs with the most requests, in their order. */
  readonly timelines: readonly Timeline[];
  readonly latency: LatencySummary | null;
  readonly providers: readonly ProviderRow[];
  readonly attempts: readonly AttemptsCount[];
  readonly runs: readonly PageRun[];
  readonly records: PageRecords;
  readonly provenance: Provenance;
}

export interface Headline {
  readonly records: number;
  readonly byStatus: Readonly<Record<Status, number>>;
  /** Migrated users of whose grants `verify` found that they are gone, or no good any more. */
  readonly lost: number;
  /** Whether statuses and records, and the rows of every run that ended, add up. */
  readonly balanced: boolean;
  readonly lastRun: LastRun['state'] | null;
}

export interface PageRun extends LedgerRun {
  readonly state: LastRun['state'];
  readonly requests: number;
}

/** The first of the records, of each state some. */
export interface PageRecords {
  readonly columns: readonly string[];
  readonly rows: readonly PageRow[];
  /** How many there are of what is shown here. */
  readonly total: number;
  readonly groups: readonly PageGroup[];
  /** What of the ledger was asked for; null: all of it. */
  readonly narrowedTo: string | null;
  /** Writes all of them to a file. */
  readonly command: string;
}

export interface PageRow {
  readonly cells: ReportRow;
  readonly provider: string;
  readonly status: string;
  readonly category: string;
}

export interface PageGroup {
  readonly status: string;
  readonly category: string | null;
  readonly shown: number;
  readonly total: number;
}
