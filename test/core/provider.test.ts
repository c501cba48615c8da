import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { isLikeProviderName, PROVIDERS, resolveProvider, type Provider } from '../../src/core/provider.js';

const NONE = new Map<string, Provider>();

describe('a provider name', () => {
  test.each([
    ['gmail', 'google'],
    ['google', 'google'],
    ['GSuite', 'google'],
    ['Google Workspace', 'google'],
    ['office365', 'microsoft'],
    ['O365', 'microsoft'],
    ['Microsoft 365', 'microsoft'],
    ['outlook', 'microsoft'],
    ['hotmail', 'microsoft'],
    ['graph', 'microsoft'],
    ['yahoo', 'yahoo'],
    ['aol', 'imap'],
    ['custom', 'imap'],
    ['generic', 'imap'],
    ['ews', 'ews'],
    ['icloud', 'icloud'],
    ['virtual_calendar', 'virtual-calendar'],
    ['Virtual Calendar', 'virtual-calendar'],
  ])('of v2, %s, means %s', (name, provider) => {
    expect(resolveProvider(name, NONE)).toEqual({ kind: 'provider', provider });
  });

  test('is understood in any case and with spaces around it', () => {
    expect(resolveProvider('  GMail ', NONE)).toEqual({ kind: 'provider', provider: 'google' });
  });

  test.each(['exchange', 'EAS'])('that means two things, %s, is never guessed', (name) => {
    expect(resolveProvider(name, NONE)).toEqual({ kind: 'ambiguous', candidates: ['microsoft', 'ews'] });
  });

  test('means what an alias says it means, whatever it meant before', () => {
    const aliases = new Map<string, Provider>([
      ['exchange', 'ews'],
      ['yahoo', 'imap'],
    ]);
    expect(resolveProvider('Exchange', aliases)).toEqual({ kind: 'provider', provider: 'ews' });
    expect(resolveProvider('yahoo', aliases)).toEqual({ kind: 'provider', provider: 'imap' });
  });

  test('that is misspelt is refused with the one it is nearest to', () => {
    expect(resolveProvider('gogle', NONE)).toEqual({ kind: 'unknown', nearest: 'google' });
    expect(resolveProvider('fastmail-premium', NONE)).toEqual({ kind: 'unknown', nearest: null });
    expect(resolveProvider('x'.repeat(100_000), NONE)).toEqual({ kind: 'unknown', nearest: null });
  });

  test('of v3 always means itself', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PROVIDERS), fc.boolean(), (provider, isUpper) => {
        const name = isUpper ? provider.toUpperCase() : provider;
        expect(resolveProvider(name, NONE)).toEqual({ kind: 'provider', provider });
      }),
    );
  });
});

test.each(['fastmail', 'Zoho', 'GMX', 'google_workspaces', 'Office365 online', 'yahooo', 'Apple-Mail'])(
  '%s may be shown as the name of a provider',
  (name) => {
    expect(isLikeProviderName(name)).toBe(true);
  },
);

test.each([
  'abcdefghijklmnop',
  'hunter2',
  'tok-1',
  'SECRETtoken',
  'SecretPassw',
  'newspasswordx',
  'abcdefghijklm',
  '',
])('“%s” may be a password, and isn’t shown', (name) => {
  expect(isLikeProviderName(name)).toBe(false);
});
