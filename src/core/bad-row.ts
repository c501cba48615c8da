import { EMAIL, isPlain, KEY_LENGTH_MAX } from './plain.js';
import { isLikeProviderName, type Provider } from './provider.js';
import type { BadRow } from './record.js';
import { carriedOf, holdsCredential, type Work } from './row-fields.js';
import { hasShifted } from './row-shape.js';
import type { Fields } from './variants.js';

/** A bad row is stored and shown, and its columns may have shifted: only what is no credential is kept. */
export function badRow(work: Work, provider: Provider | null, key: string | null): BadRow {
  const { raw, map, fields, reasons } = work;
  const trust = trustIn(work);
  const safe = (value: string | null | undefined) => (isSafe(value, fields, trust) ? value : null);
  const carried = Object.entries(carriedOf(raw, map)).map(([header, value]) => [header, safe(value) ?? '']);
  return {
    line: raw.line,
    key: map.identify.by === 'credential' ? null : safe(key),
    email: safe(fields.email),
    provider: provider ?? (isLikeProviderName(fields.provider ?? '') ? safe(fields.provider) : null),
    accountId: safe(fields.account_id),
    carried: Object.fromEntries(carried) as Record<string, string>,
    reasons,
  };
}

/** How far a row's columns can be believed to be the header's: what they say elsewhere tells. */
type Trust = 'full' | 'plain values' | 'none';

function trustIn(work: Work): Trust {
  if (hasShifted(work)) return 'none';
  const isAstray = work.reasons.some(({ code }) => code === 'bad_email' || code === 'unknown_provider');
  const isConfirmed = work.fields.email !== undefined || work.fields.provider !== undefined;
  return isConfirmed && !isAstray ? 'full' : 'plain values';
}

function isSafe(value: string | null | undefined, fields: Fields, trust: Trust): value is string {
  if (value === null || value === undefined || trust === 'none' || value.length > KEY_LENGTH_MAX)
    return false;
  if (trust === 'plain values' && !isPlain(value) && !EMAIL.test(value)) return false;
  return !holdsCredential(value, fields);
}
