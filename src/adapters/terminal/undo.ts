import { formatCount, formatCounted } from '../../core/counted.js';
import type { LeftAloneSummary, UndoPlanSummary, UndoSummary } from '../../core/undo-summary.js';
import { WIDTH, wrap } from '../../core/wrap.js';
import { formatTable } from './format.js';
import { printable } from './printable.js';
import { hanging, INDENT, joinSections, renderSteps } from './steps.js';
import { renderUnmatched } from './unmatched.js';

/** What an undo would delete; its last line is the command that does. */
export function renderUndoPlan(plan: UndoPlanSummary): string {
  return joinSections([
    headline(plan),
    groups(plan),
    leftAlone(plan.leftAlone),
    renderUnmatched(plan.unmatched),
    notes(plan),
    consequences(plan),
    plan.next.length === 0 ? [] : renderSteps(plan.next),
  ]);
}

function headline({ ledger, grants, records }: UndoPlanSummary): readonly string[] {
  const { path, applicationId, host } = ledger;
  const owner =
    applicationId === null ? 'no application yet' : `application ${applicationId} at ${host ?? '?'}`;
  const sharing = records > grants ? `, which ${formatCounted(records, 'record')} share` : '';
  const made = `${formatCounted(grants, 'grant')} that this migration created${sharing}`;
  const count = grants === 0 ? 'Nothing to delete.' : `Would delete ${made}.`;
  return [...wrap(printable(`${path}: ${owner}`), WIDTH), count];
}

function groups({ groups: all }: UndoPlanSummary): readonly string[] {
  if (all.length === 0) return [];
  const rows = all.map(({ runId, provider, grants }) => [
    String(runId),
    printable(provider),
    formatCount(grants),
  ]);
  return formatTable([['run', 'provider', 'grants'], ...rows], { right: [0, 2], indent: INDENT });
}

/** Keys that tell whose grants they are; of the rest, how many. */
function leftAlone(left: readonly LeftAloneSummary[]): readonly string[] {
  if (left.length === 0) return [];
  return ['Left alone', ...left.flatMap(leftLine)];
}

function leftLine({ grants, meaning, examples }: LeftAloneSummary): readonly string[] {
  const more = grants > examples.length ? ', …' : '';
  return hanging(printable(`${formatCount(grants)} ${meaning} (${examples.join(', ')}${more})`), INDENT);
}

function notes({ adopted, doubts, isHeld }: UndoPlanSummary): readonly string[] {
  const told: string[] = [];
  if (adopted > 0)
    told.push(
      `${formatCount(adopted)} of them ${adopted === 1 ? 'was' : 'were'} found after an answer was lost: deleted only if Nylas shows that this migration made ${adopted === 1 ? 'it' : 'them'}.`,
    );
  if (doubts > 0)
    told.push(
      `${formatCounted(doubts, 'record')} in doubt: Nylas may have grants for them that this ledger doesn’t know of. Run again first, which looks for them.`,
    );
  if (isHeld) told.push('The ledger is in use at this moment: the numbers can change.');
  return told.flatMap((text) => wrap(text, WIDTH));
}

function consequences({ consequences: all }: UndoPlanSummary): readonly string[] {
  if (all.length === 0) return [];
  const before =
    'Each is asked for first, and left alone if it has changed since this migration last touched it.';
  return ['What deleting means', ...[...all, before].flatMap((text) => hanging(text, INDENT))];
}

/** What an undo came to. */
export function renderUndoSummary(summary: UndoSummary): string {
  return joinSections([
    sum(summary),
    leftAlone(summary.leftAlone),
    trouble(summary),
    summary.next.length === 0 ? [] : renderSteps(summary.next),
  ]);
}

function sum(summary: UndoSummary): readonly string[] {
  const { grants, deleted, gone, leftAlone: left, unanswered, notReached, undoneRecords } = summary;
  const parts: readonly (readonly [string, number])[] = [
    ['deleted', deleted],
    ['gone already', gone],
    ['left alone', left.reduce((total, entry) => total + entry.grants, 0)],
    ['without an answer', unanswered],
    ['not reached', notReached],
  ];
  const told = parts.filter(([, count]) => count > 0).map(([name, count]) => `${name} ${formatCount(count)}`);
  return [
    ...wrap(`${formatCounted(grants, 'grant')} = ${told.join(' + ')}`, WIDTH),
    `Run ${summary.runId}: ${formatCounted(undoneRecords, 'record')} ${undoneRecords === 1 ? 'is' : 'are'} undone now.`,
  ];
}

function trouble({ stop, unanswered }: UndoSummary): readonly string[] {
  const told: string[] = [];
  if (stop?.kind === 'key_refused') told.push('Stopped: Nylas refuses the API key. Put that right first.');
  if (stop?.kind === 'signal')
    told.push(`Stopped by ${stop.signal}: what was in flight has been seen through.`);
  if (stop?.kind === 'outage') told.push('Stopped: Nylas did not answer for too long.');
  if (unanswered > 0)
    told.push('Whether Nylas has deleted those without an answer, the next undo finds out first.');
  return told.flatMap((text) => wrap(text, WIDTH));
}
