import { Command, CommanderError } from 'commander';
import { COMMANDS } from './commands.js';
import { UserError } from '../core/errors.js';
import { EXIT } from '../core/exit-codes.js';
import { nearest } from '../core/nearest.js';
import { tellFailure } from './failure.js';
import type { Shell } from './shell.js';

export { describeBug } from './failure.js';

const HELP = `
A migration, step by step:
  nylas-migrate check users.csv         what is in the file, and what is wrong
  nylas-migrate run users.csv --limit-per-provider 20
                                        a canary
  nylas-migrate run users.csv           everybody; the same command resumes
  nylas-migrate status                  where it stands and what to do next
  nylas-migrate report --out users-and-grants.csv
                                        who has which grant
  nylas-migrate verify                  a week later: whether they are there

nylas-migrate help COMMAND is its manual: options, examples, exit codes and
environment. The API key is read from NYLAS_API_KEY, a .env file, or
--api-key-file; it is never a flag.`;

/** Runs one command line. Resolves to the exit code, and never rejects. */
export async function runCli(args: readonly string[], shell: Shell): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = makeProgram(shell);
  try {
    await completeNamed(program, args, shell, (code) => {
      exitCode = code;
    });
    assertNoKey(args);
    assertHelpable(args);
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    return (await tellFailure(error, args.includes('--json'), shell)).exitCode;
  }
}

/** Commander would guess at another option, to which the key might be given next. Throws UserError. */
function assertNoKey(args: readonly string[]): void {
  const options = args.slice(0, args.includes('--') ? args.indexOf('--') : args.length);
  if (!options.some((arg) => arg === '--api-key' || arg.startsWith('--api-key='))) return;
  throw new UserError(
    'usage',
    'The API key is never given on the command line, where every process of this machine can read it.',
    'Set NYLAS_API_KEY, or name a file that holds it with --api-key-file. A key that was typed here is best rotated.',
  );
}

/** Commander would show the list of commands, and not say why. Throws UserError where there is no such command. */
function assertHelpable([first, name]: readonly string[]): void {
  if (first !== 'help' || name === undefined || name.startsWith('-')) return;
  const names = COMMANDS.map((command) => command.name);
  if (name === 'help' || names.includes(name)) return;
  const near = nearest(name, names);
  const guess = near === null ? '' : ` Did you mean ${near}?`;
  throw new UserError('usage', `There is no command ${name}.${guess}`, 'See: nylas-migrate --help');
}

function makeProgram(shell: Shell): Command {
  const program = new Command('nylas-migrate')
    .description(
      'Moves the users of an application from Nylas v2 to v3: a CSV of credentials in, grants out.',
    )
    .version(shell.version, '-V, --version', 'the version, and the commit that it was built from')
    .helpOption('-h, --help', 'this list')
    .helpCommand('help [command]', 'the manual of a command')
    .addHelpText('after', HELP);
  for (const { name, summary, argument } of COMMANDS) {
    const command = program.command(name).summary(summary).description(sentence(summary));
    if (argument !== null) command.argument(...argument);
  }
  for (const command of [program, ...program.commands]) {
    command.exitOverride().showSuggestionAfterError().showHelpAfterError(hintOf(command));
    command.configureOutput({
      writeOut: (text) => shell.stdout.write(text),
      writeErr: (text) => shell.stderr.write(text),
      outputError: (text, write) => {
        write(text.replace(/^error: /, 'Error: '));
      },
      getOutHelpWidth: () => shell.stdout.columns ?? 100,
      getErrHelpWidth: () => shell.stderr.columns ?? 100,
    });
  }
  return program;
}

/** A summary as a sentence. */
function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}

/** Only a command that stands in the command line can be run, or explained: the others need no options. */
async function completeNamed(
  program: Command,
  args: readonly string[],
  shell: Shell,
  done: (exitCode: number) => void,
): Promise<void> {
  for (const command of program.commands) {
    const name = command.name();
    if (!args.includes(name)) continue;
    await COMMANDS.find((outline) => outline.name === name)?.complete(command, shell, done);
  }
}

/** What looks like an unknown option can be a key or a file's name. */
function hintOf(command: Command): string {
  const dash =
    command.registeredArguments.length > 0 ? '; what begins with a dash but is no option goes after --' : '';
  return `(see --help${dash})`;
}
