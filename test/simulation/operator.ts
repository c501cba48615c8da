import type { Dice } from './dice.js';
import type { ImageRecord } from './ledger-image.js';
import type { Person } from './people.js';
import { calmRun, rollRun, type RunPlan } from './plans.js';
import type { RunStory, World } from './world.js';

const RUNS_MAX = 5;
/**
 * So many runs with nothing in the way bring everything to its end, and one more for each person: what can be read only
 * once leaves those who find no room to wait to the next run.
 */
const CALM_RUNS_MAX = 40;
const MEANWHILE_MAX_MS = 120_000;

/** Runs the migration as an operator does, through whatever comes, until nothing is left to do. */
export async function operate(world: World, onRun: (story: RunStory) => void): Promise<void> {
  const { dice, settings, people } = world;
  for (let runs = dice.int(1, RUNS_MAX); runs > 0; runs -= 1) {
    onRun(await oneRun(world, rollRun(dice.fork(), settings, people)));
  }
  for (let runs = 0; runs < CALM_RUNS_MAX + people.persons.length; runs += 1) {
    const story = await oneRun(world, calmRun(settings));
    onRun(story);
    if (isDone(story)) return;
  }
}

async function oneRun(world: World, plan: RunPlan): Promise<RunStory> {
  const { people, nylas, clock, image } = world;
  const dice = world.dice.fork();
  await clock.advance(plan.pauseMs);
  if (plan.reorders) people.reorder();
  for (const person of some(dice, people.persons, plan.signIns))
    nylas.signIn(person.provider, person.mailbox);
  for (const person of some(dice, people.persons, plan.renews)) {
    if (image.records.get(person.key)?.status === 'failed') people.renew(person);
  }
  const cancels = some(dice, people.persons, plan.signInsMeanwhile).map((person) =>
    clock.after(dice.int(1, MEANWHILE_MAX_MS), () => {
      nylas.signIn(person.provider, person.mailbox);
    }),
  );
  if (plan.clockSet !== null) cancels.push(setClock(world, plan.clockSet));
  const story = await world.run(plan);
  for (const cancel of cancels) cancel();
  return story;
}

function setClock(world: World, { afterMs, byMs }: NonNullable<RunPlan['clockSet']>): () => void {
  const { clock } = world;
  return clock.after(afterMs, () => {
    world.clockWasSet = true;
    clock.setNow(clock.now() + byMs);
  });
}

function some(dice: Dice, persons: readonly Person[], share: number): readonly Person[] {
  return persons.filter(() => dice.chance(share));
}

/**
 * Whether nothing is left to do: nothing is open, and the run changed nothing. Somebody who is in the file with two
 * credentials, of which neither works, is refused in every run.
 */
function isDone({ end, before, after }: RunStory): boolean {
  if (end.kind !== 'ended') return false;
  const { waiting, in_doubt, held_back } = end.result.balance.buckets;
  const isSame = ({ key, status, category, grantId }: ImageRecord): boolean => {
    const was = before.records.get(key);
    return was?.status === status && was.category === category && was.grantId === grantId;
  };
  return waiting + in_doubt + held_back === 0 && [...after.records.values()].every(isSame);
}
