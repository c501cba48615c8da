import { expect, test } from 'vitest';
import { makeBell } from '../src/bell.js';
import { FakeClock, isDone, settled } from './support/fake-clock.js';

test('a wait ends when its time has come, not sooner', async () => {
  const clock = new FakeClock();
  const wait = makeBell(clock).wait(1_000);
  await clock.advance(999);
  expect(await isDone(wait)).toBe(false);
  await clock.advance(1);
  expect(await isDone(wait)).toBe(true);
});

test('a ring ends it at once and leaves no timer behind', async () => {
  const clock = new FakeClock();
  const bell = makeBell(clock);
  const wait = bell.wait(1_000);
  expect(await isDone(wait)).toBe(false);
  bell.ring();
  expect(await isDone(wait)).toBe(true);
  expect(clock.timers).toBe(0);
});

test('a ring that nobody heard ends the next wait, and only that', async () => {
  const clock = new FakeClock();
  const bell = makeBell(clock);
  bell.ring();
  bell.ring();
  expect(await isDone(bell.wait(1_000))).toBe(true);
  expect(await isDone(bell.wait(1_000))).toBe(false);
});

test('a wait that has ended by time is not ended again by a later ring', async () => {
  const clock = new FakeClock();
  const bell = makeBell(clock);
  const first = bell.wait(10);
  await clock.advance(10);
  await first;
  const second = bell.wait(10);
  expect(await isDone(second)).toBe(false);
  bell.ring();
  expect(await isDone(second)).toBe(true);
});

test('no time to wait: at once, without a timer', async () => {
  const clock = new FakeClock();
  const bell = makeBell(clock);
  for (const delayMs of [0, -5, -Infinity]) expect(await isDone(bell.wait(delayMs))).toBe(true);
  expect(clock.timers).toBe(0);
});

test('an endless wait needs no timer and ends with a ring', async () => {
  const clock = new FakeClock();
  const bell = makeBell(clock);
  const wait = bell.wait(Infinity);
  await settled();
  expect(clock.timers).toBe(0);
  await clock.advance(1e9);
  expect(await isDone(wait)).toBe(false);
  bell.ring();
  expect(await isDone(wait)).toBe(true);
});
