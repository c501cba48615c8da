import { foldEmail, type Grant } from '../../core/grant.js';
import type { SeenRow } from './writes.js';

/** A listed grant as `grants_seen` keeps it. */
export function seenRow(grant: Grant, listingId: number): Record<string, unknown> {
  const { id, provider, email, state, status, scope, createdAt, updatedAt } = grant;
  return {
    id,
    provider,
    mailbox: email === null ? null : foldEmail(email),
    state,
    status,
    scope: scope.length === 0 ? null : scope.join(' '),
    createdAt: createdAt === null ? null : Math.floor(createdAt),
    updatedAt: updatedAt === null ? null : Math.floor(updatedAt),
    listingId,
  };
}

/** A grant as it was listed, but for what isn't kept of it. */
export function grantOfSeen(row: SeenRow): Grant {
  return {
    id: row.grantId,
    provider: row.provider,
    email: row.mailbox,
    status: row.status,
    scope: row.scope?.split(' ') ?? [],
    state: row.state,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    aliases: [],
  };
}
