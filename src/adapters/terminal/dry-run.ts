import type { PlannedRun } from '../../core/planned-run.js';
import { formatCount, formatCounted } from '../../core/counted.js';
import { renderUnmatched } from './unmatched.js';
import { formatDuration, formatTable } from './format.js';

const WORDS: Readonly<Record<keyof PlannedRun['rest'], string>> = {
  submit: 'to submit',
  settle: 'in doubt: looked up first, then submitted where nothing is found',
  take: 'mailbox has a healthy grant already, or will have by an earlier row',
  confirm: 'mailbox had a healthy grant when it was last listed: asked for first',
  wait_for_other: 'wait for another record',
  wait_until: 'wait for their time',
  done: 'already done',
  duplicate: 'repeats of an earlier row',
  skip: 'failed before with the same credential: skipped',
  invalid: 'bad rows: see the command check',
  held_back: 'over the limit that was asked for',
  out_of_scope: 'left out by an option',
};

/** What a run would do, for people. */
export function renderDryRun(plan: PlannedRun): string {
  const { estimate } = plan;
  const time =
    estimate.seconds === null
      ? ''
      : `, about ${formatDuration(estimate.seconds * 1000)} at ${estimate.ratePerSecond}/s`;
  const submits = Object.entries(plan.wouldSubmit)
    .sort(([, a], [, b]) => b - a)
    .map(([provider, count]) => [formatCount(count), provider]);
  const rest = Object.entries(plan.rest).map(([kind, count]) => [
    formatCount(count),
    WORDS[kind as keyof PlannedRun['rest']],
  ]);
  const unmatched = renderUnmatched(plan.unmatched);
  return [
    `${plan.input}: ${formatCounted(plan.rows, 'row')}. A dry run: nothing was submitted or written.`,
    '',
    `Would submit ${formatCount(estimate.requests)}${time}`,
    ...formatTable(submits, { right: [0], indent: '  ' }),
    ...(unmatched.length === 0 ? [] : ['', ...unmatched]),
    ...(rest.length === 0 ? [] : ['', 'The others', ...formatTable(rest, { right: [0], indent: '  ' })]),
    ...(estimate.requests === 0 ? [] : ['', 'Next: the same command without --dry-run']),
  ].join('\n');
}
