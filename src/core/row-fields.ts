import { PASSWORD_FIELDS, type Field, type HeaderMap } from './header.js';
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
