import { expect, it } from 'vitest';
import { simulate } from './simulate.js';

/** `SIMULATION_SEEDS=17` replays one, `SIMULATION_SEEDS=1-5000` plays many. */
const [first = 1, last = first] = (process.env['SIMULATION_SEEDS'] ?? '1-100').split('-').map(Number);
const seeds = Array.from({ length: last - first + 1 }, (_, index) => first + index);

it.each(seeds)('what must hold holds in the world of seed %i', async (seed) => {
  const { violations, story } = await simulate(seed);
  const replay = `SIMULATION_SEEDS=${seed} npx vitest run test/simulation`;
  expect(violations, [replay, ...violations, ...story].join('\n')).toEqual([]);
});
