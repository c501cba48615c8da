import { expect, test } from 'vitest';
import { NO_TRIES } from '../src/core/retry.js';
import { Later, type Parked } from '../src/later.js';
import { someUser } from './support/users.js';

const parked = (key: string): Parked => ({
  user: someUser({ key }),
  seenOnLine: null,
  tries: NO_TRIES,
  hasWaited: false,
  parkings: 0,
  waitedUntilMs: -Infinity,
  bucket: 'waiting',
});

const keyOf = (row: Parked | null): string | null => row?.user.key ?? null;

function drain(later: Later, nowMs: number): readonly (string | null)[] {
  const keys: (string | null)[] = [];
  for (let row = later.takeDue(nowMs); row !== null; row = later.takeDue(nowMs)) keys.push(keyOf(row));
  return keys;
}

test('a row is taken when its time has come, and once', () => {
  const later = new Later(10);
  later.park(parked('a'), 100);
  expect(later.nextDueMs()).toBe(100);
  expect(later.takeDue(99)).toBeNull();
  expect(keyOf(later.takeDue(100))).toBe('a');
  expect(later.takeDue(1_000)).toBeNull();
  expect(later.size).toBe(0);
  expect(later.nextDueMs()).toBe(Infinity);
});

test('of several due rows the one that was parked first comes first', () => {
  const later = new Later(10);
  later.park(parked('a'), 300);
  later.park(parked('b'), 100);
  later.park(parked('c'), 200);
  expect(later.nextDueMs()).toBe(100);
  expect(drain(later, 250)).toEqual(['b', 'c']);
  expect(later.nextDueMs()).toBe(300);
  expect(drain(later, 300)).toEqual(['a']);
});

test('it is full at its capacity, and has room again when a row is taken', () => {
  const later = new Later(2);
  later.park(parked('a'), 1);
  expect(later.full).toBe(false);
  later.park(parked('b'), 1);
  expect(later.full).toBe(true);
  later.takeDue(1);
  expect(later.full).toBe(false);
});

test('a row without a time waits until it is released', () => {
  const later = new Later(10);
  const row = parked('a');
  later.park(row, Infinity);
  expect(later.nextDueMs()).toBe(Infinity);
  expect(later.takeDue(Number.MAX_VALUE)).toBeNull();
  later.release(row);
  expect(later.nextDueMs()).toBe(-Infinity);
  expect(keyOf(later.takeDue(0))).toBe('a');
});

test('a row that waited is no longer the one that was read last', () => {
  const later = new Later(10);
  later.park(parked('a'), 1);
  expect(later.takeDue(1)).toMatchObject({ hasWaited: true, seenOnLine: null });
});

test('a release that comes too late brings nothing back', () => {
  const later = new Later(10);
  const row = parked('a');
  later.park(row, 5);
  later.takeDue(5);
  later.release(row);
  expect(later.size).toBe(0);
  expect(later.takeDue(10)).toBeNull();
});

test('what waits for a time can be taken out by that; what has no time stays', () => {
  const later = new Later(10);
  later.park(parked('far'), 301);
  later.park(parked('near'), 300);
  later.park(parked('open'), Infinity);
  later.park(parked('released'), -Infinity);
  expect(later.takeTimed((_row, dueMs) => dueMs > 300).map(keyOf)).toEqual(['far']);
  expect(later.takeTimed(({ user }) => user.key !== 'near')).toEqual([]);
  expect(later.takeDue(0)).toMatchObject({ user: { key: 'released' } });
  expect(later.size).toBe(2);
  expect(later.nextDueMs()).toBe(300);
});

test('when all that had a time is taken out, none is next', () => {
  const later = new Later(10);
  later.park(parked('far'), 301);
  later.takeTimed(() => true);
  expect(later.nextDueMs()).toBe(Infinity);
});

test('everything can be taken out at once', () => {
  const later = new Later(10);
  later.park(parked('a'), 1);
  later.park(parked('b'), Infinity);
  expect(later.takeAll().map(keyOf)).toEqual(['a', 'b']);
  expect(later.size).toBe(0);
  expect(later.nextDueMs()).toBe(Infinity);
  expect(later.takeAll()).toEqual([]);
});
