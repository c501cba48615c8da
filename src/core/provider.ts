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

/**
 * v2's own names, and what people call the same. What only a person can know (hosted or on premises) has two meanings
 * and no default.
 */
const MEANINGS: ReadonlyMap<string, readonly Provider[]> = new Map<string, readonly Provider[]>([
  ...PROVIDERS.map((provider) => [folded(provider), [provider]] as const),
  ['gmail', ['google']],
  ['googlemail', ['google']],
  ['gsuite', ['google']],
  ['googleworkspace', ['google']],
  ['office365', ['microsoft']],
  ['o365', ['microsoft']],
  ['microsoft365', ['microsoft']],
  ['m365', ['microsoft']],
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

/** What names of mail services that nobody has listed are made of. */
const NAME_PARTS: readonly string[] = [...MEANINGS.keys(), 'office', 'mail', 'apple'].filter(
  (part) => part.length >= 4,
);

/**
 * Whether a name that isn't known may be shown as what somebody calls a provider: one short word, or one that holds
 * what such names are made of. A password of sixteen letters, as Google makes them, looks like any other word.
 */
export function isLikeProviderName(name: string): boolean {
  const plain = folded(name.trim());
  return (
    /^[A-Z]?[a-z]{1,12}$|^[A-Z]{2,8}$/.test(name.trim()) || NAME_PARTS.some((part) => plain.includes(part))
  );
}

/** `Virtual Calendar`, `virtual_calendar` and `virtual-calendar` are one name. */
function folded(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, '');
}
