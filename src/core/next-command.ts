import { commandLine } from './shell.js';

/** What a run read, and with which options, as far as the next one must be given them too. */
export interface RunInput {
  /** A path, `standard input`, `ROWS`, or a command. */
  readonly name: string;
  readonly isCommand: boolean;
  /** Options that every further run of this input needs, as they are typed. */
  readonly options: readonly string[];
  /** Options that left rows of the input out, as they are typed. */
  readonly narrowing: readonly string[];
}

const LEDGER_DEFAULT = 'migration.db';

/** How an input is named that is no file, but rows which a program handed over. */
export const ROWS = 'rows of a program';

/** The command that migrates, or goes on migrating, an input into a ledger: the same rows of it. */
export function runCommand(input: RunInput, ledgerPath: string, more: readonly string[] = []): string {
  if (!input.isCommand && input.name === ROWS) return callAgain(more);
  const source = input.isCommand ? ['--input-command', input.name] : [fileArgument(input.name)];
  return commandLine([
    'nylas-migrate',
    'run',
    ...source,
    ...input.options,
    ...input.narrowing,
    ...more,
    ...ledgerFlag(ledgerPath),
  ]);
}

/** What a program does in place of a command: only it has the rows. */
function callAgain(more: readonly string[]): string {
  const [flag, value] = more;
  const other = flag === undefined ? '' : `, ${flag.replace(/^--/, '')}: '${value ?? ''}'`;
  return `migrate(rows, { …${other} })`;
}

/** The same input without the options that left rows of it out. */
export function whole(input: RunInput): RunInput {
  return { ...input, narrowing: [] };
}

/** The command of another job with the ledger, at the same Nylas. */
export function jobCommand(
  name: string,
  options: readonly string[],
  ledgerPath: string,
  /** What says where Nylas is, as it is typed. */
  connection: readonly string[] = [],
): string {
  return commandLine(['nylas-migrate', name, ...options, ...connection, ...ledgerFlag(ledgerPath)]);
}

/** The command that decides about a record; what begins with a dash would be taken for an option. */
export function resolveCommand(
  key: string,
  decision: readonly string[],
  ledgerPath: string,
  connection: readonly string[],
): string {
  const options = [...decision, '--by', 'NAME', '--why', 'TEXT', ...connection, ...ledgerFlag(ledgerPath)];
  const words = key.startsWith('-') ? [...options, '--', key] : [key, ...options];
  return commandLine(['nylas-migrate', 'resolve', ...words]);
}

/** The command that writes a report of a ledger. */
export function reportCommand(options: readonly string[], ledgerPath: string): string {
  return commandLine(['nylas-migrate', 'report', ...options, ...ledgerFlag(ledgerPath)]);
}

/** The command that counts, or with `--yes N` deletes, what a migration made. */
export function undoCommand(options: readonly string[], ledgerPath: string): string {
  return commandLine(['nylas-migrate', 'undo', ...ledgerFlag(ledgerPath), ...options]);
}

function fileArgument(name: string): string {
  return name === 'standard input' ? '-' : name;
}

function ledgerFlag(path: string): readonly string[] {
  return path === LEDGER_DEFAULT ? [] : ['--ledger', path];
}
