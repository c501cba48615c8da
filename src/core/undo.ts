import { isObject, type Answer, type Reply } from './answer.js';
import type { Origin, Status } from './category.js';
import { foldEmail, grantOf, type Grant } from './grant.js';
import { isNotFound } from './outcome.js';

/** A submission made for a record. */
interface Submission {
  /** The earliest second, by Nylas' clock, that it can have left on a grant. */
  readonly opensAt: number;
  /** How long it went on, in milliseconds; null: no end was written down. */
  readonly lastedMs: number | null;
}

/** A record that names a grant as its own. */
export interface GrantHolder {
  readonly recordId: number;
  readonly key: string;
  readonly provider: string;
  readonly runId: number;
  readonly status: Status;
  readonly origin: Origin | null;
  readonly mailbox: string | null;
  /** As Nylas showed it when the record got the grant. */
  readonly grantEmail: string | null;
  /** As Nylas called it then, or what `verify` found last. */
  readonly grantStatus: string | null;
  /** When Nylas had last touched it then, Unix seconds by its clock; null where it wasn't kept. */
  readonly grantUpdatedAt: number | null;
  /** Somebody chose the grant for the record: it wasn't made for it. */
  readonly isChosen: boolean;
  /** Somebody decided against the grant: the record has, or waits for, another. */
  readonly isDiscarded: boolean;
  /** Of a holder that may have made the grant; else empty. */
  readonly submissions: readonly Submission[];
  /** What an earlier undo came to, if nothing was submitted since. */
  readonly lastUndo: string | null;
}

/** A grant that the ledger knows of, and every record that names it. */
export interface HeldGrant {
  readonly grantId: string;
  readonly holders: readonly GrantHolder[];
}

/** What an undo is about. */
export interface UndoSelection {
  /** Records that this run dealt with last; null: of any run. */
  readonly runId: number | null;
  /** Empty: of every provider. */
  readonly providers: ReadonlySet<string>;
  /** Record keys; null: whatever the key. */
  readonly only: ReadonlySet<string> | null;
}

/** Why a grant is left alone. */
export const LEFT_REASONS = [
  'existing',
  'reauthenticated',
  'signed_in',
  'chosen',
  'origin_unknown',
  'shared',
  'unsettled',
  'changed',
  'other_mailbox',
  'unproven',
  'refused',
] as const;

export type LeftReason = (typeof LEFT_REASONS)[number];

/** A grant that this migration made, as far as the ledger can tell: Nylas is asked before it is deleted. */
export interface UndoTarget {
  readonly grantId: string;
  /** Whose submission made it. */
  readonly maker: GrantHolder;
  /** The records that have no grant any more once it is gone. */
  readonly recordIds: readonly number[];
}

export type UndoPlan =
  /** No selected record names it. */
  | { readonly kind: 'out' }
  /** `key`: of a selected record that names it. */
  | { readonly kind: 'leave'; readonly reason: LeftReason; readonly key: string }
  | { readonly kind: 'delete'; readonly target: UndoTarget };

/**
 * Whether an undo is about a grant, and whether the ledger allows to delete it: this migration created it, no
 * record says that it was anybody else's, and every record that names it is selected and settled.
 */
export function planUndo({ grantId, holders }: HeldGrant, selection: UndoSelection): UndoPlan {
  const selected = holders.filter((holder) => isSelected(holder, selection));
  const [first] = selected;
  if (first === undefined) return { kind: 'out' };
  const reason = reasonToLeave(holders, selected);
  if (reason !== null) return { kind: 'leave', reason, key: first.key };
  const maker = holders.find(isOf('created')) ?? holders.find(isOf('adopted'));
  if (maker === undefined) return { kind: 'leave', reason: 'origin_unknown', key: first.key };
  const recordIds = holders.filter(({ isDiscarded }) => !isDiscarded).map(({ recordId }) => recordId);
  return { kind: 'delete', target: { grantId, maker, recordIds } };
}

function isSelected({ runId, provider, key }: GrantHolder, selection: UndoSelection): boolean {
  if (selection.runId !== null && selection.runId !== runId) return false;
  if (selection.providers.size > 0 && !selection.providers.has(provider)) return false;
  return selection.only?.has(key) ?? true;
}

function isOf(origin: Origin): (holder: GrantHolder) => boolean {
  return (holder) => holder.origin === origin;
}

/** What makes the grant somebody else's weighs more than what a wider selection could mend. */
function reasonToLeave(holders: readonly GrantHolder[], selected: readonly GrantHolder[]): LeftReason | null {
  const foreign = holders.map(foreignOrigin).find((reason) => reason !== null);
  if (foreign !== undefined) return foreign;
  const found = holders.map(({ lastUndo }) => lastingReason(lastUndo)).find((reason) => reason !== null);
  if (found !== undefined) return found;
  if (holders.some((holder) => !isSettled(holder))) return 'unsettled';
  return selected.length < holders.length ? 'shared' : null;
}

/** What says that the grant, or its credential, isn't of this migration's making; null: nothing does. */
function foreignOrigin({ origin, isChosen, status, grantStatus }: GrantHolder): LeftReason | null {
  if (isChosen) return 'chosen';
  if (origin === null) return 'origin_unknown';
  // By now it is of another mailbox: verify saw that.
  if (status === 'migrated' && grantStatus === 'changed') return 'other_mailbox';
  return origin === 'existing' || origin === 'reauthenticated' || origin === 'signed_in' ? origin : null;
}

/** What Nylas said once about a grant of which it can't say otherwise later. */
const LASTING: readonly LeftReason[] = ['changed', 'other_mailbox', 'unproven'];

function lastingReason(result: string | null): LeftReason | null {
  return LASTING.find((reason) => reason === result) ?? null;
}

/** An attempt of unknown outcome can have given the grant another credential. */
function isSettled({ status, isDiscarded }: GrantHolder): boolean {
  return isDiscarded || status === 'migrated' || status === 'failed';
}

/** What Nylas' answer to the question for a grant means for its deletion. */
export type Judgement =
  | { readonly kind: 'delete' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'leave'; readonly reason: LeftReason }
  /** No usable answer. */
  | { readonly kind: 'unknown' };

/** Judges the answer to `GET /v3/grants/{id}`. */
export function judgeRead(answer: Answer, target: UndoTarget): Judgement {
  if (isNotFound(answer)) return { kind: 'gone' };
  if (isRefusal(answer)) return { kind: 'leave', reason: 'refused' };
  const grant = answer.kind === 'reply' && answer.status === 200 ? grantOf(answer.body) : null;
  if (grant?.id !== target.grantId) return { kind: 'unknown' };
  const reason = whyKeep(grant, target.maker);
  return reason === null ? { kind: 'delete' } : { kind: 'leave', reason };
}

/** Whether its credential still works (`grant_status`) is no reason: it is ours all the same. */
function whyKeep(grant: Grant, maker: GrantHolder): LeftReason | null {
  if (isOfAnother(grant, maker)) return 'other_mailbox';
  const { createdAt, updatedAt } = grant;
  if (createdAt === null || updatedAt === null || !isMadeBy(maker, grant, createdAt)) return 'unproven';
  return Math.floor(updatedAt) > lastTouchOf(maker, createdAt) ? 'changed' : null;
}

function isOfAnother(grant: Grant, { provider, grantEmail, mailbox }: GrantHolder): boolean {
  const known = grantEmail ?? mailbox;
  const hasOtherEmail = grant.email !== null && known !== null && foldEmail(grant.email) !== foldEmail(known);
  return grant.provider !== provider || hasOtherEmail;
}

/** How far the end of a submission, by Nylas' clock, can be from where ours puts it. */
const CLOCK_MARGIN_S = 5;
/** A submission whose end wasn't written down is taken to have gone on for so long: the default time-out. */
const LASTED_MS_DEFAULT = 60_000;

/**
 * Whether a submission of the record's made the grant. Nylas' own answer said so where it is called `created`; one
 * that was `adopted` was only found afterwards, and the person can have signed in meanwhile: it was made while such
 * a submission went on, and carries the `state` that is the record's key.
 */
function isMadeBy({ origin, key, submissions }: GrantHolder, grant: Grant, createdAt: number): boolean {
  if (origin === 'created') return submissions.some(({ opensAt }) => createdAt >= opensAt);
  return grant.state === key && submissions.some((submission) => isWithin(submission, createdAt));
}

function isWithin({ opensAt, lastedMs }: Submission, createdAt: number): boolean {
  const lastedS = Math.ceil(Math.max(0, lastedMs ?? LASTED_MS_DEFAULT) / 1000);
  return createdAt >= opensAt && createdAt <= opensAt + lastedS + CLOCK_MARGIN_S;
}

/** Making a grant leaves its two times at most so far apart. */
const MAKING_S = 1;

/**
 * The latest second in which this migration touched a grant that it made: what its own answer said, and where that
 * wasn't kept, or came only with a look some time later, the second in which it was made.
 */
function lastTouchOf({ origin, grantUpdatedAt }: GrantHolder, createdAt: number): number {
  return origin === 'created' && grantUpdatedAt !== null ? grantUpdatedAt : Math.floor(createdAt) + MAKING_S;
}

/** What Nylas' answer to a deletion means. */
export type Deletion = 'deleted' | 'gone' | 'refused' | 'unknown';

/**
 * Sorts an answer to `DELETE /v3/grants/{id}`. `unknown`: Nylas may have acted or not, which another look tells.
 */
export function judgeDeletion(answer: Answer): Deletion {
  if (answer.kind === 'fault') return 'unknown';
  if (isNotFound(answer)) return 'gone';
  if (isRefusal(answer)) return 'refused';
  const isSuccess = answer.status >= 200 && answer.status < 300;
  return isSuccess && isOwnSuccess(answer) ? 'deleted' : 'unknown';
}

/** A 4xx in Nylas' own form, but for those that will pass. */
function isRefusal(answer: Answer): boolean {
  if (answer.kind === 'fault' || answer.status < 400 || answer.status >= 500) return false;
  const isPassing = answer.status === 429 || answer.status === 408;
  return !isPassing && isObject(answer.body) && isObject(answer.body['error']);
}

/** `{ request_id }`, or nothing at all: what a proxy says instead of Nylas is neither. */
function isOwnSuccess({ body, excerpt }: Reply): boolean {
  return isObject(body) || (body === undefined && excerpt === '');
}
