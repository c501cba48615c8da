import { isObject, textOrNull } from './answer.js';
import { EMAIL_LENGTH_MAX, KEY_LENGTH_MAX } from './plain.js';
import { REDACTED } from './scrub.js';

/** A grant as far as a migration needs it. Nylas documents id, provider, scope and created_at as always there. */
export interface Grant {
  readonly id: string;
  readonly provider: string | null;
  readonly email: string | null;
  readonly status: string | null;
  readonly scope: readonly string[];
  readonly state: string | null;
  /** Unix seconds, by Nylas' clock. */
  readonly createdAt: number | null;
  readonly updatedAt: number | null;
  readonly aliases: readonly string[];
}

const GRANT_ID_LENGTH_MAX = 200;
/** Longer than any provider's or status' name. */
const WORD_LENGTH_MAX = 64;
/** No provider knows as many scopes; what is beyond isn't kept. */
const SCOPES_MAX = 200;
const SCOPE_LENGTH_MAX = 300;
/** The end of the year 9999: a later second is no time, and SQLite couldn't keep it. */
const SECONDS_MAX = 253_402_300_799;

/** Reads one Grant object; null where there is no usable id. */
function parseGrant(value: unknown): Grant | null {
  if (!isObject(value)) return null;
  const id = textOrNull(value['id']);
  // An id that our key was taken out of names nothing.
  if (id === null || id.length > GRANT_ID_LENGTH_MAX || id.includes(REDACTED)) return null;
  return {
    id,
    provider: cut(value['provider'], WORD_LENGTH_MAX),
    email: cut(value['email'], EMAIL_LENGTH_MAX),
    status: cut(value['grant_status'], WORD_LENGTH_MAX),
    scope: texts(value['scope'])
      .slice(0, SCOPES_MAX)
      .map((scope) => scope.slice(0, SCOPE_LENGTH_MAX)),
    state: cut(value['state'], KEY_LENGTH_MAX),
    createdAt: secondsOrNull(value['created_at']),
    updatedAt: secondsOrNull(value['updated_at']),
    aliases: texts(value['email_aliases']),
  };
}

/** The grant in an answer of the form `{ request_id, data: Grant }`. */
export function grantOf(body: unknown): Grant | null {
  return isObject(body) ? parseGrant(body['data']) : null;
}

/** The grants in an answer of the form `{ data: [Grant] }`; null where it isn't one. */
export function grantsOf(body: unknown): readonly Grant[] | null {
  if (!isObject(body) || !Array.isArray(body['data'])) return null;
  return body['data'].map(parseGrant).filter((grant) => grant !== null);
}

/** How emails are compared: Nylas keeps one grant an address, whatever its case. */
export function foldEmail(email: string): string {
  return email.trim().toLowerCase();
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** What is longer can't be what it should be, nor, cut off, be taken for it: one more character is kept. */
function cut(value: unknown, lengthMax: number): string | null {
  return textOrNull(value)?.slice(0, lengthMax + 1) ?? null;
}

function secondsOrNull(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 && value <= SECONDS_MAX ? value : null;
}

/** Names a mailbox: provider and folded email. */
export function mailboxName(provider: string, mailbox: string): string {
  return `${provider}\n${mailbox}`;
}
