import type { LedgerAttempt, LedgerDecision, LedgerIssue } from './ledger-rows.js';
import type { NextStep } from './next-steps.js';
import type { Cell } from './report.js';

/** One user's whole story. Times are ISO 8601, UTC. */
export interface Explanation {
  readonly query: string;
  readonly ledger: {
    readonly path: string;
    readonly applicationId: string | null;
    readonly host: string | null;
  };
  readonly records: readonly ExplainedRecord[];
  /** Rows that were left aside, of any run, the latest first. */
  readonly issues: readonly ExplainedIssue[];
  /** Where nothing was found, what to try; where too much was, where the rest is. */
  readonly next: readonly NextStep[];
}

export interface ExplainedRecord {
  /** By the report's column names, and what the report has no room for. */
  readonly facts: Readonly<Record<string, Cell>>;
  /** What the category means and who must act. */
  readonly meaning: { readonly what: string; readonly who: string } | null;
  readonly next: NextStep | null;
  readonly attempts: readonly ExplainedAttempt[];
  /** What was decided about it by `resolve`. */
  readonly decisions: readonly ExplainedDecision[];
}

export interface ExplainedDecision extends Omit<LedgerDecision, 'decidedAtMs'> {
  readonly decidedAt: string | null;
}

export interface ExplainedAttempt extends Omit<LedgerAttempt, 'startedAtMs' | 'endedAtMs'> {
  readonly startedAt: string | null;
  /** Null: it was interrupted. */
  readonly endedAt: string | null;
}

export interface ExplainedIssue {
  readonly run: number;
  readonly line: number;
  readonly kind: LedgerIssue['kind'];
  readonly key: string | null;
  readonly email: string | null;
  readonly reasons: readonly string[];
  readonly remedy: string | null;
}
