import { describe, expect, it } from 'vitest';
import type { LedgerIssue, LedgerRecord } from '../../src/core/ledger-rows.js';
import { issueRow, recordRow, reportColumns } from '../../src/core/report.js';
import { selectReport } from '../../src/core/report-selection.js';
import { remedyOf } from '../../src/core/remedy.js';
import { userError } from '../support/user-error.js';

const RECORD: LedgerRecord = {
  recordId: 1,
  key: 'acc-1',
  accountId: 'acc-1',
  email: 'ada@example.com',
  mailbox: 'ada@example.com',
  provider: 'google',
  status: 'failed',
  category: 'needs_reauth',
  grantId: null,
  grantStatus: null,
  grantEmail: null,
  origin: null,
  scope: null,
  errorType: 'token.exchange_failed',
  errorMessage: 'revoked',
  providerError: '{"error":"invalid_grant","suberror":"consent_required"}',
  httpStatus: 400,
  requestId: 'req-1',
  attempts: 2,
  firstAttemptAtMs: Date.UTC(2026, 2, 1, 6),
  lastAttemptAtMs: Date.UTC(2026, 2, 1, 7),
  notBeforeMs: null,
  sourceLine: 12,
  runId: 3,
  carried: { user_id: '42', email: 'old@example.com' },
};

const ISSUE: LedgerIssue = {
  runId: 3,
  line: 13,
  kind: 'duplicate',
  key: 'acc-1',
  accountId: 'acc-1',
  email: 'ada@example.com',
  provider: 'google',
  carried: {},
  reasons: [
    { code: 'duplicate', message: 'the same user as line 12' },
    { code: 'other', message: 'and more' },
  ],
  grantId: 'grant-1',
  grantStatus: 'valid',
};

function byName(names: readonly string[], cells: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name, index) => [name, cells[index]]));
}

describe('the columns', () => {
  it('are ours in their order, then those carried along, renamed where they are called like ours', () => {
    const names = reportColumns(['user_id', 'email', 'carried_email']).map(({ name }) => name);
    expect(names.join()).toBe(
      'record_key,account_id,email,provider,status,category,grant_id,grant_status,grant_email,origin,scope,error_type,' +
        'error_message,provider_error,remedy,http_status,request_id,attempts,first_attempt_at,last_attempt_at,source_line,run,' +
        'user_id,carried_carried_email,carried_email',
    );
  });

  it('say of a record what is known, with the remedy and times in UTC', () => {
    const columns = reportColumns(['user_id', 'email', 'constructor']);
    const row = byName(
      columns.map(({ name }) => name),
      recordRow(RECORD, columns),
    );
    expect(row).toMatchObject({
      record_key: 'acc-1',
      email: 'ada@example.com',
      status: 'failed',
      category: 'needs_reauth',
      grant_id: null,
      error_message: 'revoked',
      provider_error: '{"error":"invalid_grant","suberror":"consent_required"}',
      remedy: 'this person must sign in again',
      attempts: 2,
      first_attempt_at: '2026-03-01T06:00:00.000Z',
      source_line: 12,
      run: 3,
      user_id: '42',
      carried_email: 'old@example.com',
      constructor: null,
    });
  });

  it('say of a repeated row why, and give the grant of its record', () => {
    const columns = reportColumns([]);
    const row = byName(
      columns.map(({ name }) => name),
      issueRow(ISSUE, columns),
    );
    expect(row).toMatchObject({
      record_key: 'acc-1',
      status: 'duplicate',
      category: null,
      grant_id: 'grant-1',
      grant_status: 'valid',
      error_message: 'the same user as line 12; and more',
      remedy: null,
      source_line: 13,
      run: 3,
    });
  });
});

describe('a selection', () => {
  const columns = reportColumns(['user_id']);
  const nothing = { select: null, category: null, columns: null };

  it('is everything by default', () => {
    const selection = selectReport(nothing, columns);
    expect(selection).toMatchObject({ statuses: null, categories: null });
    expect(selection.issueKinds).toEqual(['invalid', 'duplicate', 'out_of_scope']);
    expect(selection.columns).toBe(columns);
  });

  it('takes statuses of records and of rows alike', () => {
    const { statuses, issueKinds } = selectReport(
      { ...nothing, select: ' migrated, invalid,migrated' },
      columns,
    );
    expect({ statuses, issueKinds }).toEqual({ statuses: ['migrated'], issueKinds: ['invalid'] });
  });

  it('of categories holds no rows without a record: they have none', () => {
    const { categories, issueKinds } = selectReport(
      { ...nothing, category: 'needs_reauth,blocked' },
      columns,
    );
    expect({ categories, issueKinds }).toEqual({ categories: ['needs_reauth', 'blocked'], issueKinds: [] });
  });

  it('keeps the order of the columns that are asked for, carried ones among them', () => {
    const selection = selectReport({ ...nothing, columns: 'user_id,grant_id,record_key' }, columns);
    expect(selection.columns.map(({ name }) => name)).toEqual(['user_id', 'grant_id', 'record_key']);
  });

  it('tells everything that is wrong with it at once, and what there is', () => {
    const wishes = { select: 'migratd', category: ',', columns: 'grant,email' };
    const says = /migrated\?\): there is pending(.|\n)*--category names nothing(.|\n)*“grant”.*user_id/;
    expect(() => selectReport(wishes, columns)).toThrow(userError('usage', says));
  });
});

describe('the remedy', () => {
  it.each([
    ['migrated', null, 'a@b.c', null],
    ['failed', 'needs_admin', 'a@b.c', 'an administrator of this domain must consent'],
    ['pending', null, 'a@b.c', 'run again'],
    ['pending', 'throttled', 'a@b.c', 'run again'],
    ['submitting', null, 'a@b.c', expect.stringContaining('wait for the run')],
    ['in_doubt', null, 'a@b.c', expect.stringContaining('run again')],
    ['in_doubt', null, null, expect.stringContaining('--retry in_doubt')],
    ['undone', null, 'a@b.c', expect.stringContaining('--retry undone')],
  ] as const)('of %s %s (%s) is %s', (status, category, mailbox, remedy) => {
    expect(remedyOf({ status, category, mailbox, grantStatus: null })).toEqual(remedy);
  });
});
