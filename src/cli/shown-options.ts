import type { OptionSpecs } from '../config.js';

/** The options that differ from their defaults, as the ledger keeps them and the next command repeats them. */
export function shownOptions(
  values: Readonly<Record<string, unknown>>,
  specs: OptionSpecs,
): Readonly<Record<string, unknown>> {
  const given = Object.entries(values)
    .map(([name, value]) => [name, plain(value)] as const)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(plain(specs[name]?.fallback)));
  return Object.fromEntries(given);
}

/** JSON knows no maps. */
function plain(value: unknown): unknown {
  return value instanceof Map ? [...(value as ReadonlyMap<unknown, unknown>)] : value;
}
