import { STATUSES, type Status } from './core/category.js';
import type { StateCount } from './core/ledger-rows.js';
import { needsSomebody, nextSteps } from './core/next-steps.js';
import type { RunLine, StatusSummary } from './core/status-summary.js';
import { isoOrNull } from './core/utc.js';
import { stateOfRun, stepsContext } from './next.js';
import type { LedgerReader } from './ports/ledger-reader.js';

/** Where the ledger stands, and what to do next. `ledgerPath` is as the user names it. */
export function statusOf(reader: LedgerReader, nowMs: number, ledgerPath: string): StatusSummary {
  const counts = reader.counts();
  const records = reader.recordCount();
  const byStatus = totals(counts);
  const context = stepsContext(reader, nowMs, ledgerPath);
  return {
    ledger: identityOf(reader, ledgerPath),
    records,
    byStatus,
    counts,
    lost: context.aftermath.lost,
    balanced: records === Object.values(byStatus).reduce((sum, count) => sum + count, 0),
    needs: needsSomebody(counts, context),
    rowIssues: reader.issueCounts(context.lastRun?.runId ?? 0),
    runs: runLines(reader),
    next: nextSteps(counts, context),
  };
}

function identityOf(reader: LedgerReader, path: string): StatusSummary['ledger'] {
  const { ledgerId, createdAtMs, applicationId, host, keying } = reader.identity();
  return { path, id: ledgerId, createdAt: isoOrNull(createdAtMs), applicationId, host, keying };
}

function totals(counts: readonly StateCount[]): Readonly<Record<Status, number>> {
  const sums = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<Status, number>;
  for (const { status, count } of counts) sums[status] += count;
  return sums;
}

function runLines(reader: LedgerReader): readonly RunLine[] {
  const held = reader.isHeld();
  return reader.runs().map((run) => ({
    run: run.runId,
    kind: run.kind,
    label: run.label,
    input: run.inputName,
    startedAt: isoOrNull(run.startedAtMs),
    endedAt: isoOrNull(run.endedAtMs),
    state: stateOfRun(run, held),
    endedHow: run.endedHow,
    endedWhy: run.endedWhy,
    host: run.host,
    pid: run.pid,
    version: run.version,
  }));
}
