import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STATUSES } from '../../src/core/category.js';
import {
  judgeDeletion,
  judgeRead,
  LEFT_REASONS,
  planUndo,
  type GrantHolder,
  type HeldGrant,
  type UndoSelection,
  type UndoTarget,
} from '../../src/core/undo.js';
import { LeftCounts, surveyUndo, targetsOf } from '../../src/core/undo-survey.js';
import { fault, granted, grantJson, nylasError, page, reply, SENT_AT_MS } from '../support/answers.js';

/** Unix seconds: when the grants of these tests were made. */
const MADE_AT = SENT_AT_MS / 1000;
const EVERYTHING: UndoSelection = { runId: null, providers: new Set(), only: null };

function holder(rest: Partial<GrantHolder> = {}): GrantHolder {
  return {
    recordId: 1,
    key: 'account-1',
    provider: 'google',
    runId: 1,
    status: 'migrated',
    origin: 'created',
    mailbox: 'ada@example.com',
    grantEmail: 'ada@example.com',
    grantStatus: 'valid',
    grantUpdatedAt: MADE_AT,
    isChosen: false,
    isDiscarded: false,
    submissions: [{ opensAt: MADE_AT - 2, lastedMs: 800 }],
    lastUndo: null,
    ...rest,
  };
}

function held(...holders: readonly GrantHolder[]): HeldGrant {
  return { grantId: 'grant-1', holders };
}

/** A sharer of the same mailbox. */
const SHARER = holder({ recordId: 2, key: 'account-2', runId: 2, origin: 'shared', submissions: [] });

function told(grant: HeldGrant, selection: Partial<UndoSelection> = {}): string {
  const plan = planUndo(grant, { ...EVERYTHING, ...selection });
  return plan.kind === 'leave' ? `leave: ${plan.reason}` : plan.kind;
}

describe('which grants the ledger allows to delete', () => {
  test.each<[string, HeldGrant, string]>([
    ['one that we created', held(holder()), 'delete'],
    [
      'one that was found after a lost answer, which Nylas must prove ours',
      held(holder({ origin: 'adopted' })),
      'delete',
    ],
    ['one that we created for another mailbox, and hold', held(holder({ status: 'failed' })), 'delete'],
    ['one that is shared, with all who share it', held(holder(), SHARER), 'delete'],
    ['one that was discarded for another', held(holder({ isDiscarded: true, status: 'pending' })), 'delete'],
    ['one that was there', held(holder({ origin: 'existing' })), 'leave: existing'],
    [
      'one that we gave another credential',
      held(holder({ origin: 'reauthenticated' })),
      'leave: reauthenticated',
    ],
    ['one that the person made', held(holder({ origin: 'signed_in' })), 'leave: signed_in'],
    ['one of unknown origin', held(holder({ origin: null, status: 'failed' })), 'leave: origin_unknown'],
    ['a shared one that nobody is known to have made', held(SHARER), 'leave: origin_unknown'],
    [
      'ours, but another record found it there',
      held(holder(), { ...SHARER, origin: 'existing' }),
      'leave: existing',
    ],
    ['one that somebody chose for a record', held(holder({ isChosen: true })), 'leave: chosen'],
    ['ours, but of another mailbox by now', held(holder({ grantStatus: 'changed' })), 'leave: other_mailbox'],
    ['ours, and gone as verify saw', held(holder({ grantStatus: 'missing' })), 'delete'],
    ['ours, but its record is being submitted', held(holder({ status: 'in_doubt' })), 'leave: unsettled'],
    [
      'ours, but it had changed when an earlier undo asked',
      held(holder({ lastUndo: 'changed' })),
      'leave: changed',
    ],
    ['ours, and an earlier undo got no answer', held(holder({ lastUndo: 'no_answer' })), 'delete'],
    ['ours, and Nylas refused to delete it once', held(holder({ lastUndo: 'refused' })), 'delete'],
  ])('%s', (_name, grant, expected) => {
    expect(told(grant)).toBe(expected);
  });

  test('a selection takes those who are in all of it', () => {
    expect(
      told(held(holder()), { runId: 1, providers: new Set(['google']), only: new Set(['account-1']) }),
    ).toBe('delete');
    expect(told(held(holder()), { runId: 2 })).toBe('out');
    expect(told(held(holder()), { providers: new Set(['yahoo']) })).toBe('out');
    expect(told(held(holder()), { only: new Set() })).toBe('out');
  });

  test('what also serves a record outside the selection stays, whichever of them is selected', () => {
    expect(told(held(holder(), SHARER), { runId: 1 })).toBe('leave: shared');
    expect(told(held(holder(), SHARER), { runId: 2 })).toBe('leave: shared');
    expect(told(held(holder(), SHARER), { runId: 3 })).toBe('out');
  });

  test('all who share a deleted grant lose it, and who had discarded it keeps what it has', () => {
    const discarded = holder({ recordId: 9, isDiscarded: true });
    const plan = planUndo(held(holder(), SHARER, discarded), EVERYTHING);
    expect(plan).toMatchObject({ kind: 'delete', target: { grantId: 'grant-1', recordIds: [1, 2] } });
  });
});

const TARGET: UndoTarget = { grantId: 'grant-1', maker: holder(), recordIds: [1] };
const ADOPTED: UndoTarget = {
  ...TARGET,
  maker: holder({ origin: 'adopted', grantUpdatedAt: MADE_AT + 120 }),
};

function judged(grant: Readonly<Record<string, unknown>>, target = TARGET): string {
  const judgement = judgeRead(granted(grantJson(grant)), target);
  return judgement.kind === 'leave' ? `leave: ${judgement.reason}` : judgement.kind;
}

describe('what Nylas says of a grant before it is deleted', () => {
  test.each<[string, Readonly<Record<string, unknown>>, UndoTarget, string]>([
    ['as we left it', {}, TARGET, 'delete'],
    ['as we left it, though its credential has died', { grant_status: 'invalid' }, TARGET, 'delete'],
    ['an email in other letters', { email: 'Ada@Example.com' }, TARGET, 'delete'],
    ['no email', { email: undefined }, TARGET, 'delete'],
    ['touched a second later', { updated_at: MADE_AT + 1 }, TARGET, 'leave: changed'],
    [
      'touched a second later, still within the second that we know of',
      { updated_at: MADE_AT + 0.9 },
      TARGET,
      'delete',
    ],
    ['another email', { email: 'bob@example.com' }, TARGET, 'leave: other_mailbox'],
    ['another provider', { provider: 'yahoo' }, TARGET, 'leave: other_mailbox'],
    ['made before we asked for it', { created_at: MADE_AT - 3 }, TARGET, 'leave: unproven'],
    ['no word on when it was made', { created_at: undefined }, TARGET, 'leave: unproven'],
    ['no word on when it was touched', { updated_at: 'lately' }, TARGET, 'leave: unproven'],
    ['found: made while our request went on', {}, ADOPTED, 'delete'],
    [
      'found: made in time, and renewed before it was found',
      { updated_at: MADE_AT + 60 },
      ADOPTED,
      'leave: changed',
    ],
    ['found: renewed, and older than our request', { created_at: MADE_AT - 90 }, ADOPTED, 'leave: unproven'],
    [
      'found: made when our request was long over',
      { created_at: MADE_AT + 40, updated_at: MADE_AT + 40 },
      ADOPTED,
      'leave: unproven',
    ],
    ['found: made in time, by somebody with another state', { state: 'app' }, ADOPTED, 'leave: unproven'],
    ['found: made in time, without a state', { state: undefined }, ADOPTED, 'leave: unproven'],
  ])('%s', (_name, grant, target, expected) => {
    expect(judged(grant, target)).toBe(expected);
  });

  test('where it was not kept when we touched it, it must not have been touched since it was made', () => {
    const older = { ...TARGET, maker: holder({ grantUpdatedAt: null }) };
    expect(judged({ updated_at: MADE_AT + 1 }, older)).toBe('delete');
    expect(judged({ updated_at: MADE_AT + 2 }, older)).toBe('leave: changed');
  });

  test('a request whose end was lost with its process is taken to have lasted a minute', () => {
    const lost = holder({ origin: 'adopted', submissions: [{ opensAt: MADE_AT, lastedMs: null }] });
    const at = (seconds: number) => ({ created_at: MADE_AT + seconds, updated_at: MADE_AT + seconds });
    expect(judged(at(60), { ...TARGET, maker: lost })).toBe('delete');
    expect(judged(at(90), { ...TARGET, maker: lost })).toBe('leave: unproven');
  });

  test.each([
    ['Nylas has no such grant', nylasError(404, 'api.not_found_error'), { kind: 'gone' }],
    ['something else has no such page', page(404, '<html>'), { kind: 'unknown' }],
    ['another grant', granted(grantJson({ id: 'grant-2' })), { kind: 'unknown' }],
    ['a refusal', nylasError(423, 'api.resource_blocked'), { kind: 'leave', reason: 'refused' }],
    ['too much', nylasError(429, 'nylas_rate_limit_exceeded'), { kind: 'unknown' }],
    ['a proxy’s page', page(200, '<html>'), { kind: 'unknown' }],
    ['nothing', fault('reset', true), { kind: 'unknown' }],
  ])('%s', (_name, answer, expected) => {
    expect(judgeRead(answer, TARGET)).toEqual(expected);
  });
});

describe('what Nylas says to a deletion', () => {
  test.each([
    ['done', reply(200, { request_id: 'r' }), 'deleted'],
    ['done, without a word', page(204, ''), 'deleted'],
    ['gone before', nylasError(404, 'api.not_found_error'), 'gone'],
    ['a proxy’s page instead', page(200, '<html>'), 'unknown'],
    ['a proxy that knows no such path', page(404, '<html>'), 'unknown'],
    ['a redirect', page(302, ''), 'unknown'],
    ['a refusal', nylasError(403, 'api.authentication_error'), 'refused'],
    ['too much', nylasError(429, 'nylas_rate_limit_exceeded'), 'unknown'],
    ['too late', nylasError(408, 'api.timeout'), 'unknown'],
    ['unwell', nylasError(503, 'api.internal_error'), 'unknown'],
    ['nothing', fault('timeout', true), 'unknown'],
    ['never sent', fault('connect', false), 'unknown'],
  ] as const)('%s', (_name, answer, expected) => {
    expect(judgeDeletion(answer)).toBe(expected);
  });
});

const someHolder: fc.Arbitrary<GrantHolder> = fc.record({
  recordId: fc.integer({ min: 1, max: 9 }),
  key: fc.constantFrom('a', 'b', 'c'),
  provider: fc.constantFrom('google', 'yahoo'),
  runId: fc.integer({ min: 1, max: 3 }),
  status: fc.constantFrom(...STATUSES),
  origin: fc.constantFrom('created', 'reauthenticated', 'adopted', 'existing', 'shared', 'signed_in', null),
  mailbox: fc.constantFrom('ada@example.com', null),
  grantEmail: fc.constantFrom('ada@example.com', 'Bob@example.com', null),
  grantStatus: fc.constantFrom('valid', 'changed', 'missing', null),
  isChosen: fc.boolean(),
  grantUpdatedAt: fc.option(fc.integer({ min: 95, max: 105 })),
  isDiscarded: fc.boolean(),
  submissions: fc.array(
    fc.record({
      opensAt: fc.integer({ min: 90, max: 105 }),
      lastedMs: fc.option(fc.integer({ min: -1000, max: 9000 })),
    }),
    { maxLength: 2 },
  ),
  lastUndo: fc.constantFrom(null, 'deleted', 'no_answer', ...LEFT_REASONS),
});

const someSelection: fc.Arbitrary<UndoSelection> = fc.record({
  runId: fc.option(fc.integer({ min: 1, max: 3 })),
  providers: fc.subarray(['google', 'yahoo']).map((names) => new Set(names)),
  only: fc.option(fc.subarray(['a', 'b', 'c']).map((keys) => new Set(keys))),
});

const someHeld = fc
  .array(someHolder, { minLength: 1, maxLength: 3 })
  .map((holders): HeldGrant => ({ grantId: 'grant-1', holders }));

const someGrantNow = fc.record({
  id: fc.constant('grant-1'),
  provider: fc.constantFrom('google', 'yahoo', undefined),
  email: fc.constantFrom('ada@example.com', 'bob@example.com', undefined),
  state: fc.constantFrom('a', 'b', 'c', 'app', undefined),
  grant_status: fc.constantFrom('valid', 'invalid', undefined),
  created_at: fc.constantFrom(...Array.from({ length: 20 }, (_, n) => 90 + n), undefined),
  updated_at: fc.constantFrom(...Array.from({ length: 20 }, (_, n) => 90 + n), undefined),
});

describe('whatever the ledger holds', () => {
  test('nothing is deleted that is not ours, is not selected whole, or is not settled', () => {
    fc.assert(
      fc.property(someHeld, someSelection, (grant, selection) => {
        const plan = planUndo(grant, selection);
        if (plan.kind !== 'delete') return;
        const { holders } = grant;
        expect(holders.some(({ origin }) => origin === 'created' || origin === 'adopted')).toBe(true);
        expect(holders.some(({ isChosen }) => isChosen)).toBe(false);
        for (const { origin, status, isDiscarded, runId, provider, key } of holders) {
          expect(['created', 'adopted', 'shared']).toContain(origin);
          expect(isDiscarded || status === 'migrated' || status === 'failed').toBe(true);
          expect(selection.runId ?? runId).toBe(runId);
          expect(selection.providers.size === 0 || selection.providers.has(provider)).toBe(true);
          expect(selection.only === null || selection.only.has(key)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('nothing is deleted that Nylas shows to be older, renewed since, or of another mailbox', () => {
    fc.assert(
      fc.property(someHeld, someGrantNow, (grant, now) => {
        const plan = planUndo(grant, EVERYTHING);
        if (plan.kind !== 'delete') return;
        const { maker } = plan.target;
        if (judgeRead(granted(now), plan.target).kind !== 'delete') return;
        const madeAt = now.created_at ?? -Infinity;
        const opened = Math.min(...maker.submissions.map(({ opensAt }) => opensAt));
        expect(madeAt).toBeGreaterThanOrEqual(opened);
        const touchedByUs = maker.origin === 'created' ? (maker.grantUpdatedAt ?? madeAt + 1) : madeAt + 1;
        expect(now.updated_at ?? Infinity).toBeLessThanOrEqual(touchedByUs);
        expect(now.provider).toBe(maker.provider);
        const email = (maker.grantEmail ?? maker.mailbox)?.toLowerCase();
        expect([undefined, email ?? now.email]).toContain(now.email);
        if (maker.origin === 'adopted') expect(now.state).toBe(maker.key);
      }),
      { numRuns: 5_000 },
    );
  });

  test('each grant is counted once: out, left alone or to delete', () => {
    fc.assert(
      fc.property(fc.array(someHeld, { maxLength: 8 }), someSelection, (grants, selection) => {
        const { grants: many, groups, leftAlone } = surveyUndo(grants, selection);
        const targets = targetsOf(grants, selection);
        const out = grants.filter((grant) => planUndo(grant, selection).kind === 'out').length;
        const sum = (counts: readonly { readonly grants: number }[]) =>
          counts.reduce((total, count) => total + count.grants, 0);
        expect(out + sum(leftAlone) + targets.length).toBe(grants.length);
        expect([many, sum(groups)]).toEqual([targets.length, targets.length]);
      }),
    );
  });
});

test('what is left alone is counted by reason, with the first keys', () => {
  const left = new LeftCounts();
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) left.add('changed', key);
  left.add('existing', 'g');
  expect(left.size).toBe(7);
  expect(left.all()).toEqual([
    { reason: 'existing', grants: 1, examples: ['g'] },
    { reason: 'changed', grants: 6, examples: ['a', 'b', 'c', 'd', 'e'] },
  ]);
});
