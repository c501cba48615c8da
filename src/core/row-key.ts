import { CONTROL, EMAIL, EMAIL_LENGTH_MAX, KEY_LENGTH_MAX } from './plain.js';
import type { Provider } from './provider.js';
import type { HeaderMap } from './header.js';
import type { RawRow, RowReason } from './record.js';
import { shown, valueAt, type Work } from './row-fields.js';
import type { Choice, Fields } from './variants.js';

/** The email column's, else the user name where that is one by its nature. */
export function emailOf({ fields, reasons }: Work, choice: Choice | null): string | null {
  const { email } = fields;
  if (email === undefined) return usernameAsEmail(fields, choice);
  const isAnyText = choice?.variant === 'virtual-calendar';
  const isGood = email.length <= EMAIL_LENGTH_MAX && (isAnyText || EMAIL.test(email));
  if (!isGood) reasons.push(badEmail(email, fields));
  return isGood ? email : null;
}

function usernameAsEmail(fields: Fields, choice: Choice | null): string | null {
  if (choice?.variant !== 'imap' && choice?.variant !== 'icloud') return null;
  const username =
    choice.variant === 'imap'
      ? (fields.imap_username ?? fields.username)
      : (fields.username ?? fields.imap_username);
  const isEmail = username !== undefined && username.length <= EMAIL_LENGTH_MAX && EMAIL.test(username);
  return isEmail ? username : null;
}

function badEmail(email: string, fields: Fields): RowReason {
  const rest = `is not an email address of at most ${EMAIL_LENGTH_MAX} characters`;
  return { code: 'bad_email', message: `${shown(email, fields)} ${rest}`, summary: `the email ${rest}` };
}

/** The record key by the rule that applies, or a reason why there is none. */
export function keyOf(work: Work, provider: Provider | null, email: string | null, token: string | null) {
  const key = rawKey(work, provider, email, token);
  const reason = key === null ? noKey(work) : badKey(key);
  if (reason !== null) work.reasons.push(reason);
  return reason === null ? key : null;
}

function rawKey(
  { raw, map, options }: Work,
  provider: Provider | null,
  email: string | null,
  token: string | null,
) {
  const mailbox = email === null ? null : mailboxOf(email);
  switch (map.identify.by) {
    case 'email':
      return mailbox;
    case 'credential':
      if (token !== null) return options.keyOfCredential(token);
      return mailbox === null || provider === null ? null : `${provider}:${mailbox}`;
    case 'account_id':
    case 'column':
      return map.keyColumn === null ? null : valueAt(raw, map.keyColumn) || null;
  }
}

/**
 * The record key where one column makes it; null: it takes the whole row, there is none or a bad one, or the row's
 * columns may have shifted.
 */
export function keyAlone(raw: RawRow, { headers, columns, identify, keyColumn }: HeaderMap): string | null {
  if (raw.problem !== null || raw.fields.length !== headers.length) return null;
  const index = identify.by === 'email' ? columns.get('email') : (keyColumn ?? undefined);
  const value = index === undefined ? '' : valueAt(raw, index);
  if (value === '' || badKey(value) !== null) return null;
  return identify.by === 'email' ? mailboxOf(value) : value;
}

/** A bad email or an unknown provider is told already, and explains why there is no key. */
function noKey({ map, reasons }: Work): RowReason | null {
  const told = reasons.some((reason) => reason.code === 'bad_email' || reason.code.endsWith('_provider'));
  if (map.keyColumn === null && told) return null;
  const what = map.keyColumn === null ? 'email' : (map.headers[map.keyColumn] ?? map.keyingRule);
  return { code: 'no_key', message: `${what} is blank: nothing tells this user from the others` };
}

function badKey(key: string): RowReason | null {
  if (key.length > KEY_LENGTH_MAX) {
    return { code: 'no_key', message: `the record key is longer than ${KEY_LENGTH_MAX} characters` };
  }
  return CONTROL.test(key) ? { code: 'no_key', message: 'the record key holds control characters' } : null;
}

/** The email as it names a mailbox. */
export function mailboxOf(email: string): string {
  return email.toLowerCase();
}
