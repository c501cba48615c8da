import { formatCounted } from '../../core/counted.js';
import type { Resolved } from '../../core/decisions.js';
import type { HeldList, ListedHeld } from '../../core/held-list.js';
import { WIDTH, wrap } from '../../core/wrap.js';
import { printable } from './printable.js';
import { hanging, INDENT, joinSections, renderSteps } from './steps.js';

/** The answer of `resolve --list` for a person. */
export function renderHeld({ undecided, rejected, records, withoutAliases, next }: HeldList): string {
  const heading =
    records.length === 0
      ? 'Nothing is to be decided: nobody else’s mailbox answered for a record.'
      : `${formatCounted(undecided, 'record')} to decide about${rejected === 0 ? '' : `, ${rejected} rejected`}`;
  return joinSections([
    [heading, ...records.flatMap(heldRecord)],
    withoutAliases === null ? [] : wrap(`Aliases are not shown: ${printable(withoutAliases)}.`, WIDTH),
    next.length === 0 ? [] : renderSteps(next),
  ]);
}

/** Two mailboxes and a grant don't fit on one line of a terminal. */
function heldRecord(held: ListedHeld): readonly string[] {
  const { key, email, answeredEmail, aliases, provider, isRejected, grantId } = held;
  const asked = email === null || email === key ? '' : `, asked for ${email}`;
  const answered = [
    `answered: ${answeredEmail ?? 'a mailbox without a name'}`,
    ...(aliases === null || aliases.length === 0 ? [] : [`with the aliases ${aliases.join(' ')}`]),
    ...(grantId === null ? [] : [`grant ${grantId}`]),
  ];
  return [
    ...hanging(printable(`${key} (${provider})${asked}${isRejected ? ': rejected' : ''}`), INDENT),
    ...hanging(printable(answered.join(', ')), INDENT + INDENT),
  ];
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
