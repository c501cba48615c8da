import { isObject, textOrNull } from './answer.js';

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

/** Reads one Grant object; null where there is no usable id. */
function parseGrant(value: unknown): Grant | null {
  if (!isObject(value)) return null;
  const id = textOrNull(value['id']);
  if (id === null || id.length > GRANT_ID_LENGTH_MAX) return null;
  return {
    id,
    provider: textOrNull(value['provider']),
    email: textOrNull(value['email']),
    status: textOrNull(value['grant_status']),
    scope: texts(value['scope']),
    state: textOrNull(value['state']),
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

function secondsOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

/** Names a mailbox: provider and folded email. */
export function mailboxName(provider: string, mailbox: string): string {
  return `${provider}\n${mailbox}`;
}
