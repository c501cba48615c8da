import type { OptionValues } from '../config.js';
import { UserError } from '../core/errors.js';
import type { ReportFormat } from '../core/report.js';
import type { WriteBackWishes } from '../write-back.js';
import type { REPORT } from './options.js';

type Values = OptionValues<typeof REPORT>;

/** What a report has rows of. */
export type RowsKind = 'records' | 'since' | 'people' | 'domains' | 'attempts';

/** What a report is made of, by the options that say so. */
export type ReportForm = { readonly kind: RowsKind | 'page' } | (WriteBackWishes & { readonly kind: 'sql' });

/** Reads what is asked for, or throws one UserError('usage') with all that doesn't go together. */
export function reportForm(values: Values, flags: ReadonlySet<string>): ReportForm {
  const problems = [...contradictions(values, flags), ...missing(values)];
  if (problems.length > 0) {
    throw new UserError('usage', problems.join('\n'), 'See report --help; nothing was written.');
  }
  return sqlForm(values) ?? { kind: isPage(values) ? 'page' : kindOf(values) };
}

/** JSON is what `--json` promises on standard output. */
function isPage({ format, json, out }: Values): boolean {
  return format === 'html' && !(json && out === '-');
}

/** The form of a report that is made of rows. */
export function reportFormat({ json, out, raw, excel, delimiter, format }: Values): ReportFormat {
  if ((json && out === '-') || format === 'json' || format === 'html') return 'json';
  if (format === 'jsonl') return 'jsonl';
  if (excel) return delimiter === 'semicolon' ? 'excel csv, semicolons' : 'excel csv';
  return raw ? 'raw csv' : 'csv';
}

function kindOf({ after, by, attempts }: Values): RowsKind {
  if (attempts) return 'attempts';
  if (by !== null) return by === 'person' ? 'people' : 'domains';
  return after === null ? 'records' : 'since';
}

function sqlForm({ format, dialect, table, key, set, after }: Values): ReportForm | null {
  if (format !== 'sql' || dialect === null || table === null || key === null || set === null) return null;
  return { kind: 'sql', dialect, table, key, setColumn: set, afterSeq: after };
}

const SQL_ALONE = ['dialect', 'table', 'key', 'set'];
/** What each form has no use for: an option that did nothing would be taken for one that did. */
const NOT_WITH: readonly (readonly [
  name: string,
  isAsked: (values: Values) => boolean,
  options: readonly string[],
])[] = [
  [
    '--format sql',
    ({ format }) => format === 'sql',
    ['columns', 'category', 'raw', 'excel', 'by', 'attempts', 'client-id', 'redirect-uri', 'mask-emails'],
  ],
  [
    '--format html',
    ({ format }) => format === 'html',
    ['raw', 'after', 'by', 'attempts', 'client-id', 'redirect-uri'],
  ],
  ['--attempts', ({ attempts }) => attempts, ['after', 'by', 'client-id', 'redirect-uri']],
  ['--by', ({ by }) => by !== null, ['after']],
  // A link for a masked address signs nobody in.
  ['--mask-emails', ({ maskEmails }) => maskEmails, ['client-id', 'redirect-uri']],
  ['--raw', ({ raw }) => raw, ['excel']],
];

/** Only flags are held against each other: a configuration file serves all commands. */
function contradictions(values: Values, flags: ReadonlySet<string>): readonly string[] {
  const clashes = NOT_WITH.filter(([, isAsked]) => isAsked(values)).flatMap(([name, , options]) =>
    options
      .filter((option) => flags.has(option))
      .map((option) => `${name} and --${option} don't go together.`),
  );
  const ofSql = values.format === 'sql' ? [] : SQL_ALONE.filter((option) => flags.has(option));
  return [
    ...clashes,
    ...ofSql.map((option) => `--${option} is of --format sql only.`),
    ...(flags.has('excel') && (values.json || (values.format !== 'csv' && values.format !== 'sql'))
      ? ['--excel is of --format csv only.']
      : []),
    ...(flags.has('delimiter') && !values.excel ? ['--delimiter is of --excel only.'] : []),
    ...sqlContradictions(values),
  ];
}

function sqlContradictions({ format, json, out, select }: Values): readonly string[] {
  if (format !== 'sql') return [];
  return [
    ...(json && out === '-'
      ? ['--json has standard output for itself: name a file for the SQL with --out.']
      : []),
    ...(select !== null && select.trim() !== 'migrated'
      ? ['--format sql writes what is migrated: no other --select goes with it.']
      : []),
  ];
}

function missing({ format, dialect, table, key, set, clientId, redirectUri }: Values): readonly string[] {
  const lacks = (name: string, value: unknown): readonly string[] => (value === null ? [`--${name}`] : []);
  const ofSql = [
    ...lacks('dialect', dialect),
    ...lacks('table', table),
    ...lacks('key', key),
    ...lacks('set', set),
  ];
  return [
    ...(format === 'sql' && ofSql.length > 0 ? [`--format sql takes ${ofSql.join(', ')} too.`] : []),
    ...((clientId === null) === (redirectUri === null)
      ? []
      : ['--client-id and --redirect-uri make links to sign in together: one of them is missing.']),
  ];
}
