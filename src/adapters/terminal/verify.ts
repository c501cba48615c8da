import { formatCount, formatCounted } from '../../core/counted.js';
import type { Deviation, VerifyCounts } from '../../core/verification.js';
import { LATENESS, type VerifySummary } from '../../core/verify-summary.js';
import { WIDTH, wrap } from '../../core/wrap.js';
import { formatTable } from './format.js';
import { printable } from './printable.js';
import { hanging, INDENT, joinSections, renderSteps, words } from './steps.js';

/** What a verification came to, for a person. */
export function renderVerify(summary: VerifySummary): string {
  const { counts, isWhole, deviations, next } = summary;
  return joinSections([
    isWhole
      ? []
      : wrap('It was stopped before its end: these counts are of what was seen until then.', WIDTH),
    table(counts),
    beside(counts),
    examples(deviations, summary),
    wrap(counts.probed > 0 ? LATENESS : `${LATENESS} --probe tries grants for real.`, WIDTH),
    next.length === 0 ? [] : renderSteps(next),
  ]);
}

const MEANINGS: readonly (readonly [keyof VerifyCounts, string])[] = [
  ['matched', 'the grant is there, valid, and of the right mailbox'],
  ['missing', 'the grant is gone'],
  ['invalid', 'Nylas calls the grant invalid'],
  ['changed', 'the grant is of another mailbox by now'],
  ['unusable', 'called valid, but refused when it was used'],
  ['unsure', 'Nylas gave no usable answer'],
  ['signed_in', 'had no working grant, and has signed in by themselves'],
  ['several', 'had no working grant, and several are there now'],
];

/** A grant that isn't ours is no deviation: it stands apart. */
function table(counts: VerifyCounts): readonly string[] {
  const shown = MEANINGS.filter(([name]) => counts[name] > 0 || ALWAYS.has(name));
  const rows = shown.map(([name, meaning]) => [words(name), formatCount(counts[name]), meaning]);
  const heading = `${formatCounted(counts.compared, 'migrated record')} compared`;
  return [heading, ...formatTable(rows, { right: [1], indent: INDENT })];
}

const ALWAYS: ReadonlySet<string> = new Set(['matched', 'missing', 'invalid', 'changed', 'signed_in']);

function beside(counts: VerifyCounts): readonly string[] {
  const { probed, probes_unsure: unsure, unknown, adopted, missing_unasked: unasked } = counts;
  const told = [
    adopted === 0 ? null : `${formatCounted(adopted, 'person', 'people')} who had signed in: recorded.`,
    probed === 0
      ? null
      : `${formatCounted(probed, 'grant')} tried for real${unsure === 0 ? '' : `; ${formatCount(unsure)} of these tries told nothing`}.`,
    unasked === 0
      ? null
      : `${formatCount(unasked)} of those missing are so by the listing alone: too many to ask for each.`,
    unknown === 0
      ? null
      : `${formatCounted(unknown, 'grant')} of the application that this ledger doesn’t know.`,
  ];
  return told.flatMap((text) => (text === null ? [] : wrap(text, WIDTH)));
}

function whereAllAre(more: number, { out, isWhole }: VerifySummary): readonly string[] {
  if (out === null) return more > 0 ? ['--out FILE writes all of them.'] : [];
  return out === '-' || !isWhole ? [] : [`All of them: ${printable(out)}`];
}

function deviating({ deviation, key, email, provider, grantId }: Deviation): readonly string[] {
  const whose = email === null || email === key ? key : `${key}, ${email}`;
  return hanging(printable(`${words(deviation)}: ${whose} (${provider}), grant ${grantId}`), '');
}

/** The first of each kind, and how many more there are. */
function examples(deviations: readonly Deviation[], summary: VerifySummary): readonly string[] {
  if (deviations.length === 0) return [];
  const { missing, invalid, changed, unusable, signed_in: signedIn, adopted, several } = summary.counts;
  const all = missing + invalid + changed + unusable + several + signedIn - adopted;
  const more = all - deviations.length;
  return [
    ...deviations.flatMap(deviating),
    ...(more > 0 ? [`… and ${formatCount(more)} more`] : []),
    ...whereAllAre(more, summary),
  ];
}
