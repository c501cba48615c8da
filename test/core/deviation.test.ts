import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareGrant, judgeSignIn, type PresentGrant } from '../../src/core/deviation.js';
import type { Candidate, ComparedRecord } from '../../src/core/ledger-rows.js';

type Compared = Pick<ComparedRecord, 'provider' | 'mailbox' | 'grantEmail'>;

const RECORD: Compared = { provider: 'google', mailbox: 'ada@example.com', grantEmail: null };
const GRANT: PresentGrant = { provider: 'google', mailbox: 'ada@example.com', status: 'valid', aliases: [] };

describe('a record beside its grant', () => {
  it.each<[string, Partial<Compared>, Partial<PresentGrant> | null, string]>([
    ['there, valid and its own', {}, {}, 'matched'],
    ['without a status, which says nothing against it', {}, { status: null }, 'matched'],
    ['in other letters', {}, { mailbox: 'Ada@Example.com' }, 'matched'],
    ['without an email, which contradicts none', {}, { mailbox: null }, 'matched'],
    [
      'of a mailbox that has ours for an alias',
      {},
      { mailbox: 'a@b.c', aliases: ['ADA@example.com'] },
      'matched',
    ],
    ['of the mailbox that was accepted', { grantEmail: 'a@b.c' }, { mailbox: 'a@b.c' }, 'matched'],
    ['gone', {}, null, 'missing'],
    ['invalid', {}, { status: 'invalid' }, 'invalid'],
    ['of a status nobody knows', {}, { status: 'unknown' }, 'invalid'],
    ['of another mailbox', {}, { mailbox: 'eve@example.com' }, 'changed'],
    ['of another provider', {}, { provider: 'microsoft' }, 'changed'],
  ])('%s', (_what, record, grant, finding) => {
    expect(compareGrant({ ...RECORD, ...record }, grant === null ? null : { ...GRANT, ...grant })).toBe(
      finding,
    );
  });

  it('is matched by whatever mailbox, where the record never had one', () => {
    const email = fc.option(fc.emailAddress(), { nil: null });
    fc.assert(
      fc.property(email, (mailbox) => {
        const record = { provider: 'google', mailbox: null, grantEmail: null };
        expect(compareGrant(record, { ...GRANT, mailbox })).toBe('matched');
      }),
    );
  });
});

describe('the valid grants of a mailbox without one of ours', () => {
  const candidate = (grantId: string, isNewer: boolean): Candidate => ({
    ...{ recordId: 1, key: 'ada', provider: 'google', email: null, mailbox: 'ada@example.com', scope: null },
    ...{ grantId, isNewer, isMissing: false },
  });

  it.each<[string, readonly Candidate[], string]>([
    ['none', [], 'none'],
    ['one that was made since', [candidate('g1', true)], 'signed_in'],
    ['one that was there before', [candidate('g1', false)], 'none'],
    [
      'two, of which one is newer: nobody guesses',
      [candidate('g1', false), candidate('g2', true)],
      'several',
    ],
    ['two newer ones', [candidate('g1', true), candidate('g2', true)], 'several'],
  ])('%s', (_what, candidates, kind) => {
    expect(judgeSignIn(candidates).kind).toBe(kind);
  });
});
