import { formatCounted } from '../../core/counted.js';
import type { Resolved } from '../../core/decisions.js';
import type { HeldList, ListedHeld } from '../../core/held-list.js';
import { formatTable, wrap } from './format.js';
import { printable } from './printable.js';
import { hanging, INDENT, joinSections, renderSteps, WIDTH } from './steps.js';

/** The answer of `resolve --list` for a person. */
export function renderHeld({ undecided, rejected, records, withoutAliases, next }: HeldList): string {
  const heading =
    records.length === 0
      ? 'Nothing is to be decided: nobody else’s mailbox answered for a record.'
      : `${formatCounted(undecided, 'record')} to decide about${rejected === 0 ? '' : `, ${rejected} rejected`}`;
  return joinSections([
    [heading, ...table(records)],
    withoutAliases === null ? [] : wrap(`Aliases are not shown: ${printable(withoutAliases)}.`, WIDTH),
    next.length === 0 ? [] : renderSteps(next),
  ]);
}

function table(records: readonly ListedHeld[]): readonly string[] {
  if (records.length === 0) return [];
  const rows = records.map(({ key, email, answeredEmail, aliases, provider, isRejected, grantId }) =>
    [
      key,
      provider,
      email ?? '',
      answeredEmail ?? '',
      aliases?.join(' ') ?? '',
      grantId ?? '',
      isRejected ? 'rejected' : '',
    ].map(printable),
  );
  return formatTable([['key', 'provider', 'asked for', 'answered', 'its aliases', 'grant', ''], ...rows], {
    indent: INDENT,
  });
}

const DECIDED: Readonly<Record<Resolved['decision'], string>> = {
  accept: 'accepted: it has the grant that answered',
  reject: 'rejected: it has no grant, and is skipped until its credential changes',
  grant: 'has the grant that was chosen',
};

/** What was decided, for a person. */
export function renderResolved(resolved: readonly Resolved[]): string {
  if (resolved.length === 0) return 'Stopped before anything was decided.\n';
  const lines = resolved.flatMap(({ key, decision, grantId, grantEmail }) => {
    const grant = grantId === null ? '' : `, ${ofMailbox(grantId, grantEmail)}`;
    return hanging(printable(`${key}: ${DECIDED[decision]}${grant}`), '');
  });
  return joinSections([lines, left(resolved)]);
}

/** Grants that nobody in this ledger has any more. */
function left(resolved: readonly Resolved[]): readonly string[] {
  const grants = resolved.flatMap(({ leftGrantId, leftEmail }) =>
    leftGrantId === null ? [] : [`${INDENT}${printable(ofMailbox(leftGrantId, leftEmail))}`],
  );
  if (grants.length === 0) return [];
  const text =
    'Still there at Nylas, and not used by these records. Delete what our submission made, unless that mailbox’s own user needs it:';
  return [...wrap(text, WIDTH), ...grants];
}

function ofMailbox(grantId: string, email: string | null): string {
  return email === null ? grantId : `${grantId} of ${email}`;
}
