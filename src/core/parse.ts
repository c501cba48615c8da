/** Readers of option values. Each throws an Error that says what the value should have been. */

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `60s`, `30m`, `2h`, `500ms`, `1h30m`: milliseconds. */
export function parseDuration(text: string): number {
  const compact = text.replaceAll(/\s/g, '');
  const parts = [...compact.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  const whole = parts.map(([part]) => part).join('') === compact && parts.length > 0;
  if (!whole) throw new Error('a duration such as 60s, 30m or 2h');
  return Math.round(
    parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS_MS[unit ?? ''] ?? 0), 0),
  );
}

/** A duration within bounds, which are given as text themselves. */
export function parseDurationWithin(min: string, max: string): (text: string) => number {
  return (text) => {
    const durationMs = parseDuration(text);
    const isWithin = durationMs >= parseDuration(min) && durationMs <= parseDuration(max);
    if (!isWithin) throw new Error(`a duration from ${min} to ${max}`);
    return durationMs;
  };
}

/** A whole number within bounds. */
export function parseCount(min: number, max: number): (text: string) => number {
  return (text) => {
    const count = /^\d+$/.test(text.trim()) ? Number(text) : NaN;
    if (!(count >= min && count <= max)) throw new Error(`a whole number from ${min} to ${max}`);
    return count;
  };
}

/** A number within bounds. */
export function parseNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) throw new Error(`a number from ${min} to ${max}`);
    return value;
  };
}

/** `1%` or `0.01`: a share between 0 and 1. */
export function parseShare(text: string): number {
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim())?.[1];
  const share = percent === undefined ? Number(text.trim() === '' ? NaN : text) : Number(percent) / 100;
  if (!(share > 0 && share <= 1)) throw new Error('a share such as 1% or 0.01');
  return share;
}

/** How much of something is looked at: a share of it, or so many. */
export type SampleSize =
  { readonly by: 'share'; readonly share: number } | { readonly by: 'count'; readonly count: number };

/** `1%`, `0.01` or `500`. */
export function parseSampleSize(text: string): SampleSize {
  if (/^[1-9]\d{0,8}$/.test(text.trim())) return { by: 'count', count: Number(text) };
  try {
    return { by: 'share', share: parseShare(text) };
  } catch {
    throw new Error('a share such as 1%, or a number such as 500');
  }
}

/** One of the words. */
export function parseChoice<const T extends string>(choices: readonly T[]): (text: string) => T {
  const parse = (text: string): T => {
    const choice = choices.find((word) => word === text.trim().toLowerCase());
    if (choice === undefined) throw new Error(`one of ${choices.join(', ')}`);
    return choice;
  };
  return Object.assign(parse, { choices });
}

/** The words that a reader takes, where it takes one of several. */
export function choicesOf(parse: object): readonly string[] {
  return 'choices' in parse && Array.isArray(parse.choices) ? parse.choices.map(String) : [];
}

/** Comma-separated items, each read by `parse`. */
export function parseList<T>(parse: (text: string) => T): (text: string) => readonly T[] {
  return (text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
      .map(parse);
}

/** `NAME=VALUE`, split at the first equals sign. */
export function parsePair(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  const name = text.slice(0, at).trim();
  const value = text.slice(at + 1).trim();
  if (at <= 0 || name === '' || value === '') throw new Error('NAME=VALUE');
  return [name, value];
}

/** Any text that isn't blank. */
export function parseText(text: string): string {
  if (text.trim() === '') throw new Error('some text');
  return text.trim();
}
