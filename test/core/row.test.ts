import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FIELDS, mapHeader } from '../../src/core/header.js';
import { PROVIDERS } from '../../src/core/provider.js';
import { violationsOf } from '../support/connect-schema.js';
import { badOf, interpret, interpretFields, reading, userOf } from '../support/reading.js';
import { interpretRow } from '../../src/core/row.js';

const GOOD = { account_id: 'a1', email: 'Ann@Example.com', provider: 'gmail', refresh_token: '1//token' };

const codes = (row: Parameters<typeof badOf>[0]) => badOf(row).reasons.map((reason) => reason.code);
const messages = (row: Parameters<typeof badOf>[0]) =>
  badOf(row)
    .reasons.map((reason) => reason.message)
    .join('\n');

describe('a good row', () => {
  test('becomes a user with what Nylas gets', () => {
    const row = { ...GOOD, scope: 'openid, email  profile', credential_id: 'c1', user_id: ' 7 ' };
    expect(userOf(interpret(row, { carry: ['user_id'] }))).toEqual({
      line: 2,
      key: 'a1',
      provider: 'google',
      email: 'Ann@Example.com',
      mailbox: 'ann@example.com',
      accountId: 'a1',
      credentialId: 'c1',
      carried: { user_id: '7' },
      body: {
        provider: 'google',
        settings: { refresh_token: '1//token', credential_id: 'c1' },
        scope: ['openid', 'email', 'profile'],
        state: 'a1',
      },
      secrets: ['1//token'],
    });
  });

  test('keeps a state of its own', () => {
    expect(userOf(interpret({ ...GOOD, state: 's' })).body.state).toBe('s');
  });

  test.each(['', '  ', String.raw`\N`, 'NULL', 'null'])('has %j for a blank field', (blank) => {
    const user = userOf(interpret({ ...GOOD, credential_id: blank, scope: blank, state: blank }));
    expect(user.body).toEqual({ provider: 'google', settings: { refresh_token: '1//token' }, state: 'a1' });
  });

  test('keeps the spaces of a password, and one that is null', () => {
    const row = { email: 'a@b.co', provider: 'imap', imap_password: ' p w ', smtp_password: 'null' };
    const user = userOf(interpret(row));
    expect(user.body.settings).toEqual({
      imap_username: 'a@b.co',
      imap_password: ' p w ',
      smtp_password: 'null',
    });
    expect(user.secrets).toEqual([' p w ', 'null']);
  });

  test('may have blank fields too many', () => {
    expect(interpretFields(Object.keys(GOOD), [...Object.values(GOOD), '', ' ']).kind).toBe('user');
  });

  test('of imap takes its mailbox from the user name where it has no email', () => {
    const row = { account_id: 'a', provider: 'imap', imap_username: 'Ann@b.co', imap_password: 'p' };
    expect(userOf(interpret(row))).toMatchObject({ email: 'Ann@b.co', mailbox: 'ann@b.co' });
    expect(userOf(interpret({ ...row, imap_username: 'ann' })).email).toBeNull();
  });

  test('takes the token from the column of its provider, and one token from two columns', () => {
    const row = { email: 'a@b.co', provider: 'google', google_refresh_token: 't1', refresh_token: 't1' };
    expect(userOf(interpret(row)).secrets).toEqual(['t1']);
  });

  test('with a blank provider is of the default one', () => {
    expect(userOf(interpret({ ...GOOD, provider: '' }, { defaultProvider: 'zoom' })).provider).toBe('zoom');
  });
});

describe('the record key', () => {
  test('is the email in lower case where there is no account id', () => {
    const { email, provider, refresh_token } = GOOD;
    expect(userOf(interpret({ email, provider, refresh_token })).key).toBe('ann@example.com');
  });

  test('is made from the token, or from the mailbox where there is none', () => {
    const identify = { by: 'credential' } as const;
    expect(userOf(interpret(GOOD, { identify })).key).toBe('fingerprint-of-8');
    const imap = { ...GOOD, provider: 'imap', refresh_token: '', imap_password: 'p' };
    expect(userOf(interpret(imap, { identify })).key).toBe('imap:ann@example.com');
    expect(codes(interpret({ ...imap, email: '', imap_username: 'ann' }, { identify }))).toEqual(['no_key']);
  });

  test('is never blank, endless or unprintable', () => {
    expect(codes(interpret({ ...GOOD, account_id: ' ' }))).toEqual(['no_key']);
    expect(codes(interpret({ ...GOOD, account_id: 'x'.repeat(513) }))).toEqual(['no_key']);
    expect(userOf(interpret({ ...GOOD, account_id: 'x'.repeat(512) })).key).toHaveLength(512);
    expect(codes(interpret({ ...GOOD, account_id: 'a\u0007b' }))).toContain('no_key');
  });
});

describe('a bad row', () => {
  test('has all its reasons at once', () => {
    const row = { account_id: '', email: 'nobody', provider: 'imap', imap_password: 'p', imap_port: 'x' };
    expect(new Set(codes(interpret(row)))).toEqual(new Set(['bad_field', 'bad_email', 'no_key']));
  });

  test('without a credential says who may hold it', () => {
    expect(messages(interpret({ ...GOOD, refresh_token: '' }))).toMatch(/batch clone.*sign in again/);
    expect(codes(interpret({ ...GOOD, refresh_token: 'NULL' }))).toEqual(['no_credential']);
    const imap = { ...GOOD, provider: 'imap' };
    expect(messages(interpret(imap))).toMatch(/imap needs one, and a refresh token is of no use/);
  });

  test('with an unknown or ambiguous provider says how to tell what it means', () => {
    expect(messages(interpret({ ...GOOD, provider: 'gogle' }))).toMatch(
      /“gogle” is unknown \(did you mean google\?\)/,
    );
    expect(messages(interpret({ ...GOOD, provider: 'Exchange' }))).toMatch(
      /--provider-alias exchange=microsoft or --provider-alias exchange=ews/,
    );
    expect(codes(interpret({ ...GOOD, provider: '' }))).toEqual(['no_provider']);
  });

  test('with a password where the provider belongs keeps it nowhere', () => {
    const swapped = interpret({ ...GOOD, provider: 'abcdefghijklmnop' });
    expect(codes(swapped)).toEqual(['unknown_provider']);
    expect(JSON.stringify(swapped)).not.toContain('abcdefghijklmnop');
    expect(messages(swapped)).toContain('a value of 16 characters where a provider belongs');
  });

  test('does not take a provider from the name of a column', () => {
    const row = { email: 'a@b.co', provider: '', google_refresh_token: 't' };
    expect(codes(interpret(row))).toEqual(['no_provider']);
  });

  test('with the token of another provider is a conflict, told once', () => {
    const row = { email: 'a@b.co', provider: 'outlook', google_refresh_token: 't' };
    expect(codes(interpret(row))).toEqual(['conflict']);
    expect(messages(interpret(row))).toMatch(/google_refresh_token is filled in on a microsoft row/);
  });

  test('with two different tokens is a conflict', () => {
    const row = { email: 'a@b.co', provider: 'google', google_refresh_token: 't1', refresh_token: 't2' };
    expect(messages(interpret(row))).toBe(
      'refresh_token and google_refresh_token hold different tokens: keep one',
    );
  });

  test('with fields too few or too many is told how many', () => {
    const header = Object.keys(GOOD);
    expect(messages(interpretFields(header, ['a', 'b@c.de', 'google']))).toMatch(
      /^3 fields where the header has 4/,
    );
    expect(codes(interpretFields(header, [...Object.values(GOOD), 'x']))).toEqual(['malformed']);
  });

  test('that runs over lines blames the quote and names the lines', () => {
    const row = interpret({ ...GOOD, refresh_token: 'to\r\nken\nx' });
    expect(messages(row)).toBe(
      'a quote opened on this line may never have been closed; the record runs over lines 2–4',
    );
  });

  test.each([
    ['a replacement character', { refresh_token: 'to\uFFFDken' }, /UTF-8/],
    ['a NUL', { refresh_token: 'to\0ken' }, /UTF-8/],
    ['a space in the token', { refresh_token: 'to ken' }, /refresh_token holds a space or a quote/],
    ['a quote in the token', { refresh_token: '"token' }, /refresh_token holds a space or a quote/],
    ['a control character', { refresh_token: 'to\u0007ken' }, /control characters/],
    ['a long field', { refresh_token: 'é'.repeat(32_769) }, /refresh_token is longer than 64 KiB/],
    ['no email address', { email: 'nobody' }, /“nobody” is not an email address/],
    ['a long email', { email: `${'x'.repeat(320)}@b.co` }, /a value of 325 characters is not an email/],
    ['a spaced credential id', { credential_id: 'a b' }, /credential_id must be/],
  ])('with %s says so', (_, fields, message) => {
    expect(messages(interpret({ ...GOOD, ...fields }))).toMatch(message);
  });

  test('may hold what is not UTF-8 where nothing is read from it', () => {
    expect(interpret({ ...GOOD, notes: 'Zo\uFFFD' }).kind).toBe('user');
    expect(codes(interpret({ ...GOOD, notes: 'Zo\uFFFD' }, { carry: ['notes'] }))).toEqual(['malformed']);
  });

  test('takes a field of exactly 64 KiB', () => {
    expect(interpret({ ...GOOD, refresh_token: 'x'.repeat(65_536) }).kind).toBe('user');
  });

  test('still tells whose it is where its columns can be believed', () => {
    const row = { ...GOOD, account_id: 'awa6ltos76vz5hvphkp8k17nt', refresh_token: '', user_id: 'Zoë 7' };
    expect(badOf(interpret(row, { carry: ['user_id'] }))).toMatchObject({
      key: 'awa6ltos76vz5hvphkp8k17nt',
      email: 'Ann@Example.com',
      provider: 'google',
      accountId: 'awa6ltos76vz5hvphkp8k17nt',
      carried: { user_id: 'Zoë 7' },
    });
  });
});

const TOKENS = [
  '1//0gPLANTED-abcDEF_0123456789',
  '0.AXoAplantedPLANTED0123456789xyz',
  'M.C5_planted.-Abc!012345678',
];

describe('a credential', () => {
  test('that sits in the wrong column appears in nothing that is kept of the row', () => {
    const header = ['account_id', 'email', 'provider', 'refresh_token', 'user_id'];
    const shift = fc.integer({ min: 0, max: 4 });
    const token = fc.constantFrom(...TOKENS);
    fc.assert(
      fc.property(shift, token, fc.boolean(), (places, secret, isShort) => {
        const fields = ['a1', 'ann@b.co', 'google', secret, '7'];
        const shifted = [...fields.slice(places), ...fields.slice(0, places)];
        const row = interpretFields(header, isShort ? shifted.slice(0, 4) : shifted, { carry: ['user_id'] });
        if (row.kind === 'bad') expect(JSON.stringify(row.bad)).not.toContain(secret);
      }),
    );
  });

  test.each([
    ['the note of a carried column', { note: 'was planted-pass-1 once' }, 'note repeats a password'],
    ['an account id', { account_id: 'planted-pass-1' }, 'account_id repeats a password'],
    ['a state', { state: 'planted-pass-1' }, 'state repeats a password'],
  ])('that is a password and stands in %s too is kept nowhere', (_where, more, message) => {
    const row = {
      account_id: 'a1',
      email: 'ann@b.co',
      provider: 'imap',
      imap_password: 'planted-pass-1',
      ...more,
    };
    const bad = badOf(
      interpretFields(Object.keys(row), Object.values(row), { carry: 'note' in more ? ['note'] : [] }),
    );
    expect(bad.reasons.map((reason) => reason.message).join()).toContain(message);
    expect(JSON.stringify(bad)).not.toContain('planted-pass-1');
  });

  test('that is a password and part of the address it opens is no mistake of columns', () => {
    const row = {
      account_id: 'ann.smith',
      email: 'Ann.Smith@b.co',
      provider: 'imap',
      imap_password: 'ann.smith',
    };
    expect(interpretFields(Object.keys(row), Object.values(row)).kind).toBe('user');
    const byLogin = {
      email: '',
      provider: 'imap',
      imap_username: 'ann.smith@b.co',
      imap_password: 'ann.smith',
    };
    expect(interpretFields(Object.keys(byLogin), Object.values(byLogin)).kind).toBe('user');
  });

  test('is not kept as a key where a row has too few fields', () => {
    const header = ['account_id', 'email', 'provider', 'refresh_token', 'user_id'];
    const [secret = ''] = TOKENS;
    const bad = badOf(interpretFields(header, [secret, 'ann@b.co', 'google', 't'], { carry: ['user_id'] }));
    expect(bad).toMatchObject({ key: null, accountId: null, email: null, carried: { user_id: '' } });
    expect(JSON.stringify(bad)).not.toContain(secret);
  });

  test('appears in no message, whatever else is wrong with the row', () => {
    const value = fc.constantFrom('', 'nobody', 'a@b.co', 'x y', '\0', 'exchange', 'a\nb');
    fc.assert(
      fc.property(value, value, value, fc.constantFrom(...TOKENS), (account, email, provider, secret) => {
        const row = interpret({
          account_id: account,
          email,
          provider,
          refresh_token: `${secret}\n`,
          imap_password: secret,
        });
        if (row.kind === 'bad') expect(JSON.stringify(row.bad)).not.toContain(secret);
      }),
    );
  });
});

describe('what Nylas gets', () => {
  const every = [
    { provider: 'google', refresh_token: 't' },
    { provider: 'microsoft', refresh_token: 't', credential_id: 'c' },
    { provider: 'yahoo', refresh_token: 't', scope: 'mail-w' },
    { provider: 'zoom', refresh_token: 't' },
    { provider: 'google', credential_id: 'c' },
    { provider: 'office365', credential_id: 'c' },
    { provider: 'imap', imap_password: 'p', imap_host: 'imap.b.co', imap_port: '993', smtp_port: '465' },
    { provider: 'yahoo', password: 'p' },
    { provider: 'icloud', password: 'p' },
    { provider: 'ews', ews_password: 'p', ews_host: 'mail.b.co', ews_port: '443' },
    { provider: 'virtual-calendar' },
  ];

  test.each(every)('of %j conforms to its description', (row) => {
    const user = userOf(interpret({ email: 'a@b.co', refresh_token: '', ...row }));
    expect(violationsOf(user.body)).toEqual([]);
  });

  test('conforms to its description for any row that is accepted', () => {
    const header = [...FIELDS];
    const read = reading({ identify: { by: 'email' } });
    const map = mapHeader(header, read);
    const word = fc.constantFrom('', 'NULL', 'x', 'a@b.co', '993', '70000', 'mail.b.co', ' ', 'a b');
    const name = fc.constantFrom(...PROVIDERS, 'gmail', 'aol', 'exchange', '');
    let accepted = 0;
    fc.assert(
      fc.property(name, fc.tuple(...header.map(() => fc.oneof(fc.constant(''), word))), (provider, words) => {
        const fields = words.map((value, index) => {
          if (header[index] === 'provider') return provider;
          return header[index] === 'email' && value === '' ? 'a@b.co' : value;
        });
        const row = interpretRow({ line: 2, fields, problem: null }, map, {
          reading: read,
          keyOfCredential: (t) => t,
        });
        if (row.kind === 'bad') return;
        accepted += 1;
        expect(violationsOf(row.user.body)).toEqual([]);
      }),
      { numRuns: 5000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  test('never holds a violation that the schema would not see', () => {
    const settings = { imap_username: 'a', imap_password: 'p', imap_port: '993' };
    expect(violationsOf({ provider: 'imap', settings, state: 's' })).not.toEqual([]);
    expect(
      violationsOf({ provider: 'google', settings: { refresh_token: 't', x: 1 }, state: 's' }),
    ).not.toEqual([]);
  });
});
