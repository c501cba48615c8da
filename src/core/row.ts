import { badRow } from './bad-row.js';
import { PASSWORD_FIELDS, TOKEN_FIELDS, type HeaderMap } from './header.js';
import type { ConnectBody, LegacyUser, RawRow, Row, RowReason } from './record.js';
import { choiceOf, providerOf, tokenOf } from './row-credential.js';
import { carriedOf, fieldsOf, type RowOptions, type Work } from './row-fields.js';
import { emailOf, keyOf, mailboxOf } from './row-key.js';
import { checkShape } from './row-shape.js';
import { settingsOf, type Choice } from './variants.js';

const CREDENTIAL_ID_LENGTH_MAX = 256;

/** Makes a user of a row, or says everything that is wrong with it. No message holds a credential. */
export function interpretRow(raw: RawRow, map: HeaderMap, options: RowOptions): Row {
  const work: Work = { raw, map, options, fields: fieldsOf(raw, map), reasons: [] };
  checkShape(work);
  const provider = providerOf(work);
  const token = tokenOf(work, provider);
  const choice = choiceOf(work, provider, token);
  const body = choice && bodyOf(work, choice, token);
  const email = emailOf(work, choice);
  const key = keyOf(work, choice?.provider ?? provider, email, token);
  checkRepeats(work, key, email);
  if (work.reasons.length > 0 || body === null || key === null) {
    return { kind: 'bad', bad: badRow(work, provider, key) };
  }
  return { kind: 'user', user: userOf(work, { key, email, body: { ...body, state: body.state ?? key } }) };
}

/**
 * A credential that stands in another column too would be kept and shown as what that column holds. A password that is
 * part of its mailbox's address is in what must be kept anyway.
 */
function checkRepeats({ raw, map, fields, reasons }: Work, key: string | null, address: string | null): void {
  const { account_id, email, state, credential_id } = fields;
  const kept = { account_id, email, state, credential_id, ...carriedOf(raw, map) };
  const values = Object.entries({ ...kept, 'the record key': key ?? undefined });
  const repeatOf = (secrets: readonly (string | undefined)[]): string | null => {
    const long = secrets
      .filter((secret) => secret !== undefined)
      .filter(({ length }) => length >= SECRET_LENGTH_MIN);
    return values.find(([, value]) => long.some((secret) => value?.includes(secret)))?.[0] ?? null;
  };
  const ofToken = repeatOf(TOKEN_FIELDS.map((field) => fields[field]));
  const passwords = PASSWORD_FIELDS.map((field) => fields[field]);
  const inAddress = (password = ''): boolean =>
    address?.toLowerCase().includes(password.toLowerCase()) === true;
  const ofPassword = repeatOf(passwords.filter((password) => !inAddress(password)));
  if (ofToken !== null) reasons.push(repeated(ofToken, 'the refresh token'));
  else if (ofPassword !== null) reasons.push(repeated(ofPassword, 'a password'));
}

function repeated(name: string, what: string): RowReason {
  return { code: 'conflict', message: `${name} repeats ${what}: which column holds what?` };
}

/** Shorter ones are made up, and found in other values by chance. */
const SECRET_LENGTH_MIN = 8;

type Draft = Omit<ConnectBody, 'state'> & { readonly state: string | null };

function bodyOf({ fields, reasons }: Work, choice: Choice, token: string | null): Draft | null {
  if (fields.credential_id !== undefined && isBadId(fields.credential_id)) reasons.push(BAD_CREDENTIAL_ID);
  const made = settingsOf(choice, fields, token);
  if (made.kind === 'bad') {
    reasons.push(...made.reasons);
    return null;
  }
  const scope = (fields.scope ?? '').split(/[\s,]+/).filter((part) => part !== '');
  const draft = { provider: choice.provider, settings: made.settings, state: fields.state ?? null };
  return scope.length === 0 ? draft : { ...draft, scope };
}

function isBadId(id: string): boolean {
  return id.length > CREDENTIAL_ID_LENGTH_MAX || /\s/.test(id);
}

const BAD_CREDENTIAL_ID: RowReason = {
  code: 'bad_field',
  message: `credential_id must be the id of a stored credential: no spaces, at most ${CREDENTIAL_ID_LENGTH_MAX} characters`,
};

interface Made {
  readonly key: string;
  readonly email: string | null;
  readonly body: ConnectBody;
}

function userOf({ raw, map, fields }: Work, { key, email, body }: Made): LegacyUser {
  return {
    line: raw.line,
    key,
    provider: body.provider,
    email,
    mailbox: email === null ? null : mailboxOf(email),
    accountId: fields.account_id ?? null,
    credentialId: typeof body.settings['credential_id'] === 'string' ? body.settings['credential_id'] : null,
    carried: carriedOf(raw, map),
    body,
    secrets: secretsOf(body),
  };
}

const SECRET_SETTINGS = ['refresh_token', 'imap_password', 'smtp_password', 'password', 'ews_password'];

function secretsOf(body: ConnectBody): string[] {
  const values = SECRET_SETTINGS.map((name) => body.settings[name]);
  return [...new Set(values.filter((value) => typeof value === 'string'))];
}
