import { mailboxName } from '../../core/grant.js';
import type { GrantHolder, RecordState } from '../../core/plan.js';
import type { MailboxName, PlanningLedger } from '../../ports.js';
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

/** Records that hold a valid grant, by mailbox, in one statement for the whole batch. */
export function lookUpHolders(
  statements: LookUps,
  mailboxes: readonly MailboxName[],
): ReadonlyMap<string, GrantHolder> {
  const asked = JSON.stringify(mailboxes.map(({ provider, mailbox }) => [provider, mailbox]));
  const rows = statements.holders.all(asked);
  return new Map(rows.map(({ provider, mailbox, ...holder }) => [mailboxName(provider, mailbox), holder]));
}

/** Opens an existing ledger only to plan against it: nothing in it is changed. Throws UserError('ledger'). */
export function openPlanning(path: string): PlanningLedger & { readonly close: () => void } {
  const db = openForReading(path);
  const { statements, fingerprintKey } = guarded(path, () => ({
    statements: prepareLookUps(db),
    fingerprintKey: db.prepare<[], Buffer>('SELECT fingerprint_key FROM ledger').pluck().get(),
  }));
  return {
    fingerprintKey: fingerprintKey ?? new Uint8Array(),
    lookUp: (keys) => guarded(path, () => lookUpRecords(statements, keys)),
    holders: (mailboxes) => guarded(path, () => lookUpHolders(statements, mailboxes)),
    close: () => {
      db.close();
    },
  };
}
