import { UserError } from './errors.js';

export const DIALECTS = ['postgres', 'mysql', 'sqlite'] as const;

export type Dialect = (typeof DIALECTS)[number];

/** `database.schema.table`, `database.table`, `schema.table`. */
const PARTS_MAX: Readonly<Record<Dialect, number>> = { postgres: 3, mysql: 2, sqlite: 2 };
const CONTROL = /[\u0000-\u001f\u007f]/;

/** What can't be part of a script: a client may read it as something else, or a server refuse it. */
export function isWritable(text: string): boolean {
  return !CONTROL.test(text) && text.toWellFormed() === text;
}

/**
 * A text as a literal, for text that `isWritable`. In MySQL a backslash escapes, by the `sql_mode` that the script
 * sets; in PostgreSQL it doesn't, by `standard_conforming_strings`, nor in SQLite.
 */
export function literal(text: string, dialect: Dialect): string {
  const quoted = text.replaceAll("'", "''");
  return `'${dialect === 'mysql' ? quoted.replaceAll('\\', '\\\\') : quoted}'`;
}

/** A name, exactly as it is written: capitals count. */
export function identifier(name: string, dialect: Dialect): string {
  const quote = dialect === 'mysql' ? '`' : '"';
  return quote + name.replaceAll(quote, quote + quote) + quote;
}

/** A table's name, with its schema or database where it has one. */
export function qualified(parts: readonly string[], dialect: Dialect): string {
  return parts.map((part) => identifier(part, dialect)).join('.');
}

/** Reads `table`, `schema.table` or, where a name holds a dot, `"my.table"`. Throws an Error that says so. */
export function parseTable(text: string): readonly string[] {
  const parts = [...text.matchAll(/"((?:[^"]|"")+)"(?=\.|$)|([^".]+)(?=\.|$)/g)];
  const whole = parts.map(([part]) => part).join('.') === text;
  const names = parts.map(([, inQuotes, plain]) => inQuotes?.replaceAll('""', '"') ?? plain ?? '');
  if (!whole || names.length === 0 || !names.every(isName))
    throw new Error('a table, such as users, app.users or "my.table"');
  return names;
}

/** Throws UserError('usage') where a table's name has more parts than the dialect knows. */
export function assertParts(parts: readonly string[], dialect: Dialect): void {
  if (parts.length <= PARTS_MAX[dialect]) return;
  throw new UserError(
    'usage',
    `--table ${shownTable(parts)}: in ${dialect} a table's name has at most ${PARTS_MAX[dialect]} parts.`,
    'A name that holds a dot goes into double quotes, for the shell into single ones too: --table \'"my.table"\'',
  );
}

/** Reads a column's name, as it is. Throws an Error that says so. */
export function parseColumn(text: string): string {
  if (!isName(text)) throw new Error('the name of a column');
  return text;
}

function isName(name: string): boolean {
  return name.trim() === name && name !== '' && isWritable(name);
}

/** `users.id` as a person writes it, for messages and comments. */
export function shownTable(parts: readonly string[]): string {
  return parts.join('.');
}

/** Of `--key COLUMN=REPORT_COLUMN`: what of the report the table's column is matched with. */
export interface KeyMatch {
  readonly column: string;
  /** Null: not said. */
  readonly reportColumn: string | null;
}

/** Split at the last equals sign: a column of a table can hold one more easily than ours. */
export function parseKey(text: string): KeyMatch {
  const at = text.lastIndexOf('=');
  if (at < 0) return { column: parseColumn(text), reportColumn: null };
  const reportColumn = text.slice(at + 1).trim();
  if (reportColumn === '') throw new Error('COLUMN, or COLUMN=REPORT_COLUMN such as id=user_id');
  return { column: parseColumn(text.slice(0, at).trim()), reportColumn };
}

/** What `--key` is matched with where it isn't said. */
const USUAL_KEY = 'account_id';

/**
 * The report's column that names rows of the user's table: the one that was named, else the one of the same
 * name, else account_id. Throws UserError('usage').
 */
export function keyColumnOf({ column, reportColumn }: KeyMatch, known: readonly string[]): string {
  if (reportColumn === null) return known.includes(column) ? column : USUAL_KEY;
  if (known.includes(reportColumn)) return reportColumn;
  throw new UserError(
    'usage',
    `--key ${column}=${reportColumn}: rows can't be named by “${reportColumn}”; there is ${known.join(', ')}.`,
    'Name one of them. A column of your own CSV is known where a run carried it along (--carry).',
  );
}
