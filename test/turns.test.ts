import { expect, test } from 'vitest';
import { makeBell } from '../src/bell.js';
import { Later } from '../src/later.js';
import { Turns } from '../src/turns.js';
import { FakeClock } from './support/fake-clock.js';

const MINUTE_MS = 60_000;
const nothing = (): void => undefined;

function turnsBy(clock: FakeClock): Turns {
  return new Turns({
    later: new Later(10),
    bell: makeBell(clock),
    lanes: { wakeCrowds: nothing },
    window: { tasks: () => 0 },
    work: { clock, stopping: () => false },
    waitAtEndMaxMs: MINUTE_MS,
    standstillMaxMs: 10 * MINUTE_MS,
    act: () => Promise.resolve(),
    leave: nothing,
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
