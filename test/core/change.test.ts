import { describe, expect, test } from 'vitest';
import { CATEGORIES, HANDLING } from '../../src/core/category.js';
import { doubtful, migrated, recordGrant, refused, waiting } from '../../src/core/change.js';
import { scrubberOf } from '../../src/core/scrub.js';
import { SENT_AT_MS, someGrant } from '../support/answers.js';

const kept = recordGrant(someGrant(), 'created', (text) => text);

test('a record that has its grant has no doubt and no wait left', () => {
  expect(migrated(kept, true)).toEqual({
    status: 'migrated',
    category: null,
    grant: kept,
    notBeforeMs: null,
    inDoubt: false,
    counts: true,
  });
});

describe('a refusal', () => {
  test.each(['misconfigured', 'throttled', 'unavailable'] as const)('%s leaves it pending', (category) => {
    expect(refused(category, null).status).toBe('pending');
  });

  test.each(['needs_reauth', 'needs_admin', 'rejected', 'blocked', 'email_mismatch'] as const)(
    '%s fails it, and a grant that came with it is kept',
    (category) => {
      expect(refused(category, kept)).toMatchObject({
        status: 'failed',
        category,
        grant: kept,
        inDoubt: false,
      });
    },
  );
});

test('a doubt counts as an attempt and is remembered; a wait does not count', () => {
  expect(doubtful(7)).toMatchObject({ status: 'in_doubt', notBeforeMs: 7, inDoubt: true, counts: true });
  expect(waiting('throttled', 7, true)).toMatchObject({ status: 'pending', inDoubt: true, counts: false });
  expect(waiting(null, null, false)).toMatchObject({ category: null, notBeforeMs: null, inDoubt: false });
});

test('of a grant nothing is kept that a server echoed', () => {
  const secret = '1//0planted-refresh-token';
  const echo = someGrant({ status: secret, email: `${secret}@example.com`, scope: ['mail', secret] });
  expect(recordGrant(echo, null, scrubberOf([secret]))).toEqual({
    id: 'grant-1',
    status: '[redacted]',
    email: '[redacted]@example.com',
    scope: 'mail [redacted]',
    updatedAt: SENT_AT_MS / 1000,
    origin: null,
  });
  expect(
    recordGrant(someGrant({ status: null, email: null, scope: [] }), null, scrubberOf([])),
  ).toMatchObject({
    status: null,
    email: null,
    scope: null,
  });
});

test('every category says who must do what', () => {
  for (const category of CATEGORIES) {
    const { who, what, remedy } = HANDLING[category];
    for (const text of [who, what, remedy]) expect(text).not.toBe('');
  }
});
