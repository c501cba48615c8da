import { UserError } from '../core/errors.js';
import type { Random } from './random.js';

/** How long a provider takes to answer: drawn evenly between the two. */
export interface Latency {
  readonly min: number;
  readonly max: number;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000 };
const LATENCY_MS_MAX = 3_600_000;

/** Reads `200ms`, `1.5s` or `0.5s-3s`. Throws UserError. */
export function parseLatency(text: string): Latency {
  const [from, to = from, ...more] = text.split('-').map(durationMs);
  const known = from !== undefined && to !== undefined && more.length === 0;
  if (!known || !(from <= to && to <= LATENCY_MS_MAX)) throw badLatency(text);
  return { min: from, max: to };
}

/** NaN where it isn't a duration: no comparison with that holds. */
function durationMs(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text.trim()) ?? [];
  return Number(amount) * (UNIT_MS[unit] ?? NaN);
}

function badLatency(text: string): UserError {
  return new UserError(
    'usage',
    `"${text}" is not a latency.`,
    'Write a duration or a range, the shorter first and an hour at most: 200ms, 1.5s, 0.5s-3s.',
  );
}

/** One latency out of the range. */
export function drawLatencyMs(latency: Latency, random: Random): number {
  return latency.min + random() * (latency.max - latency.min);
}
