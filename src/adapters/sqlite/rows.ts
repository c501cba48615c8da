import type { RecordChange } from '../../core/change.js';
import type { Decided, RecordEntry } from '../../ports/ledger.js';

/** A record's row as the statements name its columns. */
export function rowOf(runId: number, entry: RecordEntry): Record<string, unknown> {
  const { key, provider, email, mailbox, accountId, credentialId, carried, line } = entry.user;
  const { fingerprint, atMs } = entry;
  const row = { runId, key, provider, email, mailbox, accountId, credentialId, line, fingerprint, atMs };
  return { ...row, carried: jsonOrNull(carried) };
}

export function decisionRow(runId: number, { held, grant, ...decided }: Decided): Record<string, unknown> {
  return {
    ...decided,
    runId,
    recordId: held.recordId,
    heldGrantId: held.grantId,
    heldEmail: held.answeredEmail,
    heldOrigin: held.origin,
    grantId: grant?.id ?? null,
    grantStatus: grant?.status ?? null,
    grantEmail: grant?.email ?? null,
    scope: grant?.scope ?? null,
    origin: grant?.origin ?? null,
  };
}

/** A change without its layers. */
export function flat(change: RecordChange): Record<string, unknown> {
  const { status, category, grant, notBeforeMs } = change;
  return {
    status,
    category,
    notBeforeMs,
    grantId: grant?.id ?? null,
    grantStatus: grant?.status ?? null,
    grantEmail: grant?.email ?? null,
    scope: grant?.scope ?? null,
    grantUpdatedAt: grant?.updatedAt ?? null,
    origin: grant?.origin ?? null,
    inDoubt: change.inDoubt ? 1 : 0,
    counts: change.counts ? 1 : 0,
  };
}

/** Null where there is nothing. */
export function jsonOrNull(carried: Readonly<Record<string, string>>): string | null {
  return Object.keys(carried).length === 0 ? null : JSON.stringify(carried);
}
