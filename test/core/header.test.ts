import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { describeIdentify, mapHeader, parseIdentify } from '../../src/core/header.js';
import type { ReadingOptions } from '../../src/core/record.js';
import { reading } from '../support/reading.js';

function refusal(header: readonly string[], options: Partial<ReadingOptions> = {}): UserError {
  try {
    mapHeader(header, reading(options));
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('the header was accepted');
}

describe('a header', () => {
  test('is understood in any case, with spaces, dashes, in v2 and camel case', () => {
    const map = mapHeader([' Account ID ', 'E-Mail', 'PROVIDER', 'googleRefreshToken', 'scopes'], reading());
    expect(Object.fromEntries(map.columns)).toEqual({
      account_id: 0,
      email: 1,
      provider: 2,
      google_refresh_token: 3,
      scope: 4,
    });
  });

  test('tells which columns nothing is read from, blank ones aside', () => {
    const map = mapHeader(
      ['email', 'provider', 'refresh_token', 'shoe size', 'user_id', ''],
      reading({ carry: ['USER_ID'] }),
    );
    expect(map.ignored).toEqual(['shoe size']);
    expect(map.carried).toEqual([{ header: 'user_id', index: 4 }]);
  });

  test('takes the column that --column names, over the one of that name', () => {
    const map = mapHeader(
      ['email', 'mail', 'provider', 'refresh_token'],
      reading({ columns: new Map([['email', 'mail']]) }),
    );
    expect(map.columns.get('email')).toBe(1);
    expect(map.ignored).toEqual(['email']);
  });

  test('is refused with every problem at once', () => {
    const error = refusal(['email', 'email', 'shoe'], {
      columns: new Map([
        ['refresh_token', 'tokn'],
        ['emial', 'shoe'],
      ]),
      carry: ['shoes'],
    });
    expect(error.kind).toBe('usage');
    expect(error.message).toMatch(/two columns are called email/);
    expect(error.message).toMatch(/--column refresh_token=tokn: the file has no column tokn/);
    expect(error.message).toMatch(/there is no field emial \(did you mean email\?\)/);
    expect(error.message).toMatch(/--carry shoes: the file has no column shoes \(did you mean shoe\?\)/);
    expect(error.message).toMatch(/no column holds a credential/);
    expect(error.message).toMatch(/no column provider, and no --default-provider/);
  });

  test('with two columns for one field asks which', () => {
    const header = ['email', 'email_address', 'provider', 'refresh_token'];
    expect(refusal(header).message).toMatch(/email and email_address both stand for email.*--column email=/);
    const map = mapHeader(header, reading({ columns: new Map([['email', 'email_address']]) }));
    expect(map.columns.get('email')).toBe(1);
  });

  test('of a file without a header row is refused without repeating what it holds', () => {
    const error = refusal(['ann@example.com', 'google', '1//09secret'], {
      columns: new Map([['email', 'mail']]),
    });
    expect(error.message).toMatch(/is this a file with a header row\?/);
    expect(error.message + error.next).not.toMatch(/1\/\/09secret|ann@/);
  });

  test('needs no credential column where virtual calendars are the default', () => {
    expect(mapHeader(['email'], reading({ defaultProvider: 'virtual-calendar' })).ignored).toEqual([]);
  });

  test('lets no credential be carried into the ledger or become a key', () => {
    const header = ['email', 'provider', 'refresh_token'];
    expect(refusal(header, { carry: ['refresh_token'] }).message).toMatch(/holds credentials/);
    const identify = { by: 'column', header: 'refresh_token' } as const;
    expect(refusal(header, { identify }).message).toMatch(/--identify-by credential/);
  });
});

describe('the rule that identifies users', () => {
  const base = ['provider', 'refresh_token'];

  test('is account_id where that column exists, else the email', () => {
    expect(mapHeader([...base, 'email', 'account_id'], reading()).keyingRule).toBe('account_id');
    expect(mapHeader([...base, 'email'], reading()).keyingRule).toBe('email');
  });

  test('is the one asked for', () => {
    const header = [...base, 'email', 'account_id', 'User-ID'];
    const map = mapHeader(header, reading({ identify: { by: 'column', header: 'user id' } }));
    expect(map).toMatchObject({ keyColumn: 4, keyingRule: 'column:user_id' });
    expect(mapHeader(header, reading({ identify: { by: 'credential' } })).keyColumn).toBeNull();
  });

  test('is refused where its column is missing', () => {
    expect(refusal(base).message).toMatch(/no column tells the users apart/);
    expect(refusal(base, { identify: { by: 'account_id' } }).message).toMatch(/no column account_id/);
    expect(refusal(base, { identify: { by: 'email' } }).message).toMatch(/tells the users apart/);
    expect(refusal(base, { identify: { by: 'column', header: 'uid' } }).message).toMatch(/no column uid/);
    const passwords = ['provider', 'email', 'password'];
    expect(refusal(passwords, { identify: { by: 'credential' } }).message).toMatch(/no column refresh_token/);
  });

  test.each(['account_id', 'email', 'credential', 'column:user_id'])(
    '%s reads back as it is written',
    (rule) => {
      expect(describeIdentify(parseIdentify(rule))).toBe(rule);
    },
  );

  test('has one name, however it is asked for', () => {
    expect(describeIdentify(parseIdentify('column:Account ID'))).toBe('account_id');
    expect(describeIdentify(parseIdentify('Column: User ID'))).toBe('column:user_id');
    expect(() => parseIdentify('phone')).toThrow(UserError);
  });
});
