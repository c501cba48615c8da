import type { Provider } from '../../src/core/provider.js';
import type { MigrateOptions } from '../../src/migrate.js';
import { reading } from '../support/reading.js';
import type { Dice } from './dice.js';
import type { NylasHabits } from './nylas.js';
import type { People } from './people.js';
import { CALM, rollWeather, type Weather } from './weather.js';

/** What a whole scenario goes by. */
export interface Settings extends NylasHabits {
  readonly options: MigrateOptions;
  /** Whether the input can be read only once a run. */
  readonly isOnceOnly: boolean;
  readonly batchSize: number;
  /** Between two batches of the input. */
  readonly batchDelayMs: number;
}

/** How a run is cut short, if it is. */
export type Cut =
  | { readonly kind: 'none' }
  /** As by SIGTERM, so long after the run began. */
  | { readonly kind: 'stop'; readonly afterMs: number }
  /** The process dies at that step of its own, or as that call of its leaves. */
  | { readonly kind: 'crash'; readonly at: 'step' | 'call'; readonly number: number };

/** One run, what befalls it, and what happens before it. */
export interface RunPlan {
  readonly options: MigrateOptions;
  readonly weather: Weather;
  readonly cut: Cut;
  /** Time that passes before it. */
  readonly pauseMs: number;
  readonly reorders: boolean;
  /** The share of those whose credential does not work that get another before it. */
  readonly renews: number;
  /** The share of people that sign in by themselves before it, and while it goes on. */
  readonly signIns: number;
  readonly signInsMeanwhile: number;
  /** That somebody sets the clock of this machine, so long after the run began; null: nobody does. */
  readonly clockSet: { readonly afterMs: number; readonly byMs: number } | null;
}

const RATES = [0, 0, 1, 5, 20, 45] as const;
const CONCURRENCIES = [1, 2, 3, 5, 10, 50] as const;
const CUTS = ['none', 'none', 'stop', 'crash', 'crash'] as const;
const HOUR_MS = 3_600_000;

export function rollSettings(dice: Dice, people: People): Settings {
  const timeoutMs = dice.pick([5_000, 20_000, 60_000]);
  const settleDelayMs = dice.pick([2 * timeoutMs, 2 * timeoutMs, 2 * timeoutMs, timeoutMs, 5 * timeoutMs]);
  const tellsDate = dice.chance(0.9);
  return {
    timeoutMs,
    settleDelayMs,
    actsWithinMs: settleDelayMs * dice.pick([0.9, 0.9, 3]),
    tellsDate,
    skewMs: tellsDate ? dice.pick([0, 0, -30_000, 1_700, 600_000]) : 0,
    isVague: dice.chance(0.15),
    isOnceOnly: dice.chance(0.2),
    batchSize: dice.pick([1, 7, 50, 300]),
    batchDelayMs: dice.pick([0, 0, 0, 10, 2_000]),
    options: rollOptions(dice, people, settleDelayMs),
  };
}

function rollOptions(dice: Dice, people: People, settleDelayMs: number): MigrateOptions {
  return {
    reading: reading(),
    scope: { providers: new Set(), only: null, exclude: new Set(), sample: 1 },
    retryTargets: new Set(),
    limit: null,
    limitPerProvider: null,
    ratePerSecond: dice.pick(RATES),
    concurrencyMax: dice.pick(CONCURRENCIES),
    retry: { attemptsMax: dice.pick([1, 2, 5]), settleDelayMs },
    drainTimeoutMs: dice.pick([0, 1_000, 30_000]),
    outageMaxMs: dice.pick([2, 30]) * 60_000,
    failureRateMax: 0.5,
    expectReauth: new Set(),
    emailMismatch: dice.chance(0.1) ? 'accept' : 'hold',
    existing: dice.chance(0.15) ? 'reauthenticate' : 'skip',
    singleUse: people.singleUse,
    apiKey: 'simulated-api-key',
    laterMax: dice.pick([1, 2, 5, 1_000]),
    listEveryMs: dice.pick([3_000, 20_000, 120_000]),
  };
}

/** A run in whatever may come. */
export function rollRun(dice: Dice, settings: Settings, people: People): RunPlan {
  const count = people.persons.length;
  const ratePerSecond = dice.chance(0.2) ? dice.pick(RATES) : settings.options.ratePerSecond;
  return {
    options: {
      ...settings.options,
      limit: dice.chance(0.2) ? dice.int(1, count) : null,
      limitPerProvider: dice.chance(0.1) ? dice.int(1, count) : null,
      ratePerSecond,
    },
    weather: rollWeather(dice, providersOf(people), ratePerSecond > 0),
    cut: rollCut(dice, count),
    pauseMs: dice.pick([0, 1_000, 60_000, HOUR_MS]),
    reorders: dice.chance(0.3),
    renews: dice.chance(0.3) ? 0.5 : 0,
    signIns: dice.chance(0.2) ? 0.1 : 0,
    signInsMeanwhile: dice.chance(0.2) ? 0.1 : 0,
    // Where Nylas doesn't tell the time, both clocks are taken to agree.
    clockSet: dice.chance(0.1) && settings.tellsDate ? rollClockSet(dice) : null,
  };
}

/** A run in which nothing is in the way, by an operator who answers what the last one stopped for. */
export function calmRun(settings: Settings): RunPlan {
  const all: readonly Provider[] = ['google', 'microsoft', 'zoom', 'yahoo', 'imap'];
  return {
    options: {
      ...settings.options,
      retryTargets: new Set(['in_doubt']),
      expectReauth: new Set(all),
      failureRateMax: 1,
    },
    weather: CALM,
    cut: { kind: 'none' },
    pauseMs: HOUR_MS,
    reorders: false,
    renews: 0,
    signIns: 0,
    signInsMeanwhile: 0,
    clockSet: null,
  };
}

function rollClockSet(dice: Dice): RunPlan['clockSet'] {
  const afterMs = dice.int(0, dice.pick([1_000, 60_000]));
  return { afterMs, byMs: dice.pick([-HOUR_MS, -5_000, 700, HOUR_MS]) };
}

function rollCut(dice: Dice, count: number): Cut {
  const kind = dice.pick(CUTS);
  if (kind === 'none') return { kind };
  if (kind === 'stop') return { kind, afterMs: dice.int(0, dice.pick([500, 5_000, 60_000, HOUR_MS])) };
  const isStep = dice.chance(0.6);
  return { kind, at: isStep ? 'step' : 'call', number: dice.int(1, isStep ? 8 * count : 2 * count) };
}

function providersOf({ persons }: People): readonly Provider[] {
  return [...new Set(persons.map(({ provider }) => provider))];
}
