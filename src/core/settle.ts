import { foldEmail, type Grant } from './grant.js';
import { expectedMailboxes } from './outcome.js';
import type { LegacyUser } from './record.js';

/**
 * Picks the grant that an attempt of unknown outcome made, from what Nylas lists for the mailbox: valid, of
 * the right provider and mailbox, and made or re-authenticated since the window opened (Unix seconds, Nylas'
 * clock). Null where none is surely ours; the newest where several are.
 */
export function adoptable(grants: readonly Grant[], user: LegacyUser, opensAt: number): Grant | null {
  const expected = expectedMailboxes(user);
  const ours = grants.filter(
    (grant) =>
      grant.status !== 'invalid' &&
      grant.provider === user.provider &&
      grant.email !== null &&
      expected.has(foldEmail(grant.email)) &&
      touchedAt(grant) >= opensAt,
  );
  return ours.sort((a, b) => touchedAt(b) - touchedAt(a))[0] ?? null;
}

function touchedAt(grant: Grant): number {
  return Math.max(grant.createdAt ?? 0, grant.updatedAt ?? 0);
}
