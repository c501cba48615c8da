import { STATUSES, type Status } from '../../core/category.js';
import { formatCounted } from '../../core/counted.js';
import type { Headline, ReportPage } from '../../core/page.js';
import { isLoopback } from '../../core/signin-url.js';
import { formatShare } from '../../core/page-todo.js';
import { html, type Markup } from './markup.js';
import { number, table, time } from './words.js';

/** Did it work: the figure, and whether the books balance. */
export function verdictSection(page: ReportPage): Markup {
  const { headline, provenance, madeAtMs } = page;
  return html`<header>
    <p class="kind">Migration from Nylas v2 to v3</p>
    <h1>${titleOf(headline)}</h1>
    <p>${sentenceOf(page)}</p>
    ${headline.records === 0 ? null : [meter(headline), books(page)]}
    <p class="quiet">
      As of ${time(madeAtMs)}, ${applicationOf(provenance)}. Times are in UTC.
      ${isRehearsal(provenance) ? 'It is a rehearsal: these grants are a simulator’s, and no real Nylas has them.' : null}
      ${provenance.emails_masked ? 'Email addresses are masked.' : null}
    </p>
  </header>`;
}

function isRehearsal({ host }: ReportPage['provenance']): boolean {
  return host !== null && isLoopback(host);
}

function applicationOf({ application_id: application, host }: ReportPage['provenance']): string {
  return application === null ? 'of no application yet' : `application ${application} at ${host ?? '–'}`;
}

/** The figure, in words that stand alone in a browser's tab. */
export function titleOf({ records, byStatus, lost, lastRun }: Headline): string {
  if (records === 0)
    return lastRun === 'running' ? 'The migration has just begun' : 'Nobody was migrated yet';
  if (lost > 0)
    return `${number(byStatus.migrated - lost)} of ${formatCounted(records, 'user')} have a v3 grant that works`;
  if (byStatus.migrated === records && records === 1) return 'The one user has a v3 grant';
  if (byStatus.migrated === records) return `All ${formatCounted(records, 'user')} have a v3 grant`;
  return `${number(byStatus.migrated)} of ${formatCounted(records, 'user')} have a v3 grant`;
}

function sentenceOf({ headline, rowIssues, todos }: ReportPage): string {
  const { records, byStatus, lost, lastRun } = headline;
  const people = todos.filter(({ who }) => who !== 'nobody').reduce((sum, { count }) => sum + count, 0);
  const rest = records - byStatus.migrated - people;
  const parts = [
    ...(lastRun === 'running' ? ['A run is going on: these figures are of one moment.'] : []),
    ...(lastRun === 'died' ? ['The last run died; the same command resumes it.'] : []),
    ...(records === 0 ? [] : [`That is ${formatShare(byStatus.migrated - lost, records)}.`]),
    ...(lost === 0
      ? []
      : [`Of ${formatCounted(lost, 'migrated user')} verify found the grant gone, or no good any more.`]),
    ...(people === 0 ? [] : [`For ${formatCounted(people, 'user')} somebody must act.`]),
    ...(rest === 0
      ? []
      : [`${formatCounted(rest, 'user')} ${rest === 1 ? 'waits' : 'wait'} for another run.`]),
    ...(rowIssues.invalid === 0
      ? []
      : [`${formatCounted(rowIssues.invalid, 'row')} of the last file could not be submitted.`]),
  ];
  return parts.join(' ');
}

/** The same in one bar; the table after it says it in numbers. */
function meter({ records, byStatus, lost }: Headline): Markup {
  const working = byStatus.migrated - lost;
  const share = formatShare(working, records);
  const width = Math.floor((working * 1000) / records);
  return html`<svg
    class="meter"
    viewBox="0 0 1000 16"
    preserveAspectRatio="none"
    role="img"
    aria-label="${share} have a v3 grant"
  >
    <rect class="rest" width="1000" height="16" />
    <rect class="done" width="${width}" height="16" />
  </svg>`;
}

const MEANINGS: Readonly<Record<Status, string>> = {
  migrated: 'has a v3 grant',
  failed: 'a person must act',
  pending: 'not submitted, or waits for another try',
  submitting: 'on its way, or interrupted',
  in_doubt: 'the outcome is not known yet',
  undone: 'the grant was deleted again',
};

const UNBALANCED =
  'The books do not balance. That is a bug: please report it, and do not act on these figures.';

function balanceWords(records: number): string {
  const each = records === 1 ? 'the one record has' : `every one of ${number(records)} records has`;
  return `The books balance: ${each} exactly one status.`;
}

interface Line {
  readonly name: string;
  readonly meaning: string;
  readonly count: number;
}

/** Migrated users whose grant was lost stand on a line of their own. */
function linesOf({ byStatus, lost }: Headline): readonly Line[] {
  const lines = STATUSES.map((status) => ({
    name: status.replaceAll('_', ' '),
    meaning: MEANINGS[status],
    count: status === 'migrated' ? byStatus.migrated - lost : byStatus[status],
  }));
  const ofLost = {
    name: 'migrated, then lost',
    meaning: 'verify found the grant no good any more',
    count: lost,
  };
  return [...lines, ofLost].filter(({ name, count }) => count > 0 || name === 'migrated');
}

function books({ headline }: ReportPage): Markup {
  const { records, balanced } = headline;
  const columns = [
    { name: 'Status', cell: ({ name }: Line) => name },
    { name: 'Meaning', cell: ({ meaning }: Line) => meaning },
    { name: 'Users', cell: ({ count }: Line) => count, isNumber: true },
    { name: 'Share', cell: ({ count }: Line) => formatShare(count, records), isNumber: true },
  ];
  const ordered = [...linesOf(headline)].sort((a, b) => b.count - a.count);
  return html`<p class="${balanced ? 'good' : 'bad'}">${balanced ? balanceWords(records) : UNBALANCED}</p>
    ${table('Users by status', columns, ordered, ['All', '', records, '100 %'])}`;
}
