import { describe, expect, test } from 'vitest';
import { makeBell } from '../src/bell.js';
import type { LegacyUser } from '../src/core/record.js';
import { NO_TRIES } from '../src/core/retry.js';
import { LaneGate, type Passage } from '../src/lane-gate.js';
import { Lanes } from '../src/lanes.js';
import { Later, type Parked } from '../src/later.js';
import { FakeClock, isDone } from './support/fake-clock.js';
import { someUser } from './support/users.js';

const CAPACITY = 3;
const CONCURRENCY_MAX = 10;
const nothing = (): void => undefined;

function parked(provider: LegacyUser['provider'], rest: Partial<Parked> = {}): Parked {
  const user = { ...someUser(), provider };
  return {
    user,
    seenOnLine: null,
    tries: NO_TRIES,
    hasWaited: false,
    parkings: 0,
    waitedUntilMs: -Infinity,
    bucket: 'held_back',
    ...rest,
  };
}

const GOOGLE = parked('google');
const MICROSOFT = parked('microsoft');

class World {
  readonly clock = new FakeClock();
  readonly later = new Later(CAPACITY);
  readonly bell = makeBell(this.clock);
  readonly lanes = new Lanes(
    { concurrencyMax: CONCURRENCY_MAX, failureRateMax: 0.5, expectReauth: new Set() },
    {
      clock: this.clock,
      log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
      withoutSuccess: () => 0,
      onStop: nothing,
    },
  );
  stopping = false;
  readonly gate = new LaneGate({
    lanes: this.lanes,
    later: this.later,
    bell: this.bell,
    clock: this.clock,
    stopping: () => this.stopping,
  });

  throttle({ user }: Parked, retryAfterMs: number): void {
    this.lanes.throttled(user, this.clock.monotonic() - 100, retryAfterMs);
  }

  fill({ user }: Parked, count: number): (() => void)[] {
    return Array.from({ length: count }, () => this.lanes.begin(user));
  }

  async parkAll(row: Parked): Promise<void> {
    for (let count = 0; count < CAPACITY; count += 1) expect(await this.gate.pass({ ...row })).toBe('parked');
  }
}

test('an open lane lets its rows pass', async () => {
  expect(await new World().gate.pass(GOOGLE)).toBe('open');
});

describe('a held lane', () => {
  test('puts its rows aside until the hold is over, and nobody else’s', async () => {
    const world = new World();
    world.throttle(MICROSOFT, 5_000);
    expect(await world.gate.pass(MICROSOFT)).toBe('parked');
    expect(await world.gate.pass(GOOGLE)).toBe('open');
    expect(world.later.takeDue(world.clock.monotonic() + 4_999)).toBeNull();
    expect(world.later.takeDue(world.clock.monotonic() + 6_000)).toMatchObject({ hasWaited: true });
  });

  test('without room to wait leaves rows out where others have work', async () => {
    const world = new World();
    world.fill(GOOGLE, 1);
    world.throttle(MICROSOFT, 5_000);
    await world.parkAll(MICROSOFT);
    expect(await world.gate.pass(MICROSOFT)).toBe('left_out');
    expect(await world.gate.pass({ ...MICROSOFT, hasWaited: true })).toBe('parked');
  });

  test('without room to wait holds up the reading where nobody else has work', async () => {
    const world = new World();
    world.throttle(MICROSOFT, 5_000);
    await world.parkAll(MICROSOFT);
    const passing = world.gate.pass(MICROSOFT);
    await world.clock.advance(4_900);
    expect(await isDone(passing)).toBe(false);
    await world.clock.advance(1_200);
    expect(await passing).toBe('open');
  });

  test.each(['stopping', 'stopped lane'])(
    'that is given up on lets its rows go their way: %s',
    async (how) => {
      const world = new World();
      world.throttle(MICROSOFT, 5_000);
      await world.parkAll(MICROSOFT);
      const passing = world.gate.pass(MICROSOFT);
      if (how === 'stopping') world.stopping = true;
      else world.lanes.stopWithoutConnector('microsoft');
      world.bell.ring();
      const passage: Passage = await passing;
      expect(passage).toBe('open');
    },
  );
});

describe('a lane whose calls hang', () => {
  test('takes no more than its share of the window: its next rows wait for room', async () => {
    const world = new World();
    world.fill(GOOGLE, 1);
    const [end] = world.fill(MICROSOFT, 6);
    await world.clock.advance(100);
    expect(await world.gate.pass(MICROSOFT)).toBe('parked');
    expect(await world.gate.pass(GOOGLE)).toBe('open');
    world.lanes.wakeCrowds();
    expect(world.later.takeDue(world.clock.monotonic())).toBeNull();
    end?.();
    world.lanes.wakeCrowds();
    expect(world.later.takeDue(world.clock.monotonic())).not.toBeNull();
  });

  test('alone may take all of it', async () => {
    const world = new World();
    world.fill(MICROSOFT, 9);
    expect(await world.gate.pass(MICROSOFT)).toBe('open');
  });

  test('that just ended something is waited for', async () => {
    const world = new World();
    world.fill(GOOGLE, 1);
    const [end, next] = world.fill(MICROSOFT, 7);
    end?.();
    const passing = world.gate.pass(MICROSOFT);
    expect(await isDone(passing)).toBe(false);
    next?.();
    world.bell.ring();
    expect(await passing).toBe('open');
  });
});
