import { describe, expect, test } from 'vitest';
import { renderCheck } from '../../../src/adapters/terminal/check.js';
import type { CheckSummary } from '../../../src/core/check.js';

const CLEAN: CheckSummary = {
  file: 'users.csv',
  sha256: 'abc',
  bytes: 10,
  delimiter: ',',
  notes: [],
  ignoredHeaders: [],
  hasTokenColumn: true,
  identifiedBy: 'account_id',
  rows: 1_000_000,
  good: 1_000_000,
  bad: 0,
  byProvider: { google: 900_000, microsoft: 100_000 },
  problems: [],
  badRows: [],
  badRowsLeftOut: 0,
  repeats: { count: 0, otherMailbox: 0, examples: [] },
  sharedMailboxes: 0,
  withoutCredential: { count: 0, lines: [] },
  toSubmit: 1_000_000,
  estimate: { ratePerSecond: 45, requests: 1_000_000, seconds: 22_223 },
};

const TROUBLED: CheckSummary = {
  ...CLEAN,
  file: "bob's users.csv",
  delimiter: ';',
  notes: ['gzip', 'UTF-16LE'],
  ignoredHeaders: ['notes', 'shoe size'],
  rows: 1100,
  good: 1050,
  bad: 50,
  byProvider: { google: 1050 },
  problems: [
    {
      code: 'no_credential',
      message:
        'no refresh token: if Nylas held the token (Hosted auth), use Nylas’ own batch clone; else this person must sign in again',
      count: 49,
      lines: Array.from({ length: 20 }, (_, n) => 1_000_000 + n),
    },
    { code: 'bad_email', message: 'the email is not an email address', count: 1, lines: [7] },
  ],
  repeats: {
    count: 2,
    otherMailbox: 1,
    examples: [
      { line: 9, firstLine: 4, key: 'k1' },
      { line: 12, firstLine: 4, key: null },
    ],
  },
  sharedMailboxes: 1,
  withoutCredential: { count: 49, lines: [3] },
  estimate: { ratePerSecond: 45, requests: 1047, seconds: 24 },
};

describe('the answer of check', () => {
  test('about a clean file is short and ends with the next command', () => {
    expect(renderCheck(CLEAN)).toBe(
      [
        'users.csv: 1,000,000 rows, 1,000,000 good, 0 bad',
        '  users identified by account_id',
        '',
        'Good rows by provider',
        '  google     900,000',
        '  microsoft  100,000',
        '',
        '1,000,000 requests to Nylas: 6 h 10 min at 45 a second',
        '',
        'Next, a canary of twenty users of each provider:',
        '  nylas-migrate run users.csv --limit-per-provider 20 --label canary',
        'Then everybody:',
        '  nylas-migrate run users.csv',
        '',
      ].join('\n'),
    );
  });

  test('groups what is wrong and says what to do', () => {
    const text = renderCheck(TROUBLED);
    expect(text).toMatchInlineSnapshot(`
      "bob's users.csv: 1,100 rows, 1,050 good, 50 bad
        users identified by account_id, gzip, UTF-16LE, delimiter “;”

      Good rows by provider
        google  1,050

      Problems (a row can have several; bad rows are never sent)
        49 rows: no refresh token: if Nylas held the token (Hosted auth), use Nylas’
        own batch clone; else this person must sign in again
          lines 1000000, 1000001, 1000002, 1000003, 1000004, 1000005, 1000006,
          1000007, 1000008, 1000009, 1000010, 1000011, 1000012, 1000013, 1000014,
          1000015, 1000016, 1000017, 1000018, 1000019 and 29 more
        1 row: the email is not an email address
          line 7
        --json lists every bad row with its line and reasons.

      2 rows with the record key of an earlier row: only the first counts
        line 9 repeats line 4 (k1)
        line 12 repeats line 4
        One of them names another mailbox, which would not be migrated: --identify-by
        another column tells them apart.
      1 row of another user with the mailbox of an earlier row: they share its grant

      49 rows without any credential. Users of Hosted auth have none in your database:
      Nylas holds their tokens, and moves them with its own batch clone. The others
      must sign in again.

      Columns not read: notes, shoe size. --carry HEADER keeps one, such as your own
      user id, beside each grant in the reports

      1,047 requests to Nylas: 24 s at 45 a second

      Next, a canary of twenty users of each provider:
        nylas-migrate run 'bob'\\''s users.csv' --limit-per-provider 20 --label canary
      Then everybody (corrected rows later, with the same command):
        nylas-migrate run 'bob'\\''s users.csv'
      "
    `);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test('says how many bad rows are left out of the JSON, and where they all are', () => {
    const text = renderCheck({ ...TROUBLED, badRowsLeftOut: 2_345 }).replaceAll(/\s+/g, ' ');
    expect(text).toContain(
      '--json lists the first 10,000 bad rows with line and reasons, and leaves out 2,345 more.',
    );
    expect(text).toContain('nylas-migrate report --select invalid.');
  });

  test('counts the repeats that it does not show', () => {
    const examples = Array.from({ length: 6 }, (_, n) => ({ line: 10 + n, firstLine: 2, key: 'k' }));
    const text = renderCheck({ ...TROUBLED, repeats: { count: 30, otherMailbox: 0, examples } });
    expect(text).toContain('line 14 repeats line 2 (k)\n  and 25 more\n');
  });

  test('of an input without rows gives no advice', () => {
    const text = renderCheck({ ...CLEAN, rows: 0, good: 0, byProvider: {} });
    expect(text).toContain('a header and no rows: there is nothing to migrate');
    expect(text).not.toMatch(/correct|nylas-migrate run/);
  });

  test('names the command it is given, with its options', () => {
    expect(renderCheck(CLEAN, 'nylas-migrate run users.csv --rate 20')).toMatch(
      /\n {2}nylas-migrate run users.csv --rate 20\n$/,
    );
  });

  test('has no command for a file without a good row', () => {
    const text = renderCheck({
      ...TROUBLED,
      good: 0,
      byProvider: {},
      estimate: { ratePerSecond: 0, requests: 0, seconds: null },
    });
    expect(text).toMatch(/Nothing can be migrated/);
    expect(text).not.toMatch(/nylas-migrate run|requests/);
  });
});

test('says of a file whose tokens are in no column that it knows, how to name it', () => {
  const summary = { ...TROUBLED, hasTokenColumn: false, ignoredHeaders: ['token'] };
  const text = renderCheck(summary).replaceAll('\n', ' ').replaceAll(/ +/g, ' ');
  expect(text).toContain('Columns not read: token. None is read as refresh tokens');
  expect(text).toContain('--column refresh_token=HEADER');
  expect(renderCheck(TROUBLED)).not.toContain('refresh_token=HEADER');
});
