import { Command, CommanderError } from 'commander';
import { UserError, type FailureKind } from '../core/errors.js';
import { scrubberOf } from '../core/scrub.js';
import { COMMANDS } from './commands.js';
import { outOfDescriptors } from './descriptors.js';
import { EXIT, exitOfFailure } from '../core/exit-codes.js';
import { print, type Shell } from './shell.js';

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
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return tellFailure(outOfDescriptors(error) ?? error, args.includes('--json'), shell);
  }
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

/** Under `--json` standard output has its one document even then. */
async function tellFailure(error: unknown, asJson: boolean, shell: Shell): Promise<number> {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  const { kind, message, next, exitCode } = failureOf(error, shell);
  if (asJson)
    await print(shell.stdout, JSON.stringify({ error: { kind, message, next }, exitCode }, null, 2));
  // Commander has said it already, with a hint.
  if (!(error instanceof CommanderError))
    await print(shell.stderr, `${kind === 'bug' ? '' : 'Error: '}${message}\n${next}`);
  return exitCode;
}

interface Failure {
  readonly kind: FailureKind | 'bug';
  readonly message: string;
  readonly next: string;
  readonly exitCode: number;
}

function failureOf(error: unknown, shell: Shell): Failure {
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '');
    return { kind: 'usage', message, next: 'See --help.', exitCode: EXIT.usage };
  }
  if (error instanceof UserError) {
    const { kind, message, next } = error;
    return { kind, message, next, exitCode: exitOfFailure(kind) };
  }
  const [message = '', ...more] = describeBug(error, shell).split('\n');
  return { kind: 'bug', message, next: more.join('\n'), exitCode: EXIT.bug };
}

/**
 * Says where a bug struck. Its message, even its name, may hold anything: only the kind of error and the places
 * are shown, and the message is cut out of the stack before the places are looked for.
 */
export function describeBug(error: unknown, shell: Pick<Shell, 'env' | 'version'>): string {
  const scrub = scrubberOf([shell.env['NYLAS_API_KEY'] ?? '']);
  const isError = error instanceof Error;
  const name = isError ? (/^\w{1,40}$/.exec(error.name)?.[0] ?? 'Error') : typeof error;
  return scrub(
    [
      `This is a bug in nylas-migrate ${shell.version} (${name}). Please report it with these lines;`,
      'nothing is lost: the ledger holds every outcome, and the same command resumes.',
      ...(isError ? framesOf(error) : []),
    ].join('\n'),
  );
}

function framesOf({ message, stack }: Error): readonly string[] {
  if (typeof stack !== 'string' || typeof message !== 'string') return [];
  const at = stack.indexOf(message);
  // A message that was changed later isn't in the stack, but what it was before is.
  if (at < 0) return [];
  const places = stack.slice(at + message.length);
  return places.split('\n').filter((line) => /^ {4}at (.* \()?(file:|node:|\/).*:\d+:\d+\)?$/.test(line));
}
