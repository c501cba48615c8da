import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { credentialKey, fingerprintOf } from '../../src/core/fingerprint.js';
import type { ConnectBody } from '../../src/core/record.js';
import { someUser } from '../support/users.js';

const KEY = new Uint8Array(32).fill(7);
const OTHER_KEY = new Uint8Array(32).fill(8);

const printOf = (body: Partial<ConnectBody>, key = KEY): string => fingerprintOf(someUser({ body }), key);
const token = (refreshToken: string): string => printOf({ settings: { refresh_token: refreshToken } });
const imap = {
  imap_username: 'ada',
  imap_password: 'hunter2',
  imap_host: 'mail.example.com',
  imap_port: 993,
};

describe('it changes', () => {
  test.each<readonly [string, Partial<ConnectBody>, Partial<ConnectBody>]>([
    ['with the token', { settings: { refresh_token: 'a' } }, { settings: { refresh_token: 'b' } }],
    ['with a password', { settings: imap }, { settings: { ...imap, imap_password: 'Hunter2' } }],
    ['with a host', { settings: imap }, { settings: { ...imap, imap_host: 'imap.example.com' } }],
    ['with a port', { settings: imap }, { settings: { ...imap, imap_port: 143 } }],
    ['with a field more', { settings: imap }, { settings: { ...imap, smtp_port: 587 } }],
    ['with a password more', { settings: imap }, { settings: { ...imap, smtp_password: 'hunter2' } }],
    ['with the scope', { settings: imap }, { settings: imap, scope: ['mail'] }],
    ['with the provider', { provider: 'google' }, { provider: 'yahoo' }],
    [
      'between fields',
      { settings: { username: 'a', ews_host: 'b' } },
      { settings: { username: 'ab', ews_host: '' } },
    ],
  ])('%s', (_what, before, after) => {
    expect(printOf(before)).not.toBe(printOf(after));
  });

  test('with the key of the ledger', () => {
    expect(printOf({ settings: imap })).not.toBe(printOf({ settings: imap }, OTHER_KEY));
  });
});

describe('it stays', () => {
  test('whatever the order of the columns', () => {
    const reversed = Object.fromEntries(Object.entries({ ...imap, smtp_password: 'x' }).reverse());
    expect(printOf({ settings: reversed })).toBe(printOf({ settings: { ...imap, smtp_password: 'x' } }));
  });

  test("with another state, line, key or email: these aren't the credential", () => {
    const other = someUser({ line: 99, key: 'k', email: 'x@y.z', body: { state: 'another' } });
    expect(fingerprintOf(other, KEY)).toBe(fingerprintOf(someUser(), KEY));
  });

  test('from version to version: a ledger would take every row for changed', () => {
    expect(token('pinned')).toBe('586e9ff0011010380e5ecedbe1c287bb');
    expect(printOf({ provider: 'imap', settings: imap })).toBe('31966470f0a48c209d52abbb5d31a623.5628');
  });
});

describe('it keeps no credential', () => {
  test('of a token 128 bits', () => {
    expect(token('secret-token')).toMatch(/^[0-9a-f]{32}$/);
  });

  test.each(['imap_password', 'smtp_password', 'password', 'ews_password'])(
    'of %s no more than 16 bits, apart from the rest',
    (field) => {
      const prints = Array.from({ length: 200 }, (_, n) =>
        printOf({ settings: { username: 'u', [field]: `pw-${n}` } }),
      );
      for (const print of prints) expect(print).toMatch(/^[0-9a-f]{32}\.[0-9a-f]{4}$/);
      expect(new Set(prints.map((print) => print.slice(0, 32))).size).toBe(1);
      expect(new Set(prints).size).toBeGreaterThan(190);
    },
  );

  test('and can not be recomputed without the key', () => {
    const unkeyed = createHmac('sha256', '').update(JSON.stringify(['google', [], [['refresh_token', 'a']]]));
    expect(token('a')).not.toBe(unkeyed.digest('hex').slice(0, 32));
  });

  test('whatever the secret', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 5 }), (secret) => {
        expect(printOf({ settings: { refresh_token: secret, password: secret } })).not.toContain(secret);
      }),
    );
  });
});

describe('a record named by its credential', () => {
  test('is named the same every time, and otherwise than its fingerprint', () => {
    expect(credentialKey('token-1', KEY)).toMatch(/^cred_[0-9a-f]{32}$/);
    expect(credentialKey('token-1', KEY)).toBe(credentialKey('token-1', KEY));
    expect(credentialKey('token-1', KEY)).not.toBe(credentialKey('token-2', KEY));
    expect(credentialKey('token-1', KEY)).not.toBe(credentialKey('token-1', OTHER_KEY));
    expect(credentialKey('token-1', KEY)).not.toContain(token('token-1'));
  });
});
