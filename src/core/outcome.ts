import { isObject, textOrNull, type Answer, type Reply } from './answer.js';
import type { Category } from './category.js';
import { foldEmail, grantOf, type Grant } from './grant.js';
import type { LegacyUser } from './record.js';
import type { Scrub } from './scrub.js';

/** What a refusal is about: it decides whether more than this one record is concerned. */
export type RefusalScope =
  | 'record'
  /** The application may have no connector for the provider. */
  | 'connector'
  /** The connector's client may not be the one that the provider knows. */
  | 'client'
  | 'key';

/** How a grant came to be, as far as a submission and the look after it can tell. */
type GrantOrigin = 'created' | 'reauthenticated' | 'adopted' | 'existing';

/** What one submission came to. */
export type Outcome =
  /** A grant for the mailbox that was asked for (or one that names none). */
  | { readonly kind: 'granted'; readonly grant: Grant; readonly origin: GrantOrigin }
  /** A grant, but Nylas already knows that its credential doesn't work. */
  | { readonly kind: 'granted_invalid'; readonly grant: Grant }
  /** A grant whose mailbox is another than the row's: its aliases decide. */
  | { readonly kind: 'granted_other'; readonly grant: Grant; readonly origin: GrantOrigin }
  | { readonly kind: 'refused'; readonly category: Category; readonly scope: RefusalScope }
  | {
      readonly kind: 'throttled';
      readonly by: 'application' | 'provider';
      readonly retryAfter: string | null;
    }
  /** The request surely never left: it can be sent again at once. */
  | { readonly kind: 'unreachable' }
  /** It went out and nothing trustworthy came back: Nylas may have acted. */
  | { readonly kind: 'in_doubt' };

/** The `created_at` (Unix seconds, Nylas' clock) of what a submission itself made: both ends belong to it. */
export interface MadeWindow {
  readonly opensAt: number;
  readonly closesAt: number;
}

/** What the ledger keeps of an answer, free of secrets. */
export interface Evidence {
  readonly httpStatus: number | null;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  readonly providerError: string | null;
  readonly requestId: string | null;
  readonly fastlyId: string | null;
}

interface NylasError {
  readonly type: string;
  readonly message: string;
  readonly providerError: unknown;
}

/**
 * Sorts an answer to `POST /v3/connect/custom`. Everything after the first byte went out is in doubt, except
 * a 2xx with a grant, a 429, and a 4xx in Nylas' own JSON shape. `window`: null where nothing is known of Nylas'
 * clock.
 */
export function classifyOutcome(answer: Answer, user: LegacyUser, window: MadeWindow | null): Outcome {
  if (answer.kind === 'fault') return answer.left ? { kind: 'in_doubt' } : { kind: 'unreachable' };
  if (answer.status >= 200 && answer.status < 300) return classifySuccess(answer, user, window);
  const error = nylasErrorOf(answer.body);
  if (answer.status === 429) return classifyThrottle(answer, error);
  // 408 is an answer about time, not about the row: what became of the request is unknown.
  if (answer.status < 400 || answer.status >= 500 || answer.status === 408 || error === null) {
    return { kind: 'in_doubt' };
  }
  return { kind: 'refused', ...classifyRefusal(answer.status, error) };
}

/** What is worth remembering of an answer, for the ledger and for Nylas' support; `scrub` cleans all of it. */
export function evidenceOf(answer: Answer, scrub: Scrub): Evidence {
  if (answer.kind === 'fault') {
    return { ...NO_EVIDENCE, errorType: `network.${answer.fault}`, errorMessage: scrub(answer.detail) };
  }
  const error = nylasErrorOf(answer.body);
  const kept = (text: string | null): string | null =>
    text === null ? null : scrub(text.slice(0, EVIDENCE_READ_MAX)).slice(0, EVIDENCE_LENGTH_MAX);
  return {
    httpStatus: answer.status,
    errorType: kept(error?.type ?? null),
    errorMessage: kept(error?.message ?? textOrNull(answer.excerpt)),
    providerError: kept(error?.providerError === undefined ? null : JSON.stringify(error.providerError)),
    requestId: kept(answer.requestId),
    fastlyId: kept(answer.fastlyId),
  };
}

export const NO_EVIDENCE: Evidence = {
  httpStatus: null,
  errorType: null,
  errorMessage: null,
  providerError: null,
  requestId: null,
  fastlyId: null,
};

/** Longer than any message of Nylas' or a provider's; a ledger is not the place for a server's novel. */
const EVIDENCE_LENGTH_MAX = 2_000;
/** So much of a text is scrubbed at all: a few megabytes would hold up everything else. */
const EVIDENCE_READ_MAX = 32_000;

/** Whether an answer to any call says that the API key itself is refused. */
export function refusesKey(answer: Answer): boolean {
  if (answer.kind === 'fault') return false;
  const error = nylasErrorOf(answer.body);
  return error !== null && classifyRefusal(answer.status, error).scope === 'key';
}

/** Whether Nylas itself says that what was asked for isn't there. */
export function isNotFound(answer: Answer): boolean {
  return answer.kind === 'reply' && answer.status === 404 && nylasErrorOf(answer.body) !== null;
}

/** The mailboxes a row can rightly be answered with: its email and the user names it logs in by. */
export function expectedMailboxes(user: LegacyUser): ReadonlySet<string> {
  const { settings } = user.body;
  const names = [user.email, settings['email'], settings['email_address'], settings['username']];
  names.push(settings['imap_username'], settings['ews_username']);
  return new Set(names.filter((name) => typeof name === 'string').map(foldEmail));
}

/** Whether Nylas itself answered: a provider that it waited for in vain is no outage of Nylas'. */
export function isNylasUp(answer: Answer): boolean {
  if (answer.kind === 'fault') return false;
  return answer.status < 500 || isProviderSilent(answer);
}

/** Nylas waited for the provider in vain. */
export function isProviderSilent(answer: Answer): boolean {
  if (answer.kind === 'fault' || answer.status !== 504) return false;
  return nylasErrorOf(answer.body)?.type === 'api.provider_error';
}

/** Whether an answer to any call is a 429 of Nylas' own, which concerns all calls. */
export function isOwnThrottle(answer: Answer): answer is Reply {
  if (answer.kind === 'fault' || answer.status !== 429) return false;
  return !hasProviderError(nylasErrorOf(answer.body));
}

function classifySuccess(reply: Reply, user: LegacyUser, window: MadeWindow | null): Outcome {
  const grant = grantOf(reply.body);
  if (grant === null) return { kind: 'in_doubt' };
  if (grant.status === 'invalid') return { kind: 'granted_invalid', grant };
  const origin = originOf(grant, window);
  return { kind: isOtherMailbox(grant, user) ? 'granted_other' : 'granted', grant, origin };
}

/** A login name that is no address doesn't say which mailbox it opens: alone it contradicts none. */
function isOtherMailbox(grant: Grant, user: LegacyUser): boolean {
  const expected = expectedMailboxes(user);
  const namesMailbox = user.email !== null || [...expected].some((name) => name.includes('@'));
  return namesMailbox && grant.email !== null && !expected.has(foldEmail(grant.email));
}

/** Nylas upserts: a grant older than our request was there before us, and what is of no known age may be. */
function originOf({ createdAt }: Grant, window: MadeWindow | null): 'created' | 'reauthenticated' {
  if (createdAt === null || window === null) return 'reauthenticated';
  const isNew = createdAt >= window.opensAt && createdAt <= window.closesAt;
  return isNew ? 'created' : 'reauthenticated';
}

function classifyThrottle(reply: Reply, error: NylasError | null): Outcome {
  const by = hasProviderError(error) ? 'provider' : 'application';
  return { kind: 'throttled', by, retryAfter: reply.retryAfter };
}

function hasProviderError(error: NylasError | null): boolean {
  return error?.providerError !== undefined && error.providerError !== null;
}

interface Refusal {
  readonly category: Category;
  readonly scope: RefusalScope;
}

const REAUTH: Refusal = { category: 'needs_reauth', scope: 'record' };
const ADMIN: Refusal = { category: 'needs_admin', scope: 'record' };
const REJECTED: Refusal = { category: 'rejected', scope: 'record' };
const BLOCKED: Refusal = { category: 'blocked', scope: 'record' };
const NO_CONNECTOR: Refusal = { category: 'misconfigured', scope: 'connector' };
const WRONG_CLIENT: Refusal = { category: 'misconfigured', scope: 'client' };
/** One tenant lacks the application; over several it is the connector's client that is wrong. */
const UNKNOWN_CLIENT: Refusal = { category: 'needs_admin', scope: 'client' };
const WRONG_KEY: Refusal = { category: 'misconfigured', scope: 'key' };

/** Microsoft's and Google's words for "an administrator must act". */
const ADMIN_WORDS = /AADSTS(65001|90094)\b|admin_policy_enforced|org_internal/;
/** Microsoft: the application isn't found in the tenant. */
const UNKNOWN_CLIENT_WORDS = /AADSTS700016\b/;
const CLIENT_ERRORS = new Set(['invalid_client', 'unauthorized_client']);
const REAUTH_ERRORS = new Set(['invalid_grant', 'interaction_required', 'consent_required']);
const REAUTH_MESSAGE = /invalid or revoked refresh token/i;

function classifyRefusal(status: number, error: NylasError): Refusal {
  if (status === 423 || error.type === 'api.resource_blocked') return BLOCKED;
  if (status === 401 || status === 403 || error.type === 'token.unauthorized_access') return WRONG_KEY;
  if (status === 404) return NO_CONNECTOR;
  return classifyByProvider(error);
}

/** What the provider said, as far as Nylas passed it on. */
function classifyByProvider(error: NylasError): Refusal {
  const words = JSON.stringify(error.providerError ?? null) + error.message;
  if (UNKNOWN_CLIENT_WORDS.test(words)) return UNKNOWN_CLIENT;
  if (ADMIN_WORDS.test(words)) return ADMIN;
  const code = providerErrorCode(error.providerError);
  if (code !== null && CLIENT_ERRORS.has(code)) return WRONG_CLIENT;
  if (code !== null && REAUTH_ERRORS.has(code)) return REAUTH;
  if (error.type === 'token.exchange_failed' || REAUTH_MESSAGE.test(error.message)) return REAUTH;
  return REJECTED;
}

function providerErrorCode(providerError: unknown): string | null {
  if (typeof providerError === 'string') return providerError;
  if (!isObject(providerError)) return null;
  return textOrNull(providerError['error']) ?? textOrNull(providerError['type']);
}

/** Nylas' own error shape: `{ request_id, error: { type, message, provider_error? } }`. */
function nylasErrorOf(body: unknown): NylasError | null {
  if (!isObject(body) || !isObject(body['error'])) return null;
  const { type, message, provider_error: providerError } = body['error'];
  if (typeof type !== 'string') return null;
  return { type, message: typeof message === 'string' ? message : '', providerError };
}
