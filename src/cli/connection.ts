import { connectionOf, type Connection, type Whereabouts } from '../connection.js';
import { UserError } from '../core/errors.js';
import { readDotenv, readNamedFile } from './command.js';
import type { Shell } from './shell.js';

export interface ConnectionValues extends Whereabouts {
  readonly apiKeyFile: string | null;
}

/** Reads where Nylas is and the key. Throws UserError('usage') with every problem at once. */
export async function readConnection(
  values: ConnectionValues,
  shell: Shell,
  flags: ReadonlySet<string>,
): Promise<Connection> {
  const both = flags.has('api-uri') && flags.has('region');
  const problems = both ? ['Give --api-uri or --region, not both.'] : [];
  // What is typed counts more than what an environment says.
  const where = flags.has('region') ? { ...values, apiUri: null } : values;
  return connectionOf(where, await readApiKey(values, shell), problems);
}

async function readApiKey(values: ConnectionValues, shell: Shell): Promise<string> {
  if (values.apiKeyFile !== null) return readKeyFile(values.apiKeyFile, shell.cwd).trim();
  const fromEnv = shell.env['NYLAS_API_KEY']?.trim() ?? '';
  return fromEnv !== '' ? fromEnv : ((await readDotenv(shell.cwd))['NYLAS_API_KEY']?.trim() ?? '');
}

/** Whoever gives the key itself instead of a file's name must not find it in a log: the name isn't repeated. */
function readKeyFile(path: string, cwd: string): string {
  try {
    return readNamedFile(path, '--api-key-file', cwd);
  } catch (error) {
    if (error instanceof UserError && isKeyLike(path)) throw unreadableKeyFile();
    throw error;
  }
}

function isKeyLike(path: string): boolean {
  return path.length >= 20 && !/[/\\.]/.test(path);
}

function unreadableKeyFile(): UserError {
  return new UserError(
    'usage',
    'What --api-key-file names can’t be read as a file.',
    'Name a readable file that holds the key: not the key itself, which belongs into NYLAS_API_KEY.',
  );
}
