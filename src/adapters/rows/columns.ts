import { FIELDS, fieldNamed, folded, isSecretName } from '../../core/header.js';
import type { RawRow, RowReason } from '../../core/record.js';

/** One user as a program has them: field → value. */
export type RowObject = Readonly<Record<string, unknown>>;

/**
 * The columns of rows that have no header: those of the first row, and every field that a later one may have. What
 * names the users is fixed by the first row: one that comes with `account_id` there is no field for otherwise.
 */
export class Columns {
  readonly header: readonly string[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #isSecret: readonly boolean[];

  /** `asked`: columns that options name. */
  constructor(first: RowObject, asked: readonly string[]) {
    const header = Object.keys(first);
    const known = new Set(header.map(placeName));
    const others = [...FIELDS.filter((field) => field !== 'account_id'), ...asked];
    for (const name of others) {
      if (known.has(placeName(name))) continue;
      known.add(placeName(name));
      header.push(name);
    }
    this.header = header;
    this.#places = new Map(header.map((name, index) => [placeName(name), index]));
    this.#isSecret = header.map(isSecretName);
  }

  /** The row as a line of these columns. `line`: the row's number, counted from 1. */
  rowOf(row: unknown, line: number): RawRow {
    const fields = this.header.map(() => '');
    if (!isRowObject(row)) return { line, fields, problem: bad('the row is no object of fields and values') };
    let problem: RowReason | null = null;
    const told = new Set<number>();
    for (const [name, value] of Object.entries(row)) {
      const text = textOf(value);
      const place = this.#places.get(placeName(name));
      if (text === null) problem ??= bad(`${shownName(name)} is neither text nor a number`);
      else if (place === undefined) problem ??= text === '' ? null : strange(name);
      else if (text !== '' && told.has(place)) problem ??= bad(`two fields stand for ${shownName(name)}`);
      else if (text !== '') {
        fields[place] = text;
        told.add(place);
      }
    }
    return { line, fields, problem };
  }

  /** A row's fields but for its credentials: what a digest may be made of. */
  shownFields({ fields }: RawRow): readonly string[] {
    return fields.map((field, index) => (this.#isSecret[index] === true ? '' : field));
  }
}

/** Names of one column are one name. */
function placeName(name: string): string {
  return fieldNamed(name) ?? folded(name);
}

function isRowObject(row: unknown): row is RowObject {
  return typeof row === 'object' && row !== null && !Array.isArray(row);
}

/** Null: no value of a field. */
function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString();
  const isWords = Array.isArray(value) && value.every((word) => typeof word === 'string');
  return isWords ? value.join(' ') : null;
}

/** What nothing is read from is no problem, unless it would have named the user. */
function strange(name: string): RowReason | null {
  if (fieldNamed(name) === null) return null;
  return bad(`${shownName(name)} is missing in the first row: one rule names all users`);
}

/** Keys can be anything, credentials included. */
function shownName(name: string): string {
  return fieldNamed(name) ?? (/^[\p{L}_][\p{L}\d _.-]{0,39}$/u.test(name) ? name : 'a field');
}

function bad(message: string): RowReason {
  return { code: 'malformed', message };
}
