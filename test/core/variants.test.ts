import { describe, expect, test } from 'vitest';
import { chooseVariant, settingsOf, type Fields } from '../../src/core/variants.js';
import type { Provider } from '../../src/core/provider.js';

function settings(provider: Provider, fields: Fields, token: string | null = null): unknown {
  const choice = chooseVariant(provider, fields, token !== null);
  if (choice === null) return 'no credential';
  const made = settingsOf(choice, fields, token);
  return made.kind === 'settings' ? made.settings : made.reasons.map((reason) => reason.message);
}

describe('the settings Nylas gets', () => {
  test.each(['google', 'microsoft', 'yahoo', 'zoom'] as const)('of a %s token are the token', (provider) => {
    expect(settings(provider, { email: 'a@b.co' }, 't')).toEqual({ refresh_token: 't' });
    expect(settings(provider, { credential_id: 'c' }, 't')).toEqual({
      refresh_token: 't',
      credential_id: 'c',
    });
  });

  test.each(['google', 'microsoft'] as const)(
    'of %s bulk authentication are email and credential',
    (provider) => {
      const fields = { email: 'a@b.co', credential_id: 'c' };
      expect(settings(provider, fields)).toEqual({ email_address: 'a@b.co', credential_id: 'c' });
      expect(settings(provider, { credential_id: 'c' })).toEqual([
        `email is blank: ${provider} can't do without it`,
      ]);
    },
  );

  test('of IMAP have integer ports, the email as user name, and nothing that is absent', () => {
    expect(
      settings('imap', { email: 'a@b.co', imap_password: 'p', imap_host: 'imap.b.co', imap_port: '993' }),
    ).toEqual({ imap_username: 'a@b.co', imap_password: 'p', imap_host: 'imap.b.co', imap_port: 993 });
    expect(settings('imap', { email: 'a@b.co', username: 'u', password: 'p' })).toEqual({
      imap_username: 'u',
      imap_password: 'p',
    });
  });

  test('of yahoo with a password and no token are IMAP', () => {
    const fields = { email: 'a@yahoo.com', password: 'p' };
    expect(chooseVariant('yahoo', fields, false)).toEqual({ provider: 'imap', variant: 'imap' });
    expect(chooseVariant('yahoo', fields, true)).toEqual({ provider: 'yahoo', variant: 'token' });
  });

  test('of iCloud and EWS fall back to the email as user name', () => {
    const fields = { email: 'a@b.co', password: 'p' };
    expect(settings('icloud', fields)).toEqual({ username: 'a@b.co', password: 'p' });
    expect(settings('ews', fields)).toEqual({ email: 'a@b.co', ews_username: 'a@b.co', ews_password: 'p' });
    expect(settings('ews', { ews_username: 'u', ews_password: 'p' })).toEqual([
      "email is blank: ews can't do without it",
    ]);
  });

  test('of a virtual calendar are its email', () => {
    expect(settings('virtual-calendar', { email: 'Room 1' })).toEqual({ email: 'Room 1' });
  });

  test.each(['0', '65536', '99.3', '1e3', '-1', 'ssl', '٣'])('take no port %s', (port) => {
    expect(settings('imap', { email: 'a@b.co', imap_password: 'p', imap_port: port })).toEqual([
      'imap_port must be a whole number from 1 to 65535',
    ]);
  });

  test('are refused with every reason at once, and without the values', () => {
    const fields = {
      imap_password: 'geheim',
      imap_port: 'x',
      smtp_host: 'https://mail.b.co',
      smtp_port: '0',
    };
    expect(settings('imap', fields)).toEqual([
      "imap_username is blank: imap can't do without it",
      'imap_port must be a whole number from 1 to 65535',
      'smtp_host must be a host name alone, without a scheme, port or path',
      'smtp_port must be a whole number from 1 to 65535',
    ]);
  });

  test.each(['google', 'microsoft', 'yahoo', 'zoom', 'imap', 'icloud', 'ews'] as const)(
    'of %s without a credential are none',
    (provider) => {
      expect(settings(provider, { email: 'a@b.co' })).toBe('no credential');
    },
  );
});
