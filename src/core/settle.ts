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

/**
 * Picks the grant that an attempt of unknown outcome made, from those listed since the window opened, by the
 * `state` that was submitted with it. The state is a hint and no proof, so: it is the record's own key (a
 * column of the user's may give many rows the same), and the grant was made (not renewed) in the window, is
 * valid, of the right provider, not of another mailbox, and the only one of its kind.
 */
export function adoptableByState(grants: readonly Grant[], user: LegacyUser, opensAt: number): Grant | null {
  if (user.body.state !== user.key) return null;
  const expected = expectedMailboxes(user);
  const ours = grants.filter(
    (grant) =>
      grant.status !== 'invalid' &&
      grant.provider === user.provider &&
      grant.state === user.body.state &&
      (grant.createdAt ?? 0) >= opensAt &&
      (grant.email === null || expected.size === 0 || expected.has(foldEmail(grant.email))),
  );
  return ours.length === 1 ? (ours[0] ?? null) : null;
}

function touchedAt(grant: Grant): number {
  return Math.max(grant.createdAt ?? 0, grant.updatedAt ?? 0);
}
