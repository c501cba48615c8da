import { summarizeLatencies } from './core/page-latency.js';
import type { PageRun, ReportPage } from './core/page.js';
import { spanOf, timelineOf, type Timeline } from './core/page-timeline.js';
import { lastMigration } from './core/ledger-rows.js';
import { providersOf } from './core/page-providers.js';
import { todosOf } from './core/page-todo.js';
import { heldBackBy } from './core/run-ending.js';
import type { ReportWishes } from './core/report-selection.js';
import type { RunActivity } from './core/statistics.js';
import { RATE_DEFAULT } from './core/pace.js';
import { BUCKETS, balances, type Balance } from './core/tally.js';
import type { Provenance } from './core/provenance.js';
import { stateOfRun } from './next.js';
import { pageRecords } from './page-records.js';
import type { LedgerReader } from './ports/ledger-reader.js';
import { statusOf } from './status.js';

/** So many mail domains of each state are named. */
const DOMAINS_MAX = 12;
/** Those with the most requests. */
const TIMELINES_MAX = 4;

/** What the page of a ledger's report says. Throws UserError for wishes that can't be met. */
export function pageOf(
  reader: LedgerReader,
  wishes: ReportWishes,
  provenance: () => Provenance,
  ledgerPath: string,
): ReportPage {
  const records = pageRecords(reader, wishes, ledgerPath);
  const figures = reader.figures();
  const origin = provenance();
  const madeAtMs = Date.parse(origin.made_at);
  const status = statusOf(reader, madeAtMs, ledgerPath);
  const activity = figures.activity();
  const runs = pageRuns(reader, activity);
  const heldBack = heldBackBy(lastMigration(runs));
  return {
    madeAtMs,
    headline: {
      records: status.records,
      byStatus: status.byStatus,
      lost: Object.values(status.lost).reduce((sum, count) => sum + count, 0),
      balanced: status.balanced && runs.every(isBalanced),
      lastRun: runs.at(-1)?.state ?? null,
    },
    rowIssues: status.rowIssues,
    next: status.next,
    todos: todosOf(status.counts, figures.domains(DOMAINS_MAX), heldBack),
    timelines: timelinesOf(reader, runs, activity),
    latency: summarizeLatencies(figures.latencies()),
    providers: providersOf(status.counts, heldBack),
    attempts: figures.attempts(),
    runs,
    records,
    provenance: origin,
  };
}

function pageRuns(reader: LedgerReader, activity: readonly RunActivity[]): readonly PageRun[] {
  const held = reader.isHeld();
  return reader.runs().map((run) => ({
    ...run,
    state: stateOfRun(run, held),
    requests: activity.find(({ runId }) => runId === run.runId)?.attempts ?? 0,
  }));
}

/** A run that has not ended, or died, has not made up its books. */
function isBalanced({ balance }: PageRun): boolean {
  return !isBalance(balance) || balances(balance);
}

function isBalance(value: unknown): value is Balance {
  if (typeof value !== 'object' || value === null || !('buckets' in value)) return false;
  const { buckets } = value;
  return typeof buckets === 'object' && buckets !== null && BUCKETS.every((bucket) => bucket in buckets);
}

function timelinesOf(
  reader: LedgerReader,
  runs: readonly PageRun[],
  activity: readonly RunActivity[],
): readonly Timeline[] {
  const largest = [...activity].sort((a, b) => b.attempts - a.attempts).slice(0, TIMELINES_MAX);
  const slots = reader.figures().slots(largest.map(spanOf));
  return largest
    .sort((a, b) => a.runId - b.runId)
    .flatMap((entry) => {
      const run = runs.find(({ runId }) => runId === entry.runId);
      return run === undefined ? [] : [timelineOf(entry, slots, askedRate(run), run.pace)];
    });
}

/** Options are kept only where they differ from their defaults. */
function askedRate({ options }: PageRun): number {
  return typeof options['rate'] === 'number' ? options['rate'] : RATE_DEFAULT;
}
