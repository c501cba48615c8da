import { CommanderError } from 'commander';
import { UserError, type FailureKind } from '../core/errors.js';
import { scrubberOf } from '../core/scrub.js';
import { outOfDescriptors } from './descriptors.js';
import { EXIT, exitOfFailure } from '../core/exit-codes.js';
import { print, say, type Shell } from './shell.js';

interface Failure {
  readonly kind: FailureKind | 'bug';
  readonly message: string;
  readonly next: string;
  readonly exitCode: number;
}

/** What a failure comes to; what is no failure of the user's is described as a bug. */
function failureOf(thrown: unknown, shell: Pick<Shell, 'env' | 'version'>): Failure {
  const error = outOfDescriptors(thrown) ?? thrown;
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

/** Under `--json` standard output has its one document even then, which this resolves to. */
export async function tellFailure(
  error: unknown,
  asJson: boolean,
  shell: Shell,
): Promise<{ readonly exitCode: number; readonly document: object }> {
  const { kind, message, next, exitCode } = failureOf(error, shell);
  const document = { error: { kind, message, next }, exitCode };
  if (asJson) await print(shell.stdout, JSON.stringify(document, null, 2));
  // Commander has said it already, with a hint.
  if (!(error instanceof CommanderError))
    await (kind === 'bug'
      ? print(shell.stderr, `${message}\n${next}`)
      : say(shell.stderr, `Error: ${message}\n${next}`));
  return { exitCode, document };
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
