import { describe, expect, it, vi } from 'vitest';
import { calmRun } from './plans.js';
import { simulate } from './simulate.js';
import { World } from './world.js';

/** `SIMULATION_SEEDS=17` replays one, `SIMULATION_SEEDS=1-5000` plays many. */
const given = process.env['SIMULATION_SEEDS'];
const [first = 1, last = first] = (given ?? '1-500').split('-').map(Number);
const seeds = Array.from({ length: last - first + 1 }, (_, index) => first + index);

async function expectSound(seed: number): Promise<void> {
  const { violations, story } = await simulate(seed);
  const replay = `SIMULATION_SEEDS=${seed} npx vitest run test/simulation`;
  expect(violations, [replay, ...violations, ...story].join('\n')).toEqual([]);
}

describe.runIf(given === undefined)('a run that only waits ends, and leaves the rest to the next:', () => {
  it('for a provider that throttles for ever', async () => {
    const world = new World(4);
    const throttle = { fromMs: 0, toMs: Infinity, share: 1, retryAfter: 'none', retryAfterS: 0 } as const;
    const throttles = (['google', 'microsoft', 'zoom', 'yahoo', 'imap'] as const).map((provider) => ({
      provider,
      ...throttle,
    }));
    const calm = calmRun(world.settings);
    const options = { ...calm.options, retry: { attemptsMax: 5, settleDelayMs: 120_000 } };
    const { end } = await world.run({ ...calm, options, weather: { ...calm.weather, throttles } });
    world.remove();
    expect(end).toMatchObject({
      kind: 'ended',
      result: { balance: { buckets: { migrated: 0, failed: 0 } } },
    });
  });
});

describe.runIf(given === undefined)('what used up its attempts', () => {
  it('isn’t looked for again sooner than a settle delay after it was last looked for', async () => {
    const world = new World(4);
    const calm = calmRun(world.settings);
    const settleDelayMs = 120_000;
    const options = { ...calm.options, retry: { attemptsMax: 1, settleDelayMs } };
    const mishaps = { ...calm.weather.mishaps, provider_silent: 1 };
    const { after } = await world.run({ ...calm, options, weather: { ...calm.weather, mishaps } });
    world.remove();
    const looks = after.attempts.filter(({ kind }) => kind === 'look_up');
    const lookedAt = new Map(looks.map(({ recordId, startedAtMs }) => [recordId, startedAtMs]));
    const waiting = [...after.records.values()].filter(({ category }) => category === 'unavailable');
    const restsMs = waiting.map(
      ({ recordId, notBeforeMs }) => (notBeforeMs ?? 0) - (lookedAt.get(recordId) ?? 0),
    );
    expect(waiting).not.toEqual([]);
    expect(Math.min(...restsMs)).toBeGreaterThanOrEqual(settleDelayMs);
  });
});

describe.runIf(given === undefined)('a run after one that died', () => {
  /** From when on it lists, in Unix seconds; the one before died after five minutes. */
  async function listsFrom(listEveryMs: number): Promise<number> {
    const world = new World(116);
    const calm = calmRun(world.settings);
    const plan = { ...calm, options: { ...calm.options, ratePerSecond: 1, listEveryMs } };
    await world.run({ ...plan, cut: { kind: 'crash', at: 'call', number: 270 } });
    const listed = vi.spyOn(world.nylas.grants, 'list');
    await world.run(plan);
    world.remove();
    return Math.min(...listed.mock.calls.map(([{ filter }]) => filter.since ?? Infinity));
  }

  it('lists what is new since the last listing, not all that the other made', async () => {
    const [kept, notKept] = [await listsFrom(20_000), await listsFrom(Infinity)];
    expect(kept - notKept).toBeGreaterThan(200);
    expect(Number.isFinite(kept)).toBe(true);
  });
});

describe.runIf(given === undefined)('a grant isn’t called created', () => {
  it('that its person made while our connection stalled', async () => {
    const world = new World(11);
    const { clock, people, nylas, settings } = world;
    const calm = calmRun(settings);
    const stall = { fromMs: 2_000, toMs: 12_000 };
    clock.after(7_000, () => {
      for (const { provider, mailbox } of people.persons) {
        if (nylas.healthyGrantOf(provider, mailbox) === null) nylas.signIn(provider, mailbox);
      }
    });
    const options = { ...calm.options, ratePerSecond: 5 };
    const { after, beganAtMs, submissions } = await world.run({
      ...calm,
      options,
      weather: { ...calm.weather, stalls: [stall] },
    });
    world.remove();
    // All that stalled left together.
    const stalled = submissions.filter(({ leftAtMs }) => Math.abs(leftAtMs - beganAtMs - stall.toMs) < 100);
    const origins = stalled.map(({ body }) => after.records.get(body.state)?.origin);
    expect(origins.length).toBe(5);
    expect(origins).toContain('reauthenticated');
    expect(origins).not.toContain('created');
  });
});

it.each(seeds)('what must hold holds in the world of seed %i', async (seed) => {
  await expectSound(seed);
});
