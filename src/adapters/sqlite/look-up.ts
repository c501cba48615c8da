import { mailboxName } from '../../core/grant.js';
import { NO_GRANTS, type KnownGrants, type RecordState } from '../../core/plan.js';
import type { MailboxName, PlanningLedger } from '../../ports/ledger.js';
import { guarded, openForReading } from './open.js';
import { prepareLookUps, type LookUps } from './writes.js';

/** Records by key, in one statement for the whole batch. */
export function lookUpRecords(
  statements: LookUps,
  keys: readonly string[],
): ReadonlyMap<string, RecordState> {
  const rows = statements.lookUp.all(JSON.stringify(keys));
  return new Map(rows.map((row) => [row.key, row]));
}

/** The places of those keys whose records aren't migrated, likewise: nearly none where a file is run again. */
export function lookUpUnmigrated(statements: LookUps, keys: readonly (string | null)[]): ReadonlySet<number> {
  return new Set(statements.unmigrated.all(JSON.stringify(keys)));
}

/** The grants of each mailbox, in one statement each for the whole batch. */
export function lookUpGrants(
  statements: LookUps,
  mailboxes: readonly MailboxName[],
): ReadonlyMap<string, KnownGrants> {
  const asked = JSON.stringify(mailboxes.map(({ provider, mailbox }) => [provider, mailbox]));
  const grants = new Map<string, KnownGrants>();
  for (const { grantId, status, scope, createdAt, updatedAt, listingId, ...row } of statements.seen.all(
    asked,
  )) {
    const name = mailboxName(row.provider, row.mailbox ?? '');
    const isValid = (status ?? 'valid') === 'valid';
    const seen = isValid
      ? { grantId, scope, createdAt, updatedAt, listingId }
      : (grants.get(name)?.seen ?? null);
    grants.set(name, { ...NO_GRANTS, seen, listed: true });
  }
  for (const { provider, mailbox, ...holder } of statements.holders.all(asked)) {
    const name = mailboxName(provider, mailbox);
    grants.set(name, { ...(grants.get(name) ?? NO_GRANTS), holder });
  }
  for (const { provider, mailbox, ...doubt } of statements.doubts.all(asked)) {
    const name = mailboxName(provider, mailbox);
    grants.set(name, { ...(grants.get(name) ?? NO_GRANTS), doubt });
  }
  return grants;
}

/** Opens an existing ledger only to plan against it: nothing in it is changed. Throws UserError('ledger'). */
export function openPlanning(path: string): PlanningLedger & { readonly close: () => void } {
  const db = openForReading(path);
  const { statements, identity } = guarded(path, () => ({
    statements: prepareLookUps(db),
    identity: db
      .prepare<[], { key: Buffer; keying: string | null }>(
        'SELECT fingerprint_key AS key, keying FROM ledger',
      )
      .get(),
  }));
  return {
    fingerprintKey: identity?.key ?? new Uint8Array(),
    keying: identity?.keying ?? null,
    lookUp: (keys) => guarded(path, () => lookUpRecords(statements, keys)),
    unmigrated: (keys) => guarded(path, () => lookUpUnmigrated(statements, keys)),
    knownGrants: (mailboxes) => guarded(path, () => lookUpGrants(statements, mailboxes)),
    close: () => {
      db.close();
    },
  };
}
