import { expect, test } from 'vitest';
import { foldEmail, grantOf, grantsOf, mailboxName } from '../../src/core/grant.js';
import { grantJson, SENT_AT_MS } from '../support/answers.js';

test('a grant is read as Nylas writes it', () => {
  expect(grantOf({ data: grantJson({ email_aliases: ['a@example.com'] }) })).toEqual({
    id: 'grant-1',
    provider: 'google',
    email: 'ada@example.com',
    status: 'valid',
    scope: ['openid'],
    state: 'account-1',
    createdAt: SENT_AT_MS / 1_000,
    updatedAt: SENT_AT_MS / 1_000,
    aliases: ['a@example.com'],
  });
});

test('a time that is none counts as absent', () => {
  for (const created of [-1, '1', null, undefined, 1e300, 253_402_300_800, NaN]) {
    expect(grantOf({ data: grantJson({ created_at: created }) })?.createdAt).toBeNull();
  }
});

test('of a list what is no grant is left out', () => {
  const listed = grantsOf({ data: [grantJson(), null, 'x', {}, grantJson({ id: 'grant-2' })] });
  expect(listed?.map(({ id }) => id)).toEqual(['grant-1', 'grant-2']);
  expect(grantsOf({ data: [] })).toEqual([]);
});

test('what is no list is told from an empty one', () => {
  for (const body of [undefined, null, [], 'x', {}, { data: null }, { data: grantJson() }]) {
    expect(grantsOf(body)).toBeNull();
  }
});

test('a mailbox is a provider and an email, without case', () => {
  expect(foldEmail(' Ada@EXAMPLE.com\t')).toBe('ada@example.com');
  expect(mailboxName('imap', 'a@b.c')).not.toBe(mailboxName('google', 'a@b.c'));
});

test('what has no end is cut off, and is not taken for what it begins with', () => {
  const long = 'x'.repeat(1_000_000);
  const scope = Array.from({ length: 100_000 }, () => long.slice(0, 1_000));
  const grant = grantOf({
    data: grantJson({ provider: long, email: long, grant_status: long, state: long, scope }),
  });
  expect(grant?.email).toHaveLength(321);
  expect(grant?.state).toHaveLength(513);
  expect(JSON.stringify(grant).length).toBeLessThan(100_000);
  expect(grantOf({ data: grantJson({ id: long }) })).toBeNull();
});

test('an id that the key was taken out of is none', () => {
  expect(grantOf({ data: grantJson({ id: 'grant-[redacted]' }) })).toBeNull();
});
