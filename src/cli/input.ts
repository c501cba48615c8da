import { openSource } from '../context.js';
import { UserError } from '../core/errors.js';
import type { ReadingOptions, Identify } from '../core/record.js';
import type { Scope } from '../core/scope.js';
import { isProvider, type Provider } from '../core/provider.js';
import type { RecordSource } from '../ports/source.js';
import { readNamedFile } from './command.js';
import { say, type Shell } from './shell.js';

/** How rows are understood, wherever they come from. */
export interface ReadingValues {
  readonly column: readonly (readonly [string, string])[];
  readonly providerAlias: ReadonlyMap<string, Provider>;
  readonly defaultProvider: Provider | null;
  readonly identifyBy: Identify | null;
  readonly carry: readonly string[];
}

interface CsvValues extends ReadingValues {
  readonly inputCommand: string | null;
  readonly quiet: boolean;
}

/** Opens the one input that was named: a file, `-`, or a command's output. */
export async function sourceOf(
  values: CsvValues,
  args: readonly string[],
  shell: Shell,
): Promise<RecordSource> {
  const file = args[0];
  const { inputCommand } = values;
  if ((file === undefined) === (inputCommand === null)) {
    throw new UserError(
      'usage',
      file === undefined ? 'No input was named.' : 'Both a file and --input-command were named.',
      "Name one: a CSV file, - for standard input, or --input-command 'age -d users.csv.age'.",
    );
  }
  const warn = warnerOf(values, shell);
  for (const [name, provider] of values.providerAlias) {
    if (isProvider(name) && name !== provider)
      warn(`--provider-alias ${name}=${provider} takes every ${name} row for one of ${provider}.`);
  }
  if (inputCommand !== null) return openSource({ command: inputCommand }, warn);
  if (file === '-') return openSource({ stdin: shell.stdin }, warn);
  return openSource({ file: file ?? '' }, warn);
}

/** Says a warning where notices go. */
export function warnerOf(values: { readonly quiet: boolean }, shell: Shell): (message: string) => void {
  return (message) => {
    if (!values.quiet) void say(shell.stderr, `Warning: ${message}`);
  };
}

export function readingOf(values: ReadingValues): ReadingOptions {
  return {
    columns: new Map(values.column),
    providerAliases: values.providerAlias,
    defaultProvider: values.defaultProvider,
    carry: values.carry,
    identify: values.identifyBy,
  };
}

interface ScopeValues {
  readonly provider: readonly Provider[];
  readonly only: string | null;
  readonly exclude: string | null;
  readonly sample: number;
}

/** Which rows a run is about. Throws UserError where a file of keys can't be read. */
export function scopeOf(values: ScopeValues, shell: Shell): Scope {
  return {
    providers: new Set(values.provider),
    only: values.only === null ? null : readKeys(values.only, '--only', shell),
    exclude: values.exclude === null ? new Set() : readKeys(values.exclude, '--exclude', shell),
    sample: values.sample,
  };
}

/** Record keys, one a line. */
function readKeys(path: string, optionName: string, shell: Shell): ReadonlySet<string> {
  const lines = readNamedFile(path, optionName, shell.cwd)
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/);
  return new Set(lines.map((line) => line.trim()).filter((line) => line !== ''));
}
