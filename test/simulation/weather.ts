import type { Provider } from '../../src/core/provider.js';
import type { Dice } from './dice.js';

/** How Nylas, and the way to it, behave during one run. Times are milliseconds since the run began. */
export interface Weather {
  readonly latency: 'quick' | 'slow' | 'mixed';
  /** How likely each of these befalls a call. */
  readonly mishaps: Readonly<Record<Mishap, number>>;
  /** Requests that Nylas takes in any second, and what it says where there are more; null: any number. */
  readonly ownLimit: number | null;
  readonly ownRetryAfterS: number | null;
  readonly throttles: readonly ProviderThrottle[];
  readonly outages: readonly Outage[];
  /** While one lasts, connections take nothing: what is to be sent leaves at its end, all at once. */
  readonly stalls: readonly Span[];
  readonly keyRefused: Span | null;
  readonly withoutConnector: ReadonlySet<Provider>;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

interface ProviderThrottle extends Span {
  readonly provider: Provider;
  /** Of its calls, so many are throttled. */
  readonly share: number;
  readonly retryAfter: 'none' | 'seconds' | 'date';
  readonly retryAfterS: number;
}

interface Outage extends Span {
  readonly kind: 'no_connection' | 'unavailable' | 'silent';
}

export const MISHAPS = [
  'hang',
  'lost',
  'reset',
  'unreachable',
  'error',
  'garbled',
  'provider_silent',
] as const;

/**
 * What can befall a call. `hang`: acted on late, and never answered; `lost`: acted on, and the answer lost;
 * `reset`: the connection broke before Nylas acted; `error`: a 5xx, whether Nylas acted, acts later, or doesn't; `garbled`: a page
 * that isn't Nylas' own; `provider_silent`: Nylas waited for the provider in vain.
 */
export type Mishap = (typeof MISHAPS)[number];

export const CALM: Weather = {
  latency: 'quick',
  mishaps: { hang: 0, lost: 0, reset: 0, unreachable: 0, error: 0, garbled: 0, provider_silent: 0 },
  ownLimit: null,
  ownRetryAfterS: null,
  throttles: [],
  outages: [],
  stalls: [],
  keyRefused: null,
  withoutConnector: new Set(),
};

const MINUTE_MS = 60_000;
const STALL_MAX_MS = 20_000;

/** `isPaced`: an unpaced run can't be told to go slower, and needs a limit that leaves it room. */
export function rollWeather(dice: Dice, providers: readonly Provider[], isPaced: boolean): Weather {
  const isRough = dice.chance(0.7);
  const mishaps = Object.fromEntries(
    MISHAPS.map((mishap) => [mishap, isRough && dice.chance(0.4) ? dice.pick([0.02, 0.1, 0.4]) : 0]),
  ) as Record<Mishap, number>;
  const [first = 'google'] = dice.shuffled(providers);
  return {
    latency: dice.pick(['quick', 'slow', 'mixed']),
    mishaps,
    ownLimit: dice.chance(0.3) ? dice.pick(isPaced ? [3, 10, 50] : [10, 50]) : null,
    ownRetryAfterS: dice.chance(0.5) ? dice.int(1, 5) : null,
    throttles: dice.chance(0.35) ? several(dice, () => rollThrottle(dice, providers)) : [],
    outages: dice.chance(0.25) ? several(dice, () => rollOutage(dice)) : [],
    stalls: dice.chance(0.25) ? several(dice, () => spanOf(dice, STALL_MAX_MS)) : [],
    keyRefused: dice.chance(0.05) ? spanOf(dice, 5 * MINUTE_MS) : null,
    withoutConnector: new Set(dice.chance(0.1) ? [first] : []),
  };
}

function rollThrottle(dice: Dice, providers: readonly Provider[]): ProviderThrottle {
  return {
    ...spanOf(dice, dice.pick([5_000, MINUTE_MS, 15 * MINUTE_MS])),
    provider: dice.shuffled(providers)[0] ?? 'google',
    share: dice.pick([0.2, 0.8, 1]),
    retryAfter: dice.pick(['none', 'seconds', 'date']),
    retryAfterS: dice.pick([1, 10, 90, 300]),
  };
}

function rollOutage(dice: Dice): Outage {
  const span = spanOf(dice, dice.pick([10_000, 2 * MINUTE_MS, 10 * MINUTE_MS]));
  return { ...span, kind: dice.pick(['no_connection', 'unavailable', 'silent']) };
}

function spanOf(dice: Dice, lengthMaxMs: number): Span {
  const fromMs = dice.chance(0.3) ? 0 : dice.int(0, dice.pick([2_000, 60_000]));
  return { fromMs, toMs: fromMs + dice.int(1, lengthMaxMs) };
}

function several<T>(dice: Dice, make: () => T): readonly T[] {
  return Array.from({ length: dice.int(1, 3) }, make);
}

/** Of spans, the first that holds a moment. */
export function at<T extends Span>(spans: readonly T[], ms: number): T | null {
  return spans.find(({ fromMs, toMs }) => ms >= fromMs && ms < toMs) ?? null;
}
