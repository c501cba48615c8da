import { foldEmail, type Grant } from '../../core/grant.js';
import type { SeenRow } from './writes.js';

/** A listed grant as `grants_seen` keeps it: its `state` only by the name that `nameState` gives it. */
export function seenRow(
  grant: Grant,
  listingId: number,
  nameState: (state: string) => string,
): Record<string, unknown> {
  const { id, provider, email, state, status, scope, createdAt, updatedAt } = grant;
  return {
    id,
    provider,
    mailbox: email === null ? null : foldEmail(email),
    state: state === null ? null : nameState(state),
    status,
    scope: scope.length === 0 ? null : scope.join(' '),
    createdAt: createdAt === null ? null : Math.floor(createdAt),
    updatedAt: updatedAt === null ? null : Math.floor(updatedAt),
    listingId,
  };
}

/** A grant as it was listed, but for what isn't kept of it. `state`: what its row was found by. */
export function grantOfSeen(row: SeenRow, state: string): Grant {
  return {
    id: row.grantId,
    provider: row.provider,
    email: row.mailbox,
    status: row.status,
    scope: row.scope?.split(' ') ?? [],
    state,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    aliases: [],
  };
}
