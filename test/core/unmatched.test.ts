import { expect, it } from 'vitest';
import type { RecordState, RetryTarget } from '../../src/core/plan.js';
import { Asked } from '../../src/core/unmatched.js';

const SCOPE = { providers: new Set<never>(), only: null, exclude: new Set<string>(), sample: 1 };

function record(rest: Partial<RecordState>): RecordState {
  return {
    key: 'a',
    status: 'failed',
    category: null,
    fingerprint: null,
    attempts: 1,
    lastOpensAt: 1,
    notBeforeMs: null,
    doubtOpensAt: null,
    emptyLooks: 0,
    grantStatus: null,
    ...rest,
  };
}

it('the keys that no row has are counted, and the first of them named', () => {
  const only = new Set(Array.from({ length: 9 }, (_, n) => `acc-${n}`));
  const asked = new Asked({ ...SCOPE, only, exclude: new Set(['x', 'y']) }, new Set());
  for (const key of ['acc-0', 'acc-2', 'y', 'z']) asked.key(key);
  expect(asked.unmatched().keys).toEqual([
    { option: '--only', count: 7, examples: ['acc-1', 'acc-3', 'acc-4', 'acc-5', 'acc-6'] },
    { option: '--exclude', count: 1, examples: ['x'] },
  ]);
  expect(only.size).toBe(9);
});

it('what is no key, such as a line of the CSV or a token, is counted and not shown', () => {
  const only = new Set(['a@x.example,google,1//0planted', '1//0planted', 'y'.repeat(41), 'ok@x.example']);
  const { keys } = new Asked({ ...SCOPE, only }, new Set()).unmatched();
  expect(keys).toEqual([{ option: '--only', count: 4, examples: ['ok@x.example'] }]);
});

it.each<[RetryTarget, Partial<RecordState>, boolean]>([
  ['blocked', { category: 'blocked' }, true],
  ['blocked', { category: 'rejected' }, false],
  ['blocked', { status: 'migrated', category: null }, false],
  ['undone', { status: 'undone' }, true],
  ['in_doubt', { status: 'in_doubt' }, true],
  ['in_doubt', { status: 'submitting' }, true],
  ['in_doubt', { status: 'pending', category: 'throttled', doubtOpensAt: 5 }, true],
])('--retry %s and a record %j', (target, state, matches) => {
  const asked = new Asked(SCOPE, new Set([target]));
  asked.record(record(state));
  expect(asked.unmatched()).toEqual({ keys: [], retry: matches ? [] : [target] });
});
