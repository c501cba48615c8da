import { PROVIDERS, type Provider } from '../core/provider.js';
import type { Directory } from './credential.js';
import type { Fault } from './faults.js';
import type { SeedGrant } from './grants.js';
import type { Latency } from './latency.js';

/** How the stand-in behaves; everything has a default. */
export interface SimulatorOptions {
  /** 0, the default, takes any free one. The host is always 127.0.0.1. */
  readonly port?: number;
  readonly apiKey?: string;
  readonly applicationId?: string;
  readonly applicationName?: string;
  readonly environment?: string;
  readonly region?: string;
  /** The providers that have a connector: all of them, by default. */
  readonly connectors?: readonly Provider[];
  /** How long the provider takes, in every call that reaches it. */
  readonly latencyMs?: Latency | number;
  /** Requests of every kind that any sliding second may hold; null, the default, sets no limit. */
  readonly ratePerSecond?: number | null;
  readonly seed?: number;
  readonly faults?: readonly Fault[];
  /** Refresh token → email: what the providers would know. */
  readonly directory?: Directory;
  readonly grants?: readonly SeedGrant[];
  /** The largest page of a listing. */
  readonly pageMax?: number;
  /** How long an answer under the fault `slow` takes. */
  readonly slowMs?: number;
  /** The clock, in milliseconds since 1970: rate limit, timestamps and `Date` headers follow it. */
  readonly now?: () => number;
}

/** The options with their defaults. */
export interface Settings extends Required<SimulatorOptions> {
  readonly latencyMs: Latency;
}

/** Fills in the defaults. */
export function withDefaults(options: SimulatorOptions): Settings {
  const { latencyMs = 0 } = options;
  return {
    port: 0,
    apiKey: 'sim-api-key',
    applicationId: '51b00000-0000-4000-8000-000000000001',
    applicationName: 'Nylas simulator',
    environment: 'staging',
    region: 'us',
    connectors: PROVIDERS,
    ratePerSecond: null,
    seed: 1,
    faults: [],
    directory: new Map(),
    grants: [],
    pageMax: 200,
    slowMs: 1000,
    now: monotonicNow,
    ...options,
    latencyMs: typeof latencyMs === 'number' ? { min: latencyMs, max: latencyMs } : latencyMs,
  };
}

/** Finer than a millisecond and never set back, so that the rate limit is exact. */
function monotonicNow(): number {
  return performance.timeOrigin + performance.now();
}
