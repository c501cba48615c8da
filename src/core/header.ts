import { UserError } from './errors.js';
import { nearest } from './nearest.js';
import { isTokenLike } from './plain.js';
import type { Identify, ReadingOptions } from './record.js';

/** The names by which `--column FIELD=HEADER` calls what a column holds. */
export const FIELDS = [
  'provider',
  'email',
  'refresh_token',
  'google_refresh_token',
  'microsoft_refresh_token',
  'yahoo_refresh_token',
  'zoom_refresh_token',
  'account_id',
  'scope',
  'state',
  'credential_id',
  'imap_username',
  'imap_password',
  'imap_host',
  'imap_port',
  'smtp_username',
  'smtp_password',
  'smtp_host',
  'smtp_port',
  'username',
  'password',
  'ews_username',
  'ews_password',
  'ews_host',
  'ews_port',
] as const;

export type Field = (typeof FIELDS)[number];

/** The columns a refresh token can be in. */
export const TOKEN_FIELDS = [
  'refresh_token',
  'google_refresh_token',
  'microsoft_refresh_token',
  'yahoo_refresh_token',
  'zoom_refresh_token',
] as const satisfies readonly Field[];

export const PASSWORD_FIELDS = [
  'imap_password',
  'smtp_password',
  'password',
  'ews_password',
] as const satisfies readonly Field[];

const SECRET_FIELDS: readonly Field[] = [...TOKEN_FIELDS, ...PASSWORD_FIELDS];
const CREDENTIAL_FIELDS: readonly Field[] = [...SECRET_FIELDS, 'credential_id'];

/** How v2's API, its native authentication and common exports call these columns. */
const OTHER_NAMES: Readonly<Record<string, Field>> = {
  emailaddress: 'email',
  scopes: 'scope',
  gmailrefreshtoken: 'google_refresh_token',
  outlookrefreshtoken: 'microsoft_refresh_token',
  office365refreshtoken: 'microsoft_refresh_token',
  easserverhost: 'ews_host',
  exchangeserverhost: 'ews_host',
};

const FIELD_OF_NAME: ReadonlyMap<string, Field> = new Map([
  ...FIELDS.map((field) => [folded(field), field] as const),
  ...Object.entries(OTHER_NAMES),
]);

/** The field that a column of this name holds, if its name says so. */
export function fieldNamed(name: string): Field | null {
  return FIELD_OF_NAME.get(folded(name)) ?? null;
}

/** Whether a column of this name holds credentials, as far as its name says. */
export function isSecretName(name: string): boolean {
  const field = fieldNamed(name);
  return field !== null && SECRET_FIELDS.includes(field);
}

/** What the columns of one file mean. */
export interface HeaderMap {
  readonly headers: readonly string[];
  /** Where each field's column is; a field without one is absent. */
  readonly columns: ReadonlyMap<Field, number>;
  readonly carried: readonly { readonly header: string; readonly index: number }[];
  /** The rule that applies to this file, whether asked for or resolved from its header. */
  readonly identify: Identify;
  /** The column that the record key stands in; null where it is made from the email or the credential. */
  readonly keyColumn: number | null;
  /** The rule as the ledger keeps and compares it. */
  readonly keyingRule: string;
  /** Headers that nothing is read from. */
  readonly ignored: readonly string[];
}

/**
 * Finds out what each column means, or throws one UserError with everything that stands against it.
 * Names are compared without regard to case, spaces, dashes and underscores.
 */
export function mapHeader(header: readonly string[], options: ReadingOptions): HeaderMap {
  const headers = header.map((name) => name.trim());
  const problems: string[] = [];
  const columns = fieldColumns(headers, options, problems);
  const carried = carriedColumns(headers, columns, options, problems);
  const identify = options.identify ?? defaultIdentify(columns);
  const keyColumn = keyColumnOf(identify, headers, columns, problems);
  problems.push(...missingColumns(columns, options));
  if (problems.length > 0) throw headerError(problems);

  const read = new Set([...columns.values(), ...carried.map((column) => column.index), keyColumn]);
  const ignored = headers.filter((name, index) => name !== '' && !read.has(index)).map(shownHeader);
  const keyingRule = ruleOf(identify, keyColumn === null ? null : (headers[keyColumn] ?? ''));
  return { headers, columns, carried, identify, keyColumn, keyingRule, ignored };
}

/** Another column that was named for account_id is another rule: its values are other names. */
function ruleOf(identify: Identify, header: string | null): string {
  const isOther = identify.by === 'account_id' && header !== null && folded(header) !== 'accountid';
  return isOther ? `column:${ruleName(header)}` : describeIdentify(identify);
}

/** `account_id`, `email`, `column:user_id` or `credential`: as it is given, kept in a ledger and compared. */
export function describeIdentify(identify: Identify): string {
  return identify.by === 'column' ? `column:${ruleName(identify.header)}` : identify.by;
}

/** Reads the value of `--identify-by`. Throws UserError. */
export function parseIdentify(text: string): Identify {
  const rule = text.trim();
  const [, header = ''] = /^column:\s*(.+)$/i.exec(rule) ?? [];
  if (header !== '') return columnRule(header);
  const by = rule.toLowerCase();
  if (by === 'account_id' || by === 'email' || by === 'credential') return { by };
  throw new UserError('usage', 'that is no rule.', 'Give account_id, email, credential, or column:HEADER.');
}

/** `column:email` is the rule `email`: one rule has one name, or a ledger would refuse its own. */
function columnRule(header: string): Identify {
  const name = folded(header);
  if (name === 'accountid') return { by: 'account_id' };
  return name === 'email' ? { by: 'email' } : { by: 'column', header: header.trim() };
}

function defaultIdentify(columns: ReadonlyMap<Field, number>): Identify {
  return columns.has('account_id') ? { by: 'account_id' } : { by: 'email' };
}

function fieldColumns(headers: readonly string[], options: ReadingOptions, problems: string[]) {
  const columns = new Map<Field, number>();
  for (const [name, header] of options.columns) {
    const field = FIELD_OF_NAME.get(folded(name));
    const index = indexOfHeader(header, headers, `--column ${name}=${header}`, problems);
    if (field === undefined) problems.push(`--column ${name}=${header}: ${unknownField(name)}`);
    else if (index !== null) columns.set(field, index);
  }
  addKnownColumns(headers, columns, problems);
  return columns;
}

/** Columns whose own name says what they hold; what the user said about a field stands. */
function addKnownColumns(headers: readonly string[], columns: Map<Field, number>, problems: string[]): void {
  const told = new Set(columns.keys());
  for (const [index, header] of headers.entries()) {
    const field = FIELD_OF_NAME.get(folded(header));
    if (field === undefined || told.has(field)) continue;
    const earlier = columns.get(field);
    if (earlier === undefined) columns.set(field, index);
    else problems.push(twoColumns(field, headers[earlier] ?? '', header));
  }
}

function twoColumns(field: Field, first: string, second: string): string {
  const names = first === second ? `two columns are called ${first}` : `${first} and ${second} both stand`;
  const remedy = first === second ? 'rename or remove one' : `say which with --column ${field}=HEADER`;
  return `${names}${first === second ? '' : ` for ${field}`}: ${remedy}`;
}

function unknownField(name: string): string {
  const near = nearest(name, FIELDS);
  return `there is no field ${name}${near === null ? `; the fields are ${FIELDS.join(', ')}` : ` (did you mean ${near}?)`}`;
}

/** The column of a header the user named; null, and a problem, where there is none or more than one. */
function indexOfHeader(
  name: string,
  headers: readonly string[],
  option: string,
  problems: string[],
): number | null {
  const matches = [...headers.keys()].filter((index) => folded(headers[index] ?? '') === folded(name));
  const exact = matches.filter((index) => headers[index] === name.trim());
  const [found, second] = exact.length > 0 ? exact : matches;
  if (found === undefined)
    problems.push(`${option}: the file has no column ${name}${nearHeaders(name, headers)}`);
  else if (second !== undefined) problems.push(`${option}: the file has more than one column ${name}`);
  return second === undefined ? (found ?? null) : null;
}

function nearHeaders(name: string, headers: readonly string[]): string {
  const near = nearest(name, headers);
  if (near !== null) return ` (did you mean ${near}?)`;
  const some = headers.filter(isHeaderLike).slice(0, 20);
  return some.length === 0 ? '' : `; it has ${some.join(', ')}`;
}

/** A file without a header row has a user's data there, credentials included: only names are repeated. */
function isHeaderLike(header: string): boolean {
  return /^[\p{L}][\p{L}\d _.-]{0,39}$/u.test(header) && !/\d{3}/.test(header);
}

/** The name of a column that isn't read; where it may be no name but a credential, how long it is. */
function shownHeader(header: string): string {
  return isTokenLike(header) ? `a name of ${header.length} characters` : header;
}

function carriedColumns(
  headers: readonly string[],
  columns: ReadonlyMap<Field, number>,
  options: ReadingOptions,
  problems: string[],
) {
  const carried: { header: string; index: number }[] = [];
  for (const header of options.carry) {
    const index = indexOfHeader(header, headers, `--carry ${header}`, problems);
    if (index === null || carried.some((column) => column.index === index)) continue;
    if (isSecretColumn(index, columns)) problems.push(`--carry ${header}: that column holds credentials`);
    else carried.push({ header: headers[index] ?? header, index });
  }
  return carried;
}

function isSecretColumn(index: number, columns: ReadonlyMap<Field, number>): boolean {
  return SECRET_FIELDS.some((field) => columns.get(field) === index);
}

function keyColumnOf(
  identify: Identify,
  headers: readonly string[],
  columns: ReadonlyMap<Field, number>,
  problems: string[],
): number | null {
  if (identify.by === 'column') {
    const option = `--identify-by column:${identify.header}`;
    const index = indexOfHeader(identify.header, headers, option, problems);
    if (index === null || !isSecretColumn(index, columns)) return index;
    problems.push(
      `${option}: that column holds credentials; --identify-by credential keeps only a fingerprint`,
    );
    return null;
  }
  if (identify.by === 'account_id' && !columns.has('account_id')) {
    problems.push('--identify-by account_id: the file has no column account_id');
  }
  if (identify.by === 'email' && !columns.has('email')) problems.push(NO_KEY_COLUMN);
  if (identify.by === 'credential' && !TOKEN_FIELDS.some((field) => columns.has(field))) {
    problems.push('--identify-by credential: the file has no column refresh_token');
  }
  const index = identify.by === 'account_id' ? (columns.get('account_id') ?? null) : null;
  if (index !== null && isSecretColumn(index, columns)) {
    problems.push(
      'the column of account_id holds credentials; --identify-by credential keeps only a fingerprint',
    );
  }
  return index;
}

const NO_KEY_COLUMN =
  'no column tells the users apart (account_id or email): name one with --identify-by column:HEADER or --column email=HEADER';

function missingColumns(columns: ReadonlyMap<Field, number>, options: ReadingOptions): string[] {
  const missing: string[] = [];
  const needsCredential = options.defaultProvider !== 'virtual-calendar';
  if (needsCredential && !CREDENTIAL_FIELDS.some((field) => columns.has(field))) {
    missing.push(
      'no column holds a credential (refresh_token, credential_id, imap_password, …): is this a file with a header row?',
    );
  }
  if (!columns.has('provider') && options.defaultProvider === null) {
    missing.push('no column provider, and no --default-provider');
  }
  return missing;
}

function headerError(problems: readonly string[]): UserError {
  const [first = ''] = problems;
  const message =
    problems.length === 1
      ? `The columns can't be understood: ${first}.`
      : `The columns can't be understood:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`;
  return new UserError(
    'usage',
    message,
    'Correct the header row, or say what a column holds with --column FIELD=HEADER.',
  );
}

/** A column's name without regard to case, spaces, dashes and underscores. */
export function folded(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, '');
}

/** A re-export may spell a header differently; the rule it stands for is the same. */
function ruleName(header: string): string {
  return header
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
}
