import { describeEnding } from '../../core/run-ending.js';
import { STATUSES, type Status } from '../../core/category.js';
import { LOSSES, type StateCount } from '../../core/ledger-rows.js';
import type { RunLine, StatusSummary } from '../../core/status-summary.js';
import { formatCount, formatCounted } from '../../core/counted.js';
import { WIDTH, wrap } from '../../core/wrap.js';
import { formatDuration, formatTable } from './format.js';
import { printable } from './printable.js';
import { joinSections, renderNeeds, renderSteps, renderSum, words } from './steps.js';

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

function totals({ records, byStatus, balanced, lost, rowIssues }: StatusSummary): readonly string[] {
  const issues = Object.entries(rowIssues).filter(([, count]) => count > 0);
  const beside = issues.map(([kind, count]) => `${formatCount(count)} ${words(kind)}`).join(', ');
  return [
    ...renderSum(formatCounted(records, 'record'), Object.entries(byStatus), balanced),
    ...lostOf(lost),
    ...(beside === '' ? [] : wrap(`Rows that the last run left aside: ${beside}`, WIDTH)),
  ];
}

/** They count as migrated, and have no grant that works. */
function lostOf(lost: StatusSummary['lost']): string[] {
  const told = LOSSES.filter((loss) => lost[loss] > 0).map((loss) => `${formatCount(lost[loss])} ${loss}`);
  return told.length === 0
    ? []
    : wrap(`Of those migrated, verify found the grants no good any more: ${told.join(', ')}`, WIDTH);
}

/** A line for each provider, and a column for each status that anybody has. */
function counts(all: readonly StateCount[]): string[] {
  if (all.length === 0) return [];
  const shown = STATUSES_SHOWN.filter((status) => all.some((entry) => entry.status === status));
  const rows = [...new Set(all.map(({ provider }) => provider))].sort().map((provider) => [
    printable(provider),
    ...shown.map((status) => {
      const count = countOf(all, provider, status);
      return count === 0 ? '' : formatCount(count);
    }),
  ]);
  return formatTable([['provider', ...shown.map(words)], ...rows], { right: shown.map((_, at) => at + 1) });
}

/** What is well first. */
const STATUSES_SHOWN: readonly Status[] = ['migrated', ...STATUSES.filter((status) => status !== 'migrated')];

function countOf(all: readonly StateCount[], provider: string, status: Status): number {
  return all
    .filter((entry) => entry.provider === provider && entry.status === status)
    .reduce((sum, { count }) => sum + count, 0);
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

/** Of one that died only the next one's begin is known. */
function tookOf({ startedAt, endedAt, state }: RunLine): string {
  return startedAt === null || endedAt === null || state === 'died'
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
