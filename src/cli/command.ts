import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { longName, resolveOptions, type OptionSpecs, type OptionValues } from '../config.js';
import { UserError } from '../core/errors.js';
import { describeTrouble } from '../core/file-trouble.js';
import { tellFailure } from './failure.js';
import { manualOf } from './manual.js';
import { groupOf, OWN, placeOf } from './option-groups.js';
import * as options from './options.js';
import type { Shell } from './shell.js';

/** What a command does with its options; resolves to the exit code. */
export type Action<S extends OptionSpecs> = (
  values: OptionValues<S>,
  args: readonly string[],
  /** Long names of the options given as flags, not through the environment or a file. */
  flags: ReadonlySet<string>,
  shell: Shell,
) => Promise<number>;

/** A command: how it is called, and where its action is. */
export interface Definition<S extends OptionSpecs> {
  readonly name: string;
  readonly summary: string;
  readonly argument: readonly [name: string, meaning: string] | null;
  readonly specs: (all: typeof options) => S;
  /** Loaded only when the command runs, so that `--help` costs nothing. */
  readonly load: () => Promise<{ readonly action: Action<S> }>;
}

/** Gives a command the options and the action of its definition. `done` gets its exit code. */
export function completeCommand<S extends OptionSpecs>(
  command: Command,
  { specs: specsOf, load }: Pick<Definition<S>, 'specs' | 'load'>,
  shell: Shell,
  done: (exitCode: number) => void,
): void {
  const specs = specsOf(options);
  const inOrder = Object.values(specs).sort(
    (a, b) => placeOf(longName(a.flags)) - placeOf(longName(b.flags)),
  );
  for (const spec of inOrder) command.addOption(toOption(spec));
  const { lead, rest } = manualOf(command.name(), specs);
  command.description(`${command.description()}\n\n${lead}`.trim()).addHelpText('after', rest);
  command.addHelpOption(
    new Option('-h, --help', 'this manual').helpGroup(inOrder.length === 0 ? OWN : groupOf('help')),
  );
  command.action(async () => {
    const flags = byLongName(command);
    const dotenv = await readDotenv(shell.cwd);
    const values = resolveOptions(specs, {
      flags,
      env: shell.env,
      file: configFile(configPath(flags, shell.env, dotenv), shell.cwd),
      dotenv,
      ofOthers: options.OPTION_NAMES,
    });
    const args = command.processedArgs.filter((arg) => typeof arg === 'string');
    const { action } = await load();
    try {
      done(await action(values, args, new Set(Object.keys(flags)), shell));
    } catch (error) {
      // Only here it is known whether a variable or a file asks for it.
      const asJson = 'json' in values && values['json'] === true;
      done((await tellFailure(error, asJson, shell)).exitCode);
    }
  });
}

/** Reads a file that an option names. Throws UserError('usage'). */
export function readNamedFile(path: string, optionName: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, path), 'utf8');
  } catch (error) {
    const why = describeTrouble(error);
    throw new UserError('usage', `${optionName} ${path} can't be read: ${why}.`, 'Name a readable file.');
  }
}

/** The variables of `.env` in the working directory, if there is one. */
export async function readDotenv(cwd: string): Promise<Readonly<Record<string, string>>> {
  let text: string;
  try {
    text = readFileSync(join(cwd, '.env'), 'utf8');
  } catch {
    // No .env is the usual case, and an unreadable one must not keep other sources from being used.
    return {};
  }
  const { parse } = await import('dotenv');
  return parse(text);
}

function toOption(spec: OptionSpecs[string]): Option {
  const shown = spec.shownDefault === '' ? '' : ` (default: ${spec.shownDefault})`;
  const made = new Option(spec.flags, spec.help + shown).helpGroup(groupOf(longName(spec.flags)));
  // Not commander's variadic options: they would swallow the file's name.
  return spec.repeats ? made.argParser(collect) : made;
}

function collect(value: string, earlier: unknown): readonly string[] {
  return Array.isArray(earlier) ? [...earlier.map(String), value] : [value];
}

/** Commander names options in camel case and turns `--no-x` into x; here they keep their long names. */
function byLongName(command: Command): Record<string, unknown> {
  const flags: Record<string, unknown> = {};
  for (const commanderOption of command.options) {
    const name = commanderOption.attributeName();
    if (command.getOptionValueSource(name) !== 'cli') continue;
    const value: unknown = command.getOptionValue(name);
    flags[longName(commanderOption.flags)] = commanderOption.negate ? true : value;
  }
  return flags;
}

/** Which file `--config` names: it is read before the other options, and like them a blank variable is none. */
function configPath(
  flags: Readonly<Record<string, unknown>>,
  env: Shell['env'],
  dotenv: Readonly<Record<string, string>>,
): unknown {
  const variables = [env, dotenv].map((source) => source['NYLAS_MIGRATE_CONFIG']);
  return flags['config'] ?? variables.find((path) => path !== undefined && path !== '');
}

function configFile(path: unknown, cwd: string): { name: string; content: unknown } | null {
  if (typeof path !== 'string') return null;
  return { name: path, content: parseConfig(path, readNamedFile(path, '--config', cwd)) };
}

/** Of what is wrong only the place is told: a file of options can hold the address of a web hook. */
function parseConfig(path: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const line = lineOfTrouble(text, error instanceof Error ? error.message : '');
    const where = line === null ? '' : `, as line ${line} shows`;
    throw new UserError(
      'usage',
      `--config ${path} is not JSON${where}.`,
      'Write one JSON object of options; a comma that stands before a bracket is one too many.',
    );
  }
}

/** Where V8 says that it is; null: it doesn't say. */
function lineOfTrouble(text: string, message: string): number | null {
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position === undefined && !message.includes('end of JSON')) return null;
  return text.slice(0, Number(position ?? text.length)).split('\n').length;
}
