import { createHash } from 'node:crypto';
import type { Provider } from './provider.js';
import type { LegacyUser } from './record.js';

/** Which rows of the file this run is about. */
export interface Scope {
  /** Empty: every provider. */
  readonly providers: ReadonlySet<Provider>;
  /** Record keys; null: all. */
  readonly only: ReadonlySet<string> | null;
  readonly exclude: ReadonlySet<string>;
  /** The share of users, between 0 and 1. */
  readonly sample: number;
}

/** Whether every row of the file is in scope. */
export function isEverybody({ providers, only, exclude, sample }: Scope): boolean {
  return providers.size === 0 && only === null && exclude.size === 0 && sample >= 1;
}

const HASH_RANGE = 2 ** 32;

/** Whether a user is in scope. A sample holds the same users every time, whatever file they stand in. */
export function inScope(user: LegacyUser, scope: Scope): boolean {
  if (scope.providers.size > 0 && !scope.providers.has(user.provider)) return false;
  if (scope.only !== null && !scope.only.has(user.key)) return false;
  if (scope.exclude.has(user.key)) return false;
  return scope.sample >= 1 || sampleOf(user.key) < scope.sample;
}

/** A number in [0, 1) that depends on the key alone: a larger sample contains every smaller one. */
export function sampleOf(key: string): number {
  return createHash('sha256').update(key).digest().readUInt32BE(0) / HASH_RANGE;
}
