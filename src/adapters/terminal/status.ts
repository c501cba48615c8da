import { describeEnding } from '../../core/run-ending.js';
import type { StateCount } from '../../core/ledger-rows.js';
import type { RunLine, StatusSummary } from '../../core/status-summary.js';
import { formatCount, formatCounted } from '../../core/counted.js';
import { formatDuration, formatTable, wrap } from './format.js';
import { printable } from './printable.js';
import { joinSections, renderNeeds, renderSteps, renderSum, WIDTH, words } from './steps.js';

/** Earlier runs are in the JSON. */
const RUNS_MAX = 10;

/** The answer of `status` for a person. */
export function renderStatus(status: StatusSummary): string {
  return joinSections([
    headline(status),
    totals(status),
    counts(status.counts),
    renderNeeds(status.needs),
    runs(status.runs),
    failureOf(status.runs.at(-1)),
    renderSteps(status.next),
  ]);
}

function headline({ ledger }: StatusSummary): string[] {
  const { path, applicationId, host, keying, createdAt } = ledger;
  const owner =
    applicationId === null ? 'no application yet' : `application ${applicationId} at ${host ?? '?'}`;
  const rule = keying === null ? '' : `, users identified by ${keying}`;
  const since = createdAt === null ? '' : `, begun ${minute(createdAt)}`;
  return wrap(`${printable(path)}: ${printable(owner + rule)}${since}`, WIDTH);
}

function totals({ records, byStatus, balanced, rowIssues }: StatusSummary): readonly string[] {
  const issues = Object.entries(rowIssues).filter(([, count]) => count > 0);
  const beside = issues.map(([kind, count]) => `${formatCount(count)} ${words(kind)}`).join(', ');
  return [
    ...renderSum(formatCounted(records, 'record'), Object.entries(byStatus), balanced),
    ...(beside === '' ? [] : wrap(`Rows that the last run left aside: ${beside}`, WIDTH)),
  ];
}

function counts(all: readonly StateCount[]): string[] {
  if (all.length === 0) return [];
  const rows = all.map(({ provider, status, category, count }) => [
    printable(provider),
    words(status),
    category ?? '',
    formatCount(count),
  ]);
  return formatTable([['provider', 'status', 'category', ''], ...rows], { right: [3] });
}

function runs(all: readonly RunLine[]): string[] {
  if (all.length === 0) return [];
  const shown = all
    .slice(-RUNS_MAX)
    .map((run) => [
      String(run.run),
      minute(run.startedAt),
      tookOf(run),
      howItEnded(run),
      printable(
        [run.kind === 'migrate' ? run.input : run.kind, run.label ?? '']
          .filter((part) => part !== '')
          .join(' · '),
      ),
    ]);
  return formatTable([['run', 'began', 'took', 'how it ended', 'input'], ...shown], { right: [0] });
}

function tookOf({ startedAt, endedAt }: RunLine): string {
  return startedAt === null || endedAt === null
    ? ''
    : formatDuration(Date.parse(endedAt) - Date.parse(startedAt));
}

const ENDED: Readonly<Partial<Record<string, string>>> = {
  input: 'could not read its input to the end',
  refused: 'held rows back',
};

/** What the last run failed on: the way on begins there. */
function failureOf(last: RunLine | undefined): string[] {
  if (last === undefined || last.endedWhy === null) return [];
  const what = ENDED[last.endedHow ?? ''] ?? 'failed';
  return wrap(printable(`Run ${last.run} ${what}: ${last.endedWhy}`), WIDTH);
}

function howItEnded({ state, endedHow, pid, host }: RunLine): string {
  if (state === 'running') return `going on: process ${pid} on ${printable(host)}`;
  return state === 'died'
    ? `died: process ${pid} on ${printable(host)}`
    : printable(describeEnding(endedHow ?? state));
}

/** `2026-01-31 06:20Z`. */
function minute(iso: string | null): string {
  return iso === null ? '' : `${iso.slice(0, 16).replace('T', ' ')}Z`;
}
