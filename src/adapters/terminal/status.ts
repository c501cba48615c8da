import type { StateCount } from '../../core/ledger-rows.js';
import type { RunLine, StatusSummary } from '../../core/status-summary.js';
import { formatCount, formatCounted, formatTable, wrap } from './format.js';
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
    ...(beside === '' ? [] : [`Rows of the last run that became no record: ${beside}`]),
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
      run.endedAt === null ? '' : minute(run.endedAt),
      howItEnded(run),
      printable([run.input, run.label ?? ''].filter((part) => part !== '').join(' · ')),
    ]);
  return formatTable([['run', 'began', 'ended', 'how', 'input'], ...shown], { right: [0] });
}

function howItEnded({ state, endedHow, pid, host }: RunLine): string {
  if (state === 'running') return `going on: process ${pid} on ${printable(host)}`;
  return state === 'died' ? `died: process ${pid} on ${printable(host)}` : words(endedHow ?? state);
}

/** `2026-01-31 06:20Z`. */
function minute(iso: string | null): string {
  return iso === null ? '' : `${iso.slice(0, 16).replace('T', ' ')}Z`;
}
