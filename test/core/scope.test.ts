import { describe, expect, test } from 'vitest';
import { inScope, type Scope } from '../../src/core/scope.js';
import { someUser } from '../support/users.js';

const ALL: Scope = { providers: new Set(), only: null, exclude: new Set(), sample: 1 };
const user = someUser({ key: 'account-1' });
const keys = Array.from({ length: 20_000 }, (_, index) => `account-${index}`);
const sampled = (sample: number): readonly string[] =>
  keys.filter((key) => inScope(someUser({ key }), { ...ALL, sample }));

test('without options every row is in scope', () => {
  expect(inScope(user, ALL)).toBe(true);
  expect(sampled(1)).toEqual(keys);
});

test('by provider', () => {
  expect(inScope(user, { ...ALL, providers: new Set(['google', 'imap']) })).toBe(true);
  expect(inScope(user, { ...ALL, providers: new Set(['imap']) })).toBe(false);
});

test('by key: only these, and not those', () => {
  expect(inScope(user, { ...ALL, only: new Set(['account-1']) })).toBe(true);
  expect(inScope(user, { ...ALL, only: new Set(['Account-1']) })).toBe(false);
  expect(inScope(user, { ...ALL, only: new Set() })).toBe(false);
  expect(inScope(user, { ...ALL, exclude: new Set(['account-1']) })).toBe(false);
  expect(inScope(user, { ...ALL, only: new Set(['account-1']), exclude: new Set(['account-1']) })).toBe(
    false,
  );
});

describe('a sample', () => {
  test('holds about its share, however alike the keys are', () => {
    expect(sampled(0.01).length / 200).toBeCloseTo(1, 0);
    expect(sampled(0.5).length / 10_000).toBeCloseTo(1, 1);
    expect(sampled(0)).toEqual([]);
  });

  test('holds the same users every time, and a larger one all of a smaller', () => {
    const small = sampled(0.01);
    expect(sampled(0.01)).toEqual(small);
    const large = new Set(sampled(0.1));
    expect(small.filter((key) => !large.has(key))).toEqual([]);
    expect(large.size).toBeGreaterThan(small.length);
  });

  test('depends on the key alone, for ever: these are pinned', () => {
    const few = keys.slice(0, 40).filter((key) => inScope(someUser({ key }), { ...ALL, sample: 0.1 }));
    const other = someUser({ key: few[0] ?? '', line: 99, email: 'x@y.z', provider: 'zoom' });
    expect(inScope(other, { ...ALL, sample: 0.1 })).toBe(true);
    expect(few).toEqual([
      'account-1',
      'account-3',
      'account-4',
      'account-5',
      'account-6',
      'account-27',
      'account-34',
    ]);
  });

  test('is taken of what is left by the other options', () => {
    const [inSample = ''] = sampled(0.01);
    expect(inScope(someUser({ key: inSample }), { ...ALL, sample: 0.01, exclude: new Set([inSample]) })).toBe(
      false,
    );
  });
});
