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
  for (const created of [-1, '1', null, undefined]) {
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
