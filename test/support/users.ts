import type { ConnectBody, LegacyUser } from '../../src/core/record.js';

type Made = Partial<Omit<LegacyUser, 'body'>> & { readonly body?: Partial<ConnectBody> };

/** A google user with a refresh token; whatever else a test is about is given. */
export function someUser(made: Made = {}): LegacyUser {
  const { body, ...rest } = made;
  const email = made.email === undefined ? 'ada@example.com' : made.email;
  const provider = made.provider ?? 'google';
  const key = made.key ?? 'account-1';
  return {
    line: 2,
    key,
    provider,
    email,
    mailbox: email === null ? null : email.trim().toLowerCase(),
    accountId: null,
    credentialId: null,
    carried: {},
    secrets: ['1//0planted-refresh-token'],
    ...rest,
    body: { provider, settings: { refresh_token: '1//0planted-refresh-token' }, state: key, ...body },
  };
}

/** An imap user with a password, whose login name is given. */
export function imapUser(username: string, made: Made = {}): LegacyUser {
  const settings = { imap_username: username, imap_password: 'hunter2hunter2', imap_port: 993 };
  return someUser({
    provider: 'imap',
    secrets: ['hunter2hunter2'],
    ...made,
    body: { settings, ...made.body },
  });
}
