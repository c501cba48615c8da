import { PASSWORD_FIELDS, TOKEN_FIELDS, type Field, type HeaderMap } from './header.js';
import { isPlain } from './plain.js';
import type { RawRow, ReadingOptions, RowReason } from './record.js';
import type { Fields } from './variants.js';

/** What interpreting rows needs beside the columns. */
export interface RowOptions {
  readonly reading: ReadingOptions;
  /** A name for a user made from their refresh token, which must not be recoverable from it. */
  readonly keyOfCredential: (token: string) => string;
}

/** What the steps of one row share: each adds its reasons, so that all are told at once. */
export interface Work {
  readonly raw: RawRow;
  readonly map: HeaderMap;
  readonly options: RowOptions;
  readonly fields: Fields;
  readonly reasons: RowReason[];
}

/** Blank fields are left out. What a database dumps for NULL is blank too; a password may be `null`. */
export function fieldsOf(raw: RawRow, map: HeaderMap): Fields {
  const fields: Partial<Record<Field, string>> = {};
  for (const [field, index] of map.columns) {
    const value = isPassword(field) ? passwordAt(raw, index) : valueAt(raw, index);
    if (value !== '') fields[field] = value;
  }
  return fields;
}

/** A field's text, trimmed; blank where there is none. */
export function valueAt(raw: RawRow, index: number): string {
  const value = raw.fields[index]?.trim() ?? '';
  return value === String.raw`\N` || value === 'NULL' || value === 'null' ? '' : value;
}

/** Spaces belong to a password as much as any other character. */
function passwordAt(raw: RawRow, index: number): string {
  const value = raw.fields[index] ?? '';
  return value === String.raw`\N` ? '' : value;
}

function isPassword(field: Field): boolean {
  return (PASSWORD_FIELDS as readonly Field[]).includes(field);
}

/** The columns of the user's own, as they are. */
export function carriedOf(raw: RawRow, map: HeaderMap): Record<string, string> {
  return Object.fromEntries(map.carried.map(({ header, index }) => [header, valueAt(raw, index)]));
}

/** Whether a value is, or holds, what a credential's column of the same row has. */
export function holdsCredential(value: string, fields: Fields): boolean {
  return [...TOKEN_FIELDS, ...PASSWORD_FIELDS].some((field) => repeats(value, fields[field]));
}

/** Whether a field's value may stand in a message: it looks like none, and is none, of the row's credentials. */
export function isShowable(value: string, fields: Fields): boolean {
  return isPlain(value) && !holdsCredential(value, fields);
}

/** The value in quotes if it may be shown, else how long it is. */
export function shown(value: string, fields: Fields): string {
  return isShowable(value, fields) ? `“${value}”` : `a value of ${value.length} characters`;
}

/** Shorter secrets are inside of half of all words by chance. */
const CONTAINED_LENGTH_MIN = 8;

function repeats(value: string, secret: string | undefined): boolean {
  if (secret === undefined) return false;
  return value === secret || (secret.length >= CONTAINED_LENGTH_MIN && value.includes(secret));
}
