/** Why a record has no grant yet; it decides what the next run does and who must act. */
export const CATEGORIES = [
  'needs_reauth',
  'needs_admin',
  'rejected',
  'blocked',
  'email_mismatch',
  'misconfigured',
  'throttled',
  'unavailable',
] as const;

export type Category = (typeof CATEGORIES)[number];

export const STATUSES = ['pending', 'submitting', 'in_doubt', 'migrated', 'failed', 'undone'] as const;

export type Status = (typeof STATUSES)[number];

/** How a migrated record came by its grant. */
export type Origin =
  /** Made by our submission. */
  | 'created'
  /** There before; our submission gave it the row's credential. */
  | 'reauthenticated'
  /** Found when an attempt of unknown outcome was looked up. */
  | 'adopted'
  /** There before us, healthy, and left alone. */
  | 'existing'
  /** Another record of the same mailbox got it. */
  | 'shared'
  /** The person signed in by themselves after our attempt. */
  | 'signed_in';

interface Handling {
  /** Whether a person must act before another try makes sense; otherwise the record stays `pending`. */
  readonly failed: boolean;
  readonly who: string;
  readonly what: string;
  readonly remedy: string;
}

/** One row a category: what it means, who must act, and what to do. */
export const HANDLING: Readonly<Record<Category, Handling>> = {
  needs_reauth: {
    failed: true,
    who: 'the user',
    what: 'the credential is no longer accepted',
    remedy: 'this person must sign in again',
  },
  needs_admin: {
    failed: true,
    who: 'an administrator',
    what: 'consent or policy of their domain',
    remedy: 'an administrator of this domain must consent',
  },
  rejected: {
    failed: true,
    who: 'you',
    what: "the row's content was refused",
    remedy: 'fix this row and run again',
  },
  blocked: { failed: true, who: "Nylas' support", what: 'blocked by Nylas', remedy: "ask Nylas' support" },
  email_mismatch: {
    failed: true,
    who: 'you',
    what: 'another mailbox answered',
    remedy: 'check whose mailbox it is, then decide: resolve KEY --accept, --reject or --grant ID',
  },
  misconfigured: {
    failed: false,
    who: 'you',
    what: 'connector or API key',
    remedy: 'fix the connector or the key, then run again',
  },
  throttled: { failed: false, who: 'nobody', what: 'provider or Nylas busy', remedy: 'run again' },
  unavailable: { failed: false, who: 'nobody', what: 'no usable answer came', remedy: 'run again' },
};
