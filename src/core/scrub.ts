/**
 * Removes secrets from text that came from outside. Servers echo what we sent, in messages, HTML and
 * provider errors, whole or cut off, escaped in any of many ways: so by value (however each character is
 * spelt, and any long enough beginning of it) as well as by name.
 */
export type Scrub = (text: string) => string;

export const REDACTED = '[redacted]';

/** A beginning of a secret this long is removed even when the rest is missing. */
const PREFIX_LENGTH_MIN = 8;

const NAME =
  /(?:refresh[_-]?token|access[_-]?token|id[_-]?token|client[_-]?secret|api[_-]?key|pass(?:word|wd)?|assertion|authorization)/;
const QUOTE_ENTITY = /&(?:quot|apos|#0?3[49]|#x2[27]);/;
const BARE = /[^\s"'&,;<>{}\\]+/;

/** `refresh_token=…`, `"password": "…"`, `Bearer …`: what follows such a name is never shown. */
const NAMED_SECRET = new RegExp(
  `(${NAME.source}(?:\\\\*["']|${QUOTE_ENTITY.source})?\\s*[:=]\\s*)` +
    // Quoted: up to the same quote behind as many backslashes, or to the end where it was cut off.
    `(?:(\\\\*)(["'])[^]*?((?<!\\\\)\\2\\3|$)|((?:${QUOTE_ENTITY.source})?(?:bearer\\s+|basic\\s+)?)${BARE.source})` +
    `|(\\bbearer\\s+)${BARE.source}`,
  'gi',
);

/**
 * Builds the scrubber for one request's secrets. The secrets stay inside the closure. Nearly every answer is free
 * of them, so that only what tells so is made beforehand: the beginnings.
 */
export function scrubberOf(secrets: readonly string[]): Scrub {
  return scrubbersBesides([])(secrets);
}

/** Builds the scrubbers of many requests, each for its own secrets and for those that all of them share. */
export function scrubbersBesides(shared: readonly string[]): (secrets: readonly string[]) => Scrub {
  const sharedBeginnings = shared.flatMap(beginningsOf);
  return (secrets) => {
    const beginnings = secrets.flatMap(beginningsOf).concat(sharedBeginnings);
    let values: readonly Value[] | null = null;
    return (text) => {
      if (beginnings.length === 0 || !mayHold(text, beginnings)) return removeNamed(text);
      return removeNamed(removeValues(text, (values ??= valuesOf([...secrets, ...shared]))));
    };
  };
}

/**
 * Whether what should be an id repeats a secret, or the beginning of one. Short secrets are left aside: they
 * are part of honest ids by chance.
 */
export function isEcho(id: string, secrets: readonly string[]): boolean {
  const long = secrets.filter((secret) => secret.length >= PREFIX_LENGTH_MIN);
  return id.includes(REDACTED) || scrubberOf(long)(id) !== id;
}

const BEGINNING_LENGTH = 4;
/** What a secret is encoded to begins as its own beginning is encoded: this much of it settles so few characters. */
const SETTLING_LENGTH = 16;

/** How the secret, and whatever servers make of it, begins. */
function beginningsOf(secret: string): readonly string[] {
  if (secret === '') return [];
  const start = secret.slice(0, SETTLING_LENGTH);
  const json = jsonEscaped(start);
  const encodings = [...new Set([start, json, uriEscaped(start)])].flatMap(base64Beginnings);
  return [...new Set([beginningOf(start), beginningOf(json)])].map(fold).concat(encodings);
}

function beginningOf(value: string): string {
  const start = value.slice(0, BEGINNING_LENGTH);
  return ASCII.test(start) ? start : Array.from(value).slice(0, BEGINNING_LENGTH).join('');
}

/** Whether a value may stand in the text: in nearly none it does, and looking closer at each would cost too much. */
function mayHold(text: string, beginnings: readonly string[]): boolean {
  const folded = fold(text);
  return /[\\%&+]/.test(folded) || beginnings.some((beginning) => folded.includes(beginning));
}

/** A secret, or something made of it, character by character. */
type Value = readonly string[];

function valuesOf(secrets: readonly string[]): readonly Value[] {
  const values = new Set(secrets.flatMap((secret) => [secret, ...encoded(secret)]).map(fold));
  values.delete('');
  return Array.from(values, (value) => Array.from(value));
}

function removeNamed(text: string): string {
  return text.replace(
    NAMED_SECRET,
    (_all, name = '', slashes = '', quote = '', close = '', scheme = '', bearer = ''): string =>
      `${name}${slashes}${quote}${scheme}${bearer}${REDACTED}${close}`,
  );
}

function removeValues(text: string, values: readonly Value[]): string {
  const folded = fold(text);
  let out = '';
  let keptFrom = 0;
  let at = 0;
  while (at < folded.length) {
    const isMark = folded.startsWith(REDACTED, at);
    const end = isMark ? at : longestMatch(folded, at, values);
    if (end > at) {
      out += text.slice(keptFrom, at) + REDACTED;
      keptFrom = end;
    }
    at = Math.max(end, at + (isMark ? REDACTED.length : 1));
  }
  return out + text.slice(keptFrom);
}

/** Where the longest value that stands at `at` ends; `at` itself where none does. */
function longestMatch(text: string, at: number, values: readonly Value[]): number {
  let longest = at;
  for (const value of values) {
    const [first = ''] = value;
    // Nearly everywhere not even the first character is there, and this is all that is done.
    if (!ESCAPES.has(text[at] ?? '') && !text.startsWith(first, at)) continue;
    longest = Math.max(longest, endOfMatch(text, at, value));
  }
  return longest;
}

function endOfMatch(text: string, at: number, value: Value): number {
  // One text can be read in several ways (`&amp;` may be the secret's own), so every reading is followed.
  let ends: readonly number[] = [at];
  for (const [index, char] of value.entries()) {
    const next = ends.flatMap((end) => endsOfChar(text, end, char));
    if (next.length === 0) return index >= PREFIX_LENGTH_MIN ? Math.max(...ends) : at;
    ends = next.length === 1 ? next : [...new Set(next)];
  }
  return Math.max(...ends);
}

/** Characters that can begin an escaped spelling of another. */
const ESCAPES = new Set(['\\', '%', '&', '+']);

function endsOfChar(text: string, at: number, char: string): readonly number[] {
  if (!ESCAPES.has(text[at] ?? '')) return text.startsWith(char, at) ? [at + char.length] : [];
  return spellingsOf(char)
    .filter((spelling) => text.startsWith(spelling, at))
    .map((spelling) => at + spelling.length);
}

const SPELLINGS = new Map<string, readonly string[]>();

function spellingsOf(char: string): readonly string[] {
  const known = SPELLINGS.get(char);
  if (known !== undefined) return known;
  // Folded is only what is written plainly: a capital letter's code is still its own.
  const spellings = [char, char.toUpperCase()].flatMap(escapesOf).map(fold);
  const distinct = [...new Set([char, ...spellings])];
  SPELLINGS.set(char, distinct);
  return distinct;
}

function escapesOf(char: string): readonly string[] {
  return [...jsonSpellings(char), ...uriSpellings(char), ...htmlSpellings(char)];
}

/** In JSON, and in JSON inside JSON. */
function jsonSpellings(char: string): readonly string[] {
  const escaped = jsonEscaped(char);
  const units = Array.from({ length: char.length }, (_, index) => hex(char.charCodeAt(index), 4));
  const ascii = units.map((unit) => `\\u${unit}`).join('');
  const twice = [escaped, ascii].map((text) => text.replaceAll('\\', '\\\\'));
  return [`\\${char}`, `\\\\${char}`, `\\\\\\${char}`, escaped, ascii, ...twice];
}

/** In a URL or a form, and in a URL inside a URL. */
function uriSpellings(char: string): readonly string[] {
  const bytes = Array.from(new TextEncoder().encode(char), (byte) => `%${hex(byte, 2)}`).join('');
  return [bytes, bytes.replaceAll('%', '%25'), ...(char === ' ' ? ['+'] : [])];
}

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&apos;'],
]);

function htmlSpellings(char: string): readonly string[] {
  const code = char.codePointAt(0) ?? 0;
  const decimal = String(code);
  const codes = [decimal, decimal.padStart(3, '0'), `x${hex(code, 1)}`, `x${hex(code, 2)}`];
  const numeric = codes.map((written) => `&#${written};`);
  return [ENTITIES.get(char) ?? char, ...numeric];
}

function hex(code: number, length: number): string {
  return code.toString(16).padStart(length, '0');
}

const ASCII = /^[\x00-\x7f]*$/;

/** Servers change the case of what they echo. ASCII alone, so that every index stays where it was. */
function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Shorter base64 is found in honest text by chance. */
const BASE64_LENGTH_MIN = 8;

/**
 * What servers make of a secret before they escape it further: it stands in JSON or in a URL, and bodies are
 * encoded as a whole.
 */
function encoded(secret: string): readonly string[] {
  const json = jsonEscaped(secret);
  return [json, ...[...new Set([secret, json, uriEscaped(secret)])].flatMap(base64)];
}

function jsonEscaped(secret: string): string {
  return JSON.stringify(secret).slice(1, -1);
}

function uriEscaped(secret: string): string {
  return encodeURIComponent(secret.toWellFormed());
}

/** At each of the three offsets, in both alphabets, without the ends, which depend on what stands around. */
function base64(secret: string): readonly string[] {
  const binary = binaryOf(secret);
  return [0, 1, 2]
    .map((offset) => {
      const inner = Math.ceil((offset * 8) / 6);
      return btoa('\0'.repeat(offset) + binary).slice(inner, Math.floor(((offset + binary.length) * 8) / 6));
    })
    .filter((text) => text.length >= BASE64_LENGTH_MIN)
    .flatMap(inBothAlphabets);
}

function inBothAlphabets(text: string): readonly string[] {
  return hasTwoAlphabets(text) ? [text, text.replaceAll('+', '-').replaceAll('/', '_')] : [text];
}

/** Whether base64 for URLs spells it in another way. */
function hasTwoAlphabets(text: string): boolean {
  return /[+/]/.test(text);
}

const FOLDED_BASE64 = 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789+/';
/** At which bit of the secret its first whole base64 character begins, at each of the three offsets. */
const BASE64_FIRST_BITS = [0, 4, 2];

/**
 * How each text that `base64` makes of this begins, folded: for every row's secrets, so straight from the bits. What
 * is too short for `base64` has one too, which only makes a text looked at more closely.
 */
function base64Beginnings(secret: string): readonly string[] {
  const binary = binaryOf(secret);
  const byteAt = (index: number): number => binary.charCodeAt(index) || 0;
  const word = (byteAt(0) << 24) | (byteAt(1) << 16) | (byteAt(2) << 8) | byteAt(3);
  const texts = BASE64_FIRST_BITS.map((bit) => {
    const charAt = (shift: number): string => FOLDED_BASE64.charAt((word >>> (shift - bit)) & 63);
    return charAt(26) + charAt(20) + charAt(14) + charAt(8);
  });
  // Most need one alphabet only, and making lists of lists costs several times what the texts do.
  return texts.some(hasTwoAlphabets) ? texts.flatMap(inBothAlphabets) : texts;
}

/** The bytes of its UTF-8, a character each. */
function binaryOf(text: string): string {
  if (ASCII.test(text)) return text;
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}
