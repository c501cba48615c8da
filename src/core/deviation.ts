import { foldEmail, type Grant } from './grant.js';
import type { Candidate, ComparedRecord, SeenFacts } from './ledger-rows.js';

/** What a migrated record and its grant at Nylas come to. `unsure`: Nylas gave no usable answer. */
export type Finding = 'matched' | 'missing' | 'invalid' | 'changed' | 'unsure';

/** A grant as Nylas has it now. Its aliases are only told where it was asked for by its id. */
export interface PresentGrant extends SeenFacts {
  readonly aliases: readonly string[];
}

type Compared = Pick<ComparedRecord, 'provider' | 'mailbox' | 'grantEmail'>;

/** Compares a record with its grant; null: Nylas has none of that id. */
export function compareGrant(record: Compared, grant: PresentGrant | null): Exclude<Finding, 'unsure'> {
  if (grant === null) return 'missing';
  // A grant that names no status is a healthy one.
  if ((grant.status ?? 'valid') !== 'valid') return 'invalid';
  if (grant.provider !== null && grant.provider !== record.provider) return 'changed';
  return isSameMailbox(record, grant) ? 'matched' : 'changed';
}

/** A grant that names no mailbox contradicts none, and neither does a record that never had one. */
function isSameMailbox({ mailbox, grantEmail }: Compared, grant: PresentGrant): boolean {
  const known = [mailbox, grantEmail].filter((email) => email !== null).map(foldEmail);
  if (known.length === 0 || grant.mailbox === null) return true;
  const answering = [grant.mailbox, ...grant.aliases].map(foldEmail);
  return answering.some((email) => known.includes(email));
}

/** A grant that was asked for by its id, as it is compared. */
export function presentGrant({ provider, email, status, aliases }: Grant): PresentGrant {
  return { provider, mailbox: email, status, aliases };
}

/** What the valid grants of one mailbox say about whether its person has signed in since our latest attempt. */
export type SignIn =
  | { readonly kind: 'signed_in'; readonly candidate: Candidate }
  /** Several grants could be meant: nobody guesses. */
  | { readonly kind: 'several'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'none' };

/** Judges the valid grants of one record's mailbox. */
export function judgeSignIn(candidates: readonly Candidate[]): SignIn {
  const [only] = candidates;
  if (only === undefined || !candidates.some(({ isNewer }) => isNewer)) return { kind: 'none' };
  return candidates.length === 1 ? { kind: 'signed_in', candidate: only } : { kind: 'several', candidates };
}
