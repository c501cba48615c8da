import { needsSomebody, nextSteps } from './core/next-steps.js';
import type { InvalidExample, RunSummary } from './core/run-summary.js';
import type { RunResult } from './migrate.js';
import { stepsContext } from './next.js';
import type { LedgerReader } from './ports/ledger-reader.js';

const INVALID_EXAMPLES_MAX = 5;

/** What a run that has ended came to. The reader is opened after the run's end was written down. */
export function summarizeRun(
  reader: LedgerReader,
  result: RunResult,
  run: Pick<
    RunSummary,
    'ledgerPath' | 'inputName' | 'ratePerSecond' | 'host' | 'application' | 'environment'
  >,
  nowMs: number,
): RunSummary {
  const counts = reader.counts();
  const context = stepsContext(reader, nowMs, run.ledgerPath);
  const { runId, balance, balanced, origins, stop, stoppedLanes, misconfigured, measured } = result;
  return {
    ...run,
    ...{ runId, balance, balanced, origins, stop, stoppedLanes, misconfigured },
    unread: result.unread,
    unmatched: result.unmatched,
    elapsedMs: Math.round(measured.elapsedMs),
    requests: measured.requests,
    held: result.held,
    requestsPerSecond: toHundredths(measured.meanRate),
    breaksMs: Math.round(measured.breaksMs),
    counts,
    needs: needsSomebody(counts, context),
    invalidExamples: invalidExamples(reader, runId),
    next: nextSteps(counts, context),
  };
}

function toHundredths(rate: number | null): number | null {
  return rate === null ? null : Math.round(rate * 100) / 100;
}

function invalidExamples(reader: LedgerReader, runId: number): readonly InvalidExample[] {
  const examples: InvalidExample[] = [];
  for (const { line, reasons } of reader.rowIssues(runId, ['invalid'])) {
    examples.push({ line, reasons: reasons.map(({ message }) => message) });
    if (examples.length === INVALID_EXAMPLES_MAX) break;
  }
  return examples;
}
