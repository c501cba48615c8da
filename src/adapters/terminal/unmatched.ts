import { formatCount, formatCounted } from '../../core/counted.js';
import type { Unmatched, UnmatchedKeys } from '../../core/unmatched.js';
import { WIDTH, wrap } from '../../core/wrap.js';
import { printable } from './printable.js';
import { words } from './steps.js';

/** What options asked for and the input didn't hold: a mistyped key, a failure that nobody has. */
export function renderUnmatched({ keys, retry }: Unmatched): readonly string[] {
  const ofRetries = retry.map(
    (target) =>
      `--retry ${target} matched nothing: no user that this run was about was recorded as ${words(target)}.`,
  );
  return [...keys.map(describeKeys), ...ofRetries].flatMap((text) => wrap(text, WIDTH));
}

function describeKeys({ option, count, examples }: UnmatchedKeys): string {
  const shown = printable(examples.join(', '));
  const left = count - examples.length;
  const more = examples.length > 0 && left > 0 ? ` and ${formatCount(left)} more` : '';
  const which = examples.length === 0 ? '' : `: ${shown}${more}`;
  return `${formatCounted(count, 'key')} of ${option} ${count === 1 ? 'is' : 'are'} the record key of no row${which}`;
}
