import { expect, test } from 'vitest';
import { balances, BUCKETS, Tally } from '../../src/core/tally.js';

test('the books balance when every row read is in one bucket', () => {
  const tally = new Tally();
  expect(balances(tally.balance())).toBe(true);
  for (const bucket of BUCKETS) {
    tally.row();
    expect(balances(tally.balance())).toBe(false);
    tally.put(bucket);
    expect(balances(tally.balance())).toBe(true);
  }
  expect(tally.balance().read).toBe(10);
  expect(Object.values(tally.balance().buckets)).toEqual(BUCKETS.map(() => 1));
});

test('a row counted twice, or never, shows', () => {
  const tally = new Tally();
  tally.row();
  tally.put('migrated');
  tally.put('migrated');
  expect(balances(tally.balance())).toBe(false);
  tally.row();
  expect(balances(tally.balance())).toBe(true);
  tally.row();
  expect(balances(tally.balance())).toBe(false);
});

test('a balance that was taken stays as it was', () => {
  const tally = new Tally();
  const before = tally.balance();
  tally.row();
  tally.put('failed');
  expect(before).toMatchObject({ read: 0, buckets: { failed: 0 } });
});
