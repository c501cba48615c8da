import { createHmac } from 'node:crypto';
import type { LegacyUser } from './record.js';

const PASSWORD_FIELDS = new Set(['imap_password', 'smtp_password', 'password', 'ews_password']);

/**
 * Names what a row would submit, so that a changed credential is noticed without being kept: an HMAC-SHA256
 * under the ledger's own key. Of passwords only 16 bits: enough to notice a change, useless for confirming a
 * guess. The state is left out, it changes nothing at Nylas.
 */
export function fingerprintOf(user: LegacyUser, key: Uint8Array): string {
  const { settings, scope, provider } = user.body;
  const open = Object.entries(settings).filter(([name]) => !PASSWORD_FIELDS.has(name));
  const passwords = Object.entries(settings).filter(([name]) => PASSWORD_FIELDS.has(name));
  const visible = mac(key, [provider, scope ?? [], open.sort(byName)], 16);
  return passwords.length === 0 ? visible : `${visible}.${mac(key, passwords.sort(byName), 2)}`;
}

/** Names a refresh token for `--identify-by credential`: 128 bits under the ledger's own key. */
export function credentialKey(token: string, key: Uint8Array): string {
  return `cred_${mac(key, ['credential', token], 16)}`;
}

/** Names a grant's `state`, which is only ever compared: what others put there is not for us to keep. */
export function stateName(state: string, key: Uint8Array): string {
  return mac(key, ['state', state], 16);
}

function mac(key: Uint8Array, value: unknown, bytes: number): string {
  return createHmac('sha256', key)
    .update(JSON.stringify(value))
    .digest('hex')
    .slice(0, bytes * 2);
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}
