import type { Need, NextStep } from '../../core/next-steps.js';
import { formatCount } from '../../core/counted.js';
import { WIDTH, wrap } from '../../core/wrap.js';
import { formatTable } from './format.js';
import { printable } from './printable.js';

export const INDENT = '  ';
const BUG = 'The books do not balance: this is a bug, please report it.';

/** `Next: …`, each command on a line of its own, unbroken, to be copied. */
export function renderSteps(steps: readonly NextStep[]): readonly string[] {
  if (steps.length === 1) return steps.flatMap((step) => renderStep(step, 'Next: ', ''));
  return ['Next:', ...steps.flatMap((step) => renderStep(step, '', INDENT))];
}

function renderStep({ say, command }: NextStep, lead: string, indent: string): readonly string[] {
  const text = hanging(`${lead}${printable(say)}${command === null ? '' : ':'}`, indent);
  return command === null ? text : [...text, `${indent}${INDENT}${INDENT}${printable(command)}`];
}

/** Who must act, the most first; what they do stands under `Next`. */
export function renderNeeds(needs: readonly Need[]): readonly string[] {
  if (needs.length === 0) return [];
  const reasons = byReason(needs);
  const widest = (texts: readonly string[]): number => Math.max(...texts.map(({ length }) => length));
  const counts = reasons.map(({ count }) => formatCount(count));
  const taken = INDENT.length + widest(counts) + 2 + 2 + widest([WHO, ...reasons.map(({ who }) => who)]);
  const rows = reasons.map(({ what, who, providers }, index) => {
    const names = printable(shortList(providers, WIDTH - taken - what.length - 2));
    return [counts[index] ?? '', `${what}: ${names}`, who];
  });
  const [header = '', ...lines] = formatTable([['', '', WHO], ...rows], {
    right: [0],
    indent: INDENT,
  });
  return [HEADING + header.slice(HEADING.length), ...lines];
}

interface Reason extends Pick<Need, 'count' | 'what' | 'who'> {
  readonly providers: readonly string[];
}

/** The same of whatever provider, the most first; the providers likewise. */
function byReason(needs: readonly Need[]): readonly Reason[] {
  const reasons = new Map<string, Reason>();
  for (const { count, what, who, provider } of needs) {
    const name = `${what} ${who}`;
    const before = reasons.get(name) ?? { count: 0, what, who, providers: [] };
    reasons.set(name, { ...before, count: before.count + count, providers: [...before.providers, provider] });
  }
  return [...reasons.values()].sort((a, b) => b.count - a.count);
}

/** `google, microsoft and 2 more`: as many as fit into the width, but at least one. */
function shortList(names: readonly string[], width: number): string {
  for (let shown = names.length; shown > 1; shown -= 1) {
    const text = firstOf(names, shown);
    if (text.length <= width) return text;
  }
  return firstOf(names, 1);
}

function firstOf(names: readonly string[], count: number): string {
  const left = names.length - count;
  return `${names.slice(0, count).join(', ')}${left === 0 ? '' : ` and ${left} more`}`;
}

/** Shorter than the columns it stands above. */
const HEADING = 'No grant yet';
const WHO = 'who must act';

/** Text whose further lines stand a step further in than its first. */
export function hanging(text: string, indent: string): readonly string[] {
  const lines = wrap(text, WIDTH - INDENT.length, indent);
  return lines.map((line, index) => (index === 0 ? line : INDENT + line));
}

/** Sections with a blank line between them; those without lines are left out. */
export function joinSections(sections: readonly (readonly string[])[]): string {
  const shown = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${shown.join('\n\n')}\n`;
}

/** `Read 3 = migrated 2 + failed 1  ✓`: a whole and its parts, those that are not nothing. */
export function renderSum(
  whole: string,
  parts: readonly (readonly [name: string, count: number])[],
  balanced: boolean,
): readonly string[] {
  const told = parts.filter(([, count]) => count > 0);
  const sum = told.map(([name, count]) => `${words(name)} ${formatCount(count)}`).join(' + ');
  const mark = balanced ? '  ✓' : '  ✗';
  const lines = wrap(`${whole}${sum === '' ? '' : ` = ${sum}`}`, WIDTH - mark.length);
  const marked = [...lines.slice(0, -1), `${lines.at(-1) ?? ''}${mark}`];
  return balanced ? marked : [...marked, BUG];
}

/** `needs_reauth` as it is read. */
export function words(name: string): string {
  return printable(name.replaceAll('_', ' '));
}
