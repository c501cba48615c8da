import { describe, expect, test } from 'vitest';
import type { Grant } from '../../src/core/grant.js';
import { adoptable, adoptableByState } from '../../src/core/settle.js';
import { someGrant } from '../support/answers.js';
import { imapUser, someUser } from '../support/users.js';

const OPENS_AT = 1_000_000;
const fresh = (rest: Partial<Grant> = {}): Grant =>
  someGrant({ createdAt: OPENS_AT, updatedAt: OPENS_AT, ...rest });

const adopted = (...grants: readonly Grant[]): string | null =>
  adoptable(grants, someUser(), OPENS_AT)?.id ?? null;

describe('is adopted', () => {
  test.each<readonly [string, Grant]>([
    ['made since the attempt', fresh()],
    ['there before, re-authenticated since', fresh({ createdAt: 5 })],
    ['made since, never updated', fresh({ updatedAt: null })],
    ['of the same mailbox in another case', fresh({ email: ' ADA@Example.COM ' })],
    ['without a status, which Nylas may leave out', fresh({ status: null })],
    ['whatever its state says: that is a hint', fresh({ state: 'another-record' })],
  ])('%s', (_what, grant) => {
    expect(adopted(grant)).toBe('grant-1');
  });

  test('of several the one that was touched last', () => {
    const grants = [
      fresh({ id: 'old', createdAt: OPENS_AT + 1 }),
      fresh({ id: 'new', createdAt: 5, updatedAt: OPENS_AT + 9 }),
      fresh({ id: 'middle', createdAt: OPENS_AT + 5 }),
    ];
    expect(adopted(...grants)).toBe('new');
    expect(grants.map(({ id }) => id)).toEqual(['old', 'new', 'middle']);
  });

  test('by the name the row logs in with', () => {
    const grant = fresh({ provider: 'imap', email: 'login@example.com' });
    expect(adoptable([grant], imapUser('Login@example.com'), OPENS_AT)).toBe(grant);
  });
});

describe('is not adopted', () => {
  test.each<readonly [string, Grant]>([
    ['too old', fresh({ createdAt: OPENS_AT - 1, updatedAt: OPENS_AT - 1 })],
    ['without any time', fresh({ createdAt: null, updatedAt: null })],
    ['invalid', fresh({ status: 'invalid' })],
    ["another provider's", fresh({ provider: 'microsoft' })],
    ['of no provider', fresh({ provider: null })],
    ["another mailbox's", fresh({ email: 'eve@example.com' })],
    ['of no mailbox', fresh({ email: null })],
  ])('%s', (_what, grant) => {
    expect(adopted(grant)).toBeNull();
  });

  test('anything for a row that names no mailbox', () => {
    expect(adoptable([fresh()], someUser({ email: null }), OPENS_AT)).toBeNull();
  });

  test('nothing, where nothing is listed', () => {
    expect(adopted()).toBeNull();
  });

  test('one that fits, hidden among others that do not', () => {
    expect(
      adopted(fresh({ id: 'x', status: 'invalid' }), fresh({ id: 'y' }), fresh({ id: 'z', email: null })),
    ).toBe('y');
  });
});

describe('by its state, from all that was made since,', () => {
  const nameless = someUser({ email: null });
  const found = (grants: readonly Grant[], user = nameless): string | null =>
    adoptableByState(grants, user, OPENS_AT)?.id ?? null;

  test.each<readonly [string, Grant]>([
    ["made since the attempt, with the record's key", fresh()],
    ['of whatever mailbox, where the row names none', fresh({ email: 'eve@example.com' })],
    ['of no mailbox', fresh({ email: null })],
    ['without a status', fresh({ status: null })],
    ['never updated', fresh({ updatedAt: null })],
  ])('is adopted: %s', (_what, grant) => {
    expect(found([grant])).toBe('grant-1');
  });

  test.each<readonly [string, Grant]>([
    ['too old', fresh({ createdAt: OPENS_AT - 1 })],
    ['only renewed since: a state is the initial one', fresh({ createdAt: 5 })],
    ['of unknown age', fresh({ createdAt: null })],
    ['invalid', fresh({ status: 'invalid' })],
    ["another provider's", fresh({ provider: 'zoom' })],
    ['of another state', fresh({ state: 'account-2' })],
    ['of no state', fresh({ state: null })],
  ])('is not adopted: %s', (_what, grant) => {
    expect(found([grant])).toBeNull();
  });

  test('two that fit are one too many', () => {
    expect(found([fresh({ id: 'x' }), fresh({ id: 'y' })])).toBeNull();
    expect(found([fresh({ id: 'x' }), fresh({ id: 'y', createdAt: 5 })])).toBe('x');
  });

  test("a row that names a mailbox takes none of another's", () => {
    expect(found([fresh({ email: 'eve@example.com' })], someUser())).toBeNull();
    expect(found([fresh({ email: 'Ada@Example.com' })], someUser())).toBe('grant-1');
    expect(found([fresh({ email: null })], someUser())).toBe('grant-1');
  });

  test("a state of the user's own says nothing: many rows can have the same", () => {
    const user = someUser({ email: null, body: { state: 'imported' } });
    expect(found([fresh({ state: 'imported' })], user)).toBeNull();
  });
});
