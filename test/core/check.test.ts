import { describe, expect, test } from 'vitest';
import { check } from '../../src/check.js';
import { BAD_ROWS_MAX, CheckTally } from '../../src/core/check.js';
import { UserError } from '../../src/core/errors.js';
import type { RawRow, ReadingOptions } from '../../src/core/record.js';
import type { RecordSource } from '../../src/ports/source.js';
import { reading } from '../support/reading.js';

/** A source of rows held in memory, one line each. */
function sourceOf(header: readonly string[], rows: readonly (readonly string[])[]) {
  const state = { isClosed: false };
  const source: RecordSource = {
    name: 'users.csv',
    open: () =>
      Promise.resolve({
        header,
        delimiter: ',',
        batches: batchesOf(rows.map((fields, index) => ({ line: index + 2, fields, problem: null }))),
        progress: () => ({ bytesRead: 10, bytesTotal: 20, rowsParsed: 0 }),
        digest: () => ({ sha256: 'abc', bytes: 20 }),
        close: () => {
          state.isClosed = true;
          return Promise.resolve();
        },
      }),
    giveUp: () => undefined,
  };
  return { source, state };
}

async function* batchesOf(rows: readonly RawRow[]): AsyncGenerator<RawRow[]> {
  for (let at = 0; at < rows.length; at += 2) yield await Promise.resolve(rows.slice(at, at + 2));
}

const HEADER = ['account_id', 'email', 'provider', 'refresh_token', 'notes'];

async function checked(
  rows: readonly (readonly string[])[],
  options: Partial<ReadingOptions> = {},
  rate = 45,
) {
  return check(sourceOf(HEADER, rows).source, reading(options), rate);
}

describe('a check', () => {
  test('counts rows by provider and says what the file is', async () => {
    const summary = await checked([
      ['1', 'a@b.co', 'gmail', 't1', ''],
      ['2', 'c@b.co', 'google', 't2', ''],
      ['3', 'd@b.co', 'outlook', 't3', ''],
    ]);
    expect(summary).toMatchObject({
      file: 'users.csv',
      sha256: 'abc',
      rows: 3,
      good: 3,
      bad: 0,
      byProvider: { google: 2, microsoft: 1 },
      ignoredHeaders: ['notes'],
      hasTokenColumn: true,
      identifiedBy: 'account_id',
      delimiter: ',',
      notes: [],
    });
  });

  test('groups problems by reason, the most frequent first, with their lines', async () => {
    const summary = await checked([
      ['1', 'a@b.co', 'google', '', ''],
      ['2', 'nobody', 'google', 't2', ''],
      ['3', 'nobody else', 'google', '', ''],
    ]);
    expect(summary.problems).toEqual([
      expect.objectContaining({ code: 'no_credential', count: 2, lines: [2, 4] }),
      expect.objectContaining({ code: 'bad_email', count: 2, lines: [3, 4] }),
    ]);
    expect(summary.problems[0]?.message).toMatch(/batch clone/);
    expect(summary.problems[1]?.message).toMatch(/^the email is not/);
    expect(summary.withoutCredential).toEqual({ count: 2, lines: [2, 4] });
    expect(summary.badRows.map((row) => [row.line, row.reasons.map((reason) => reason.code)])).toEqual([
      [2, ['no_credential']],
      [3, ['bad_email']],
      [4, ['no_credential', 'bad_email']],
    ]);
    expect(summary.badRows[1]?.reasons[0]?.message).toMatch(/^“nobody” is not/);
  });

  test('tells repeats, users lost by them, and mailboxes that are shared', async () => {
    const summary = await checked([
      ['1', 'a@b.co', 'google', 't', ''],
      ['1', 'A@b.co', 'gmail', 't', ''],
      ['1', 'other@b.co', 'google', 't', ''],
      ['2', 'A@B.co', 'google', 't', ''],
      ['3', 'a@b.co', 'zoom', 't', ''],
    ]);
    expect(summary.repeats).toEqual({
      count: 2,
      otherMailbox: 1,
      examples: [
        { line: 3, firstLine: 2, key: '1' },
        { line: 4, firstLine: 2, key: '1' },
      ],
    });
    expect(summary.sharedMailboxes).toBe(1);
    expect(summary.toSubmit).toBe(2);
  });

  test('shows no key that is made from a credential', async () => {
    const rows = [
      ['1', 'a@b.co', 'google', 't', ''],
      ['2', 'b@b.co', 'google', 't', ''],
    ];
    const summary = await checked(rows, { identify: { by: 'credential' } });
    expect(summary.repeats.examples).toEqual([{ line: 3, firstLine: 2, key: null }]);
  });

  test('estimates the time that the requests take', async () => {
    const rows = Array.from({ length: 91 }, (_, n) => [`${n}`, `u${n}@b.co`, 'google', 't', '']);
    expect((await checked(rows)).estimate).toEqual({ ratePerSecond: 45, requests: 91, seconds: 3 });
    expect((await checked(rows, {}, 0)).estimate.seconds).toBeNull();
  });

  test('reports its progress by batch, and closes the input also where the header is refused', async () => {
    const good = sourceOf(HEADER, [['1', 'a@b.co', 'google', 't', '']]);
    const seen: unknown[] = [];
    await check(good.source, reading(), 45, (progress) => seen.push(progress));
    expect(seen).toEqual([{ rows: 1, bytesRead: 10, bytesTotal: 20, rowsParsed: 0 }]);
    expect(good.state.isClosed).toBe(true);
    const bad = sourceOf(['x'], []);
    await expect(check(bad.source, reading(), 45)).rejects.toThrow(UserError);
    expect(bad.state.isClosed).toBe(true);
  });

  test('lists bad rows and distinct problems up to a limit, and says how many are left out', () => {
    const tally = new CheckTally({ hidesKeys: false });
    for (let line = 2; line < BAD_ROWS_MAX + 7; line++) {
      const reasons = [{ code: 'unknown_provider', message: `provider “p${line}” is unknown` }] as const;
      const bad = { line, key: null, email: null, provider: null, accountId: null, carried: {}, reasons };
      tally.add({ kind: 'bad', bad });
    }
    const { badRows, badRowsLeftOut, problems } = tally.checked();
    expect([badRows.length, badRowsLeftOut]).toEqual([BAD_ROWS_MAX, 5]);
    expect(problems).toHaveLength(201);
    expect(problems[0]).toMatchObject({ code: 'unknown_provider', message: /further rows/, count: 9805 });
    expect(problems[0]?.lines).toHaveLength(20);
  });
});
