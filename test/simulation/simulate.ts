import { checkFinal, checkRun } from './invariants.js';
import { operate } from './operator.js';
import { World, type RunStory } from './world.js';

/** What came of one seed. */
export interface Simulated {
  readonly runs: number;
  readonly requests: number;
  /** What must never be, and was. */
  readonly violations: readonly string[];
  /** Each run in a line, and what the one that went wrong logged last. */
  readonly story: readonly string[];
}

class Stop extends Error {}

/** Plays a whole scenario through, up to the first run that goes wrong. */
export async function simulate(seed: number): Promise<Simulated> {
  const world = new World(seed);
  const violations: string[] = [];
  const story: string[] = [];
  let requests = 0;
  const onRun = (run: RunStory): void => {
    requests += run.callsAtMs.length;
    story.push(describe(run));
    violations.push(...world.witness.violations, ...checkRun(run, world));
    if (violations.length === 0) return;
    story.push(...run.lastWords);
    throw new Stop();
  };
  try {
    await operate(world, onRun);
    violations.push(...checkFinal(world));
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  } finally {
    world.remove();
  }
  return { runs: story.length, requests, violations, story };
}

function describe({ plan, end, beganAtMs, endedAtMs, callsAtMs }: RunStory): string {
  const { options, cut, weather, clockSet } = plan;
  const { ratePerSecond, concurrencyMax, limit, laterMax, listEveryMs } = options;
  const facts = {
    ratePerSecond,
    concurrencyMax,
    limit,
    laterMax,
    listEveryMs,
    cut,
    clockSet,
    weather: namesOf(weather),
  };
  const came = end.kind === 'ended' ? { ...end.result.balance, stop: end.result.stop } : end;
  return `${Math.round(endedAtMs - beganAtMs)} ms, ${callsAtMs.length} calls: ${JSON.stringify({ ...facts, came })}`;
}

function namesOf({ mishaps, ...rest }: RunStory['plan']['weather']): object {
  const likely = Object.fromEntries(Object.entries(mishaps).filter(([, chance]) => chance > 0));
  return { ...rest, withoutConnector: [...rest.withoutConnector], ...likely };
}
