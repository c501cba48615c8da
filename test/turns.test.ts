import { expect, test } from 'vitest';
import { makeBell } from '../src/bell.js';
import { Later, type Parked } from '../src/later.js';
import { Turns, type TurnsParts } from '../src/turns.js';
import { FakeClock } from './support/fake-clock.js';

const MINUTE_MS = 60_000;
const nothing = (): void => undefined;

function turnsBy(clock: FakeClock, parts: Partial<TurnsParts> = {}): Turns {
  return new Turns({
    later: new Later(10),
    bell: makeBell(clock),
    lanes: { wakeCrowds: nothing },
    window: { tasks: () => 0 },
    work: { clock, stopping: () => false },
    waitAtEndMaxMs: MINUTE_MS,
    standstillMaxMs: 10 * MINUTE_MS,
    mayNotBegin: () => false,
    act: () => Promise.resolve(),
    leave: nothing,
    ...parts,
  });
}

test('a run stands still where all that was tried for long was tried in vain', async () => {
  const clock = new FakeClock();
  const turns = turnsBy(clock);
  for (let minutes = 0; minutes <= 10; minutes += 1) {
    turns.tried('in_vain');
    expect(turns.standsStill).toBe(false);
    await clock.advance(MINUTE_MS);
  }
  turns.tried('in_vain');
  expect(turns.standsStill).toBe(true);
  expect(turns.waitMaxMs()).toBe(0);
});

test('one record that comes to its end shows that it doesn’t', async () => {
  const clock = new FakeClock();
  const turns = turnsBy(clock);
  turns.tried('in_vain');
  await clock.advance(9 * MINUTE_MS);
  turns.tried('ended');
  await clock.advance(9 * MINUTE_MS);
  turns.tried('in_vain');
  expect(turns.standsStill).toBe(false);
});

test('an input that keeps silent is no standstill: nothing is tried meanwhile', async () => {
  const clock = new FakeClock();
  const turns = turnsBy(clock);
  turns.tried('in_vain');
  await clock.advance(300 * MINUTE_MS);
  expect(turns.standsStill).toBe(false);
  expect(turns.waitMaxMs()).toBe(Infinity);
});

test('nobody who may not begin is waited for at the end of the input', async () => {
  const clock = new FakeClock();
  const later = new Later(10);
  const left: string[] = [];
  const acted: string[] = [];
  let isLimitReached = false;
  const turns = turnsBy(clock, {
    later,
    mayNotBegin: ({ user }) => isLimitReached && user.key !== 'begun',
    act: ({ user }) => {
      acted.push(user.key);
      // The last one that the limit allows.
      isLimitReached = true;
      return Promise.resolve();
    },
    leave: ({ user }) => {
      left.push(user.key);
    },
  });
  for (const [key, dueInMs] of [
    ['first', 0],
    ['second', 20_000],
    ['begun', 30_000],
  ] as const)
    later.park({ user: { key } } as Parked, clock.monotonic() + dueInMs);
  const drained = turns.drain();
  await clock.advance(1);
  expect([acted, left]).toEqual([['first'], ['second']]);
  await clock.advance(30_000);
  await drained;
  expect(acted).toEqual(['first', 'begun']);
});
