import type { Category, Status } from './category.js';
import type { Loss } from './ledger-rows.js';

/** What the ledger knows of a record when a row for it is read. */
export interface RecordState {
  readonly key: string;
  readonly status: Status;
  readonly category: Category | null;
  readonly fingerprint: string | null;
  readonly attempts: number;
  /** The earliest second, by Nylas' clock, that the latest submission can have left on a grant; null: none. */
  readonly lastOpensAt: number | null;
  /** Unix milliseconds: neither submitted nor looked for before this. */
  readonly notBeforeMs: number | null;
  /** Likewise of the earliest submission whose outcome is still unknown; null: there is none. */
  readonly doubtOpensAt: number | null;
  /** Looks in a row that found nothing since the latest submission. */
  readonly emptyLooks: number;
  /** As Nylas called it, or what `verify` found last. */
  readonly grantStatus: string | null;
}

/** A valid grant for the row's mailbox. */
export interface MailboxGrant {
  readonly grantId: string;
  readonly scope: string | null;
}

/** A valid grant as Nylas listed it; times in Unix seconds by Nylas' clock. */
export interface SeenGrant extends MailboxGrant {
  readonly createdAt: number | null;
  readonly updatedAt: number | null;
  /** The listing that brought it last. */
  readonly listingId: number;
}

/** The grants known for one mailbox. */
export interface KnownGrants {
  /** A valid one that another record of this ledger holds. */
  readonly holder: MailboxGrant | null;
  /** A valid one that Nylas listed. */
  readonly seen: SeenGrant | null;
  /** Whether Nylas listed any, a placeholder that isn't valid included. */
  readonly listed: boolean;
  /** That an attempt for the mailbox may have made one, whichever record it was for. */
  readonly doubt: MailboxDoubt | null;
}

/** Attempts of unknown outcome for one mailbox. */
interface MailboxDoubt {
  /** The earliest second, by Nylas' clock, that any of them can have left on a grant; null: not known. */
  readonly opensAt: number | null;
  /** Unix milliseconds: not looked for before this. */
  readonly notBeforeMs: number | null;
}

export const NO_GRANTS: KnownGrants = { holder: null, seen: null, listed: false, doubt: null };

/** All that a row's plan depends on. */
export interface PlanView extends KnownGrants {
  readonly record: RecordState | null;
  /** Whether this record, or any record with this email, is being worked on in this process. */
  readonly inFlight: boolean;
  /** Another line of this file that names the record and was read, or had its turn, before; null: there is none. */
  readonly seenOnLine: number | null;
  /** Whether this row itself has been begun, and comes back from waiting. */
  readonly isBegun: boolean;
  /** The row's fingerprint: computed only where it is needed. */
  readonly fingerprint: () => string;
}

export interface PlanPolicy {
  /** What `--retry` reopens. */
  readonly retry: ReadonlySet<RetryTarget>;
  /** Whether a healthy grant that was there before us is left alone or given the row's credential. */
  readonly existing: 'skip' | 'reauthenticate';
  readonly nowMs: number;
  /** A grant that only earlier listings brought can be gone by now. */
  readonly firstListingId: number;
}

/** What `--retry` reopens of migrated records: their grant was lost since. */
export const RETRIED_LOSSES = ['missing', 'invalid', 'unusable'] as const satisfies readonly Loss[];

export type RetryTarget = Category | 'in_doubt' | 'undone' | (typeof RETRIED_LOSSES)[number];

/** What `--retry` calls the state that a record is in; null: it needs no other try. */
export function retryTargetOf(record: RecordState): RetryTarget | null {
  const { status, category, doubtOpensAt, grantStatus } = record;
  if (status === 'migrated') return RETRIED_LOSSES.find((loss) => loss === grantStatus) ?? null;
  if (status === 'undone') return 'undone';
  return status === 'in_doubt' || status === 'submitting' || doubtOpensAt !== null ? 'in_doubt' : category;
}

export type Plan =
  | { readonly kind: 'submit' }
  /** An attempt's outcome is unknown: look for its grant before submitting again. */
  | { readonly kind: 'settle' }
  /** The mailbox has a healthy grant already: it becomes the record's, and nothing is submitted. */
  | { readonly kind: 'take'; readonly origin: TakenOrigin; readonly grant: MailboxGrant }
  /** The mailbox had a healthy grant when an earlier run listed it: ask for it, then plan again. */
  | { readonly kind: 'confirm'; readonly grantId: string }
  /** This record, or its mailbox, is being worked on: plan again when that is over. */
  | { readonly kind: 'wait_for_other' }
  | { readonly kind: 'wait_until'; readonly notBeforeMs: number; readonly bucket: 'waiting' | 'in_doubt' }
  | { readonly kind: 'done' }
  | { readonly kind: 'duplicate'; readonly ofLine: number }
  /** Failed for good with this same credential. */
  | { readonly kind: 'skip' };

/** Through another record; there before us; made by the person themselves since our latest attempt. */
export type TakenOrigin = 'shared' | 'existing' | 'signed_in';

/**
 * Plans a row against the ledger: one rule, whether the record was last touched a second or a week ago.
 */
export function planRow(view: PlanView, policy: PlanPolicy): Plan {
  const { record, seenOnLine, isBegun } = view;
  if (seenOnLine === null) return planRecord(view, policy);
  // With the same credential it could only repeat what the other line brings.
  if (!isBegun && record?.fingerprint === view.fingerprint())
    return { kind: 'duplicate', ofLine: seenOnLine };
  const plan = planRecord(view, policy);
  const isIdle = plan.kind === 'done' || plan.kind === 'skip';
  return isIdle ? { kind: 'duplicate', ofLine: seenOnLine } : plan;
}

function planRecord(view: PlanView, policy: PlanPolicy): Plan {
  const { record } = view;
  if (record?.status === 'migrated' && !isReopened(record, policy)) return { kind: 'done' };
  if (view.inFlight) return { kind: 'wait_for_other' };
  if (isTakenForHealthy(record)) return { kind: 'submit' };
  if (record?.status === 'in_doubt' || record?.status === 'submitting') {
    return waitOr({ kind: 'settle' }, record, 'in_doubt', policy);
  }
  if (record?.status === 'undone' && !policy.retry.has('undone')) return { kind: 'skip' };
  return takeOf(view, policy) ?? planWithoutGrant(view, policy);
}

/** Nylas still calls the grant valid that can't be used: it would be found for its own successor. */
function isTakenForHealthy(record: RecordState | null): boolean {
  return record?.status === 'migrated' && record.grantStatus === 'unusable';
}

function isReopened(record: RecordState, policy: PlanPolicy): boolean {
  const target = retryTargetOf(record);
  return target !== null && policy.retry.has(target);
}

/** A healthy grant for the mailbox is never given an older credential, unless that was asked for. */
function takeOf({ record, holder, seen }: PlanView, policy: PlanPolicy): Plan | null {
  if (holder !== null) return { kind: 'take', origin: 'shared', grant: holder };
  const origin = seen === null ? null : originOf(record, seen, policy);
  if (seen === null || origin === null) return null;
  if (seen.listingId < policy.firstListingId) return { kind: 'confirm', grantId: seen.grantId };
  return { kind: 'take', origin, grant: seen };
}

/** How a listed grant would come to be the record's; null: not without a look, or not at all. */
function originOf(record: RecordState | null, seen: SeenGrant, policy: PlanPolicy): TakenOrigin | null {
  if (record !== null && touchedSince(record, seen)) {
    // An attempt of ours whose answer was lost may have made it: the look tells.
    return record.doubtOpensAt === null ? 'signed_in' : null;
  }
  return policy.existing === 'skip' ? 'existing' : null;
}

/** Whether the grant is no older than our latest attempt, or than the earliest whose outcome is unknown. */
function touchedSince(record: RecordState, seen: SeenGrant): boolean {
  const opensAt = record.doubtOpensAt ?? record.lastOpensAt;
  return opensAt !== null && Math.max(seen.createdAt ?? 0, seen.updatedAt ?? 0) >= opensAt;
}

/** What another record's lost attempt made is this one's too: it is looked for before another is sent. */
function planWithoutGrant(view: PlanView, policy: PlanPolicy): Plan {
  const plan = planAlone(view, policy);
  return plan.kind === 'submit' && view.doubt !== null
    ? waitOr({ kind: 'settle' }, view.doubt, 'waiting', policy)
    : plan;
}

function planAlone(view: PlanView, policy: PlanPolicy): Plan {
  const { record } = view;
  if (record === null) return { kind: 'submit' };
  if (record.status === 'migrated') return { kind: 'submit' };
  if (record.status === 'failed') return planFailed(record, view, policy);
  // A submission that was throttled, never sent or the last of its run leaves an older doubt as it was.
  return waitOr({ kind: record.doubtOpensAt === null ? 'submit' : 'settle' }, record, 'waiting', policy);
}

function planFailed(record: RecordState, view: PlanView, policy: PlanPolicy): Plan {
  const reopened = record.category !== null && policy.retry.has(record.category);
  return reopened || record.fingerprint !== view.fingerprint() ? { kind: 'submit' } : { kind: 'skip' };
}

function waitOr(
  plan: Plan,
  due: Pick<RecordState, 'notBeforeMs'>,
  bucket: 'waiting' | 'in_doubt',
  policy: PlanPolicy,
): Plan {
  const notBeforeMs = due.notBeforeMs ?? 0;
  return notBeforeMs > policy.nowMs ? { kind: 'wait_until', notBeforeMs, bucket } : plan;
}
