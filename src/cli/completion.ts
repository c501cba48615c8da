import { longName, type OptionSpec, type OptionSpecs } from '../config.js';
import { UserError } from '../core/errors.js';
import type { Action } from './command.js';
import { COMMANDS, type Outline } from './commands.js';
import {
  bashScript,
  fishScript,
  zshScript,
  type CommandWords,
  type OptionWords,
} from './completion-scripts.js';
import { EXIT } from '../core/exit-codes.js';
import { print } from './shell.js';

const SCRIPTS: ReadonlyMap<string, (commands: readonly CommandWords[]) => string> = new Map([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
]);

/** Prints the script by which a shell completes this command's words. */
export const action: Action<OptionSpecs> = async (_values, [shellName = ''], _flags, shell) => {
  const script = SCRIPTS.get(shellName);
  if (script === undefined) {
    throw new UserError('usage', 'No completion is made for that shell.', 'Name bash, zsh or fish.');
  }
  const help: CommandWords = {
    name: 'help',
    summary: 'the manual of a command',
    options: [],
    argument: COMMANDS.map(({ name }) => name),
  };
  const commands = await Promise.all(COMMANDS.map(wordsOf));
  await print(shell.stdout, script([...commands, help]));
  return EXIT.done;
};

async function wordsOf({ name, summary, argument, options }: Outline): Promise<CommandWords> {
  const specs = Object.values(await options());
  const help: OptionWords = {
    name: '--help',
    help: 'the manual of this command',
    takes: null,
    repeats: false,
  };
  return {
    name,
    summary,
    options: [...specs.map(optionWords), help],
    argument: argumentOf(argument?.[0] ?? ''),
  };
}

function argumentOf(argument: string): CommandWords['argument'] {
  if (argument === '<shell>') return [...SCRIPTS.keys()];
  return /csv|file/.test(argument) ? 'file' : [];
}

function optionWords({ flags, help, choices, repeats }: OptionSpec<unknown>): OptionWords {
  return {
    name: `--${longName(flags)}`,
    help,
    takes: takenBy(flags, choices),
    repeats: repeats || isList(flags),
  };
}

/** `--flag <file>` takes a file, `--flag <number>` what nobody can guess, `--flag` nothing. */
function takenBy(flags: string, choices: readonly string[]): OptionWords['takes'] {
  if (!flags.includes('<')) return null;
  return /<(file|csv|folder)>/.test(flags) ? 'file' : choices;
}

/** Values separated by commas. */
function isList(flags: string): boolean {
  return /<(statuses|categories|providers|columns)>/.test(flags);
}
