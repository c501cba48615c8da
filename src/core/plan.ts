import type { Category, Status } from './category.js';
import type { LegacyUser } from './record.js';

/** What the ledger knows of a record when a row for it is read. */
export interface RecordState {
  readonly key: string;
  readonly status: Status;
  readonly category: Category | null;
  readonly fingerprint: string | null;
  readonly attempts: number;
  /** Unix milliseconds: neither submitted nor looked for before this. */
  readonly notBeforeMs: number | null;
  /** When the earliest attempt started whose outcome is still unknown, in Unix milliseconds. */
  readonly doubtSinceMs: number | null;
}

/** Another record that holds a valid grant for the same mailbox. */
export interface GrantHolder {
  readonly key: string;
  readonly grantId: string;
  readonly scope: string | null;
}

/** All that a row's plan depends on. */
export interface PlanView {
  readonly record: RecordState | null;
  readonly holder: GrantHolder | null;
  /** Whether this record, or any record with this email, is being worked on in this process. */
  readonly inFlight: boolean;
  /** The line that named this record before, in this reading of the file. */
  readonly seenOnLine: number | null;
  /** The row's fingerprint: computed only where it is needed. */
  readonly fingerprint: () => string;
}

export interface PlanPolicy {
  /** What `--retry` reopens. */
  readonly retry: ReadonlySet<RetryTarget>;
  readonly nowMs: number;
}

export type RetryTarget = Category | 'in_doubt' | 'undone';

export type Plan =
  | { readonly kind: 'submit' }
  /** An attempt's outcome is unknown: look for its grant before submitting again. */
  | { readonly kind: 'settle' }
  /** The mailbox already has a grant through another record. */
  | { readonly kind: 'share'; readonly holder: GrantHolder }
  /** This record, or its mailbox, is being worked on: plan again when that is over. */
  | { readonly kind: 'wait_for_other' }
  | { readonly kind: 'wait_until'; readonly notBeforeMs: number; readonly bucket: 'waiting' | 'in_doubt' }
  | { readonly kind: 'done' }
  | { readonly kind: 'duplicate'; readonly ofLine: number }
  /** Failed for good with this same credential. */
  | { readonly kind: 'skip' }
  /** In doubt, and nothing to look it up by. */
  | { readonly kind: 'unsettled' };

/**
 * Plans a row against the ledger: one rule, whether the record was last touched a second or a week ago.
 */
export function planRow(user: LegacyUser, view: PlanView, policy: PlanPolicy): Plan {
  const plan = planRecord(user, view, policy);
  const isIdle = plan.kind === 'done' || plan.kind === 'skip' || plan.kind === 'unsettled';
  return isIdle && view.seenOnLine !== null ? { kind: 'duplicate', ofLine: view.seenOnLine } : plan;
}

function planRecord(user: LegacyUser, view: PlanView, policy: PlanPolicy): Plan {
  if (view.record?.status === 'migrated') return { kind: 'done' };
  if (view.inFlight) return { kind: 'wait_for_other' };
  const { record } = view;
  if (record === null) return shareOr(view.holder, { kind: 'submit' });
  switch (record.status) {
    case 'migrated':
      return { kind: 'done' };
    case 'submitting':
    case 'in_doubt':
      return planDoubt(user, record, policy);
    case 'pending':
      return shareOr(view.holder, waitOr({ kind: 'submit' }, record, 'waiting', policy));
    case 'failed':
      return shareOr(view.holder, planFailed(record, view, policy));
    case 'undone':
      return policy.retry.has('undone') ? shareOr(view.holder, { kind: 'submit' }) : { kind: 'skip' };
  }
}

function planDoubt(user: LegacyUser, record: RecordState, policy: PlanPolicy): Plan {
  if (user.mailbox !== null) return waitOr({ kind: 'settle' }, record, 'in_doubt', policy);
  return policy.retry.has('in_doubt')
    ? waitOr({ kind: 'submit' }, record, 'in_doubt', policy)
    : { kind: 'unsettled' };
}

function planFailed(record: RecordState, view: PlanView, policy: PlanPolicy): Plan {
  const reopened = record.category !== null && policy.retry.has(record.category);
  return reopened || record.fingerprint !== view.fingerprint() ? { kind: 'submit' } : { kind: 'skip' };
}

function shareOr(holder: GrantHolder | null, otherwise: Plan): Plan {
  return holder === null ? otherwise : { kind: 'share', holder };
}

function waitOr(plan: Plan, record: RecordState, bucket: 'waiting' | 'in_doubt', policy: PlanPolicy): Plan {
  const notBeforeMs = record.notBeforeMs ?? 0;
  return notBeforeMs > policy.nowMs ? { kind: 'wait_until', notBeforeMs, bucket } : plan;
}
