import { nearest } from './nearest.js';

/** The providers that `POST /v3/connect/custom` takes and a v2 export can hold (Nylas' OpenAPI, v3). */
export const PROVIDERS = [
  'google',
  'microsoft',
  'yahoo',
  'zoom',
  'imap',
  'icloud',
  'ews',
  'virtual-calendar',
] as const;

export type Provider = (typeof PROVIDERS)[number];

/** Whether a name is one of v3's own. */
export function isProvider(name: string): name is Provider {
  return PROVIDERS.some((provider) => provider === name);
}

/** What a provider name in a file stands for; `nearest` is a guess to tell, never to act on. */
export type ProviderName =
  | { readonly kind: 'provider'; readonly provider: Provider }
  | { readonly kind: 'ambiguous'; readonly candidates: readonly Provider[] }
  | { readonly kind: 'unknown'; readonly nearest: string | null };

/** v2's own names. What only a person can know (hosted or on premises) has two meanings and no default. */
const MEANINGS: ReadonlyMap<string, readonly Provider[]> = new Map<string, readonly Provider[]>([
  ...PROVIDERS.map((provider) => [folded(provider), [provider]] as const),
  ['gmail', ['google']],
  ['office365', ['microsoft']],
  ['outlook', ['microsoft']],
  ['hotmail', ['microsoft']],
  ['graph', ['microsoft']],
  ['aol', ['imap']],
  ['custom', ['imap']],
  ['generic', ['imap']],
  ['exchange', ['microsoft', 'ews']],
  ['eas', ['microsoft', 'ews']],
]);

const NAMES: readonly string[] = [...PROVIDERS, ...MEANINGS.keys()];

/** Resolves a v2 or v3 provider name, however it is spelt; what the user said with an alias goes first. */
export function resolveProvider(name: string, aliases: ReadonlyMap<string, Provider>): ProviderName {
  const written = name.trim().toLowerCase();
  const alias = aliases.get(written) ?? aliases.get(folded(written));
  if (alias !== undefined) return { kind: 'provider', provider: alias };
  const candidates = MEANINGS.get(folded(written)) ?? [];
  const [only] = candidates;
  if (only === undefined) return { kind: 'unknown', nearest: nearest(written, NAMES) };
  return candidates.length === 1 ? { kind: 'provider', provider: only } : { kind: 'ambiguous', candidates };
}

/** `Virtual Calendar`, `virtual_calendar` and `virtual-calendar` are one name. */
function folded(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, '');
}
