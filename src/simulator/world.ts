import { setTimeout as delay } from 'node:timers/promises';
import type { Provider } from '../core/provider.js';
import { GrantStore } from './grants.js';
import { drawLatencyMs } from './latency.js';
import type { Settings } from './options.js';
import { seededRandom, type Random } from './random.js';
import { Tally } from './stats.js';

/** Everything that a request can read or change. */
export interface World {
  readonly settings: Settings;
  readonly grants: GrantStore;
  /** Of which providers the application has connectors. */
  readonly connectors: Set<Provider>;
  readonly tally: Tally;
  /** Keys of credentials whose behaviour changes after the first submission, and that had theirs. */
  readonly submitted: Set<string>;
  /** Keys of single-use tokens that were exchanged. */
  readonly spent: Set<string>;
  readonly faultRandom: Random;
  readonly latencyRandom: Random;
  readonly nowS: () => number;
}

/** The world before the first request. */
export function newWorld(settings: Settings): World {
  const world: World = {
    settings,
    grants: new GrantStore(settings.applicationId),
    connectors: new Set(settings.connectors),
    tally: new Tally(),
    submitted: new Set(),
    spent: new Set(),
    faultRandom: seededRandom(settings.seed, 'faults'),
    latencyRandom: seededRandom(settings.seed, 'latency'),
    nowS: () => Math.floor(settings.now() / 1000),
  };
  for (const seed of settings.grants) world.grants.plant(seed, world.nowS());
  return world;
}

/** How long the provider takes this time. */
export function drawProviderLatencyMs({ settings, latencyRandom }: World): number {
  return drawLatencyMs(settings.latencyMs, latencyRandom);
}

/** Waits without keeping the process alive; not at all for 0, which a timer would round up. */
export async function pause(ms: number): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { ref: false });
}
