import { UserError } from '../core/errors.js';
import { readDotenv, readNamedFile } from './command.js';
import type { Shell } from './shell.js';

/** Where Nylas is, and the key to it. */
export interface Connection {
  readonly apiUri: string;
  readonly apiKey: string;
  /** As the ledger keeps it: a loopback host without its port, which changes with every rehearsal. */
  readonly host: string;
}

const HOSTS = { us: 'https://api.us.nylas.com', eu: 'https://api.eu.nylas.com' } as const;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export interface ConnectionValues {
  readonly apiUri: string | null;
  readonly region: 'us' | 'eu' | null;
  readonly apiKeyFile: string | null;
  readonly rate: number;
}

/** Reads where Nylas is and the key. Throws UserError('usage') with every problem at once. */
export async function readConnection(
  values: ConnectionValues,
  shell: Shell,
  flags: ReadonlySet<string>,
): Promise<Connection> {
  const problems: string[] = [];
  if (flags.has('api-uri') && flags.has('region')) problems.push('Give --api-uri or --region, not both.');
  const uri = apiUriOf(values, flags.has('region'));
  const url = checkedUrl(uri, problems);
  if (url !== null && values.rate === 0 && !LOOPBACK.test(url.hostname)) {
    problems.push(`--rate 0 (unpaced) is for loopback only, not for ${url.hostname}.`);
  }
  const apiKey = await readApiKey(values, shell);
  if (apiKey === '') problems.push('No API key: set NYLAS_API_KEY, or name a file with --api-key-file.');
  else if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    problems.push('The API key holds characters that no key has; was it copied whole, and alone?');
  }
  if (problems.length > 0 || url === null) {
    throw new UserError('usage', problems.join('\n'), 'Nothing was submitted.');
  }
  return {
    apiUri: uri.replace(/\/+$/, ''),
    apiKey,
    host: LOOPBACK.test(url.hostname) ? url.hostname : url.host,
  };
}

function apiUriOf(values: ConnectionValues, regionGiven: boolean): string {
  if (regionGiven || values.apiUri === null) return HOSTS[values.region ?? 'us'];
  return values.apiUri;
}

function checkedUrl(uri: string, problems: string[]): URL | null {
  const url = URL.canParse(uri) ? new URL(uri) : null;
  if (url === null) problems.push(`--api-uri ${uri} is not a URI, such as ${HOSTS.us}.`);
  else if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    problems.push('--api-uri takes a host and nothing secret: no user, password, query or fragment.');
  } else if (/\/v3\/?$/.test(url.pathname)) problems.push('--api-uri goes without /v3.');
  else if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    problems.push(`--api-uri ${uri}: credentials travel over https only (plain http to loopback alone).`);
  } else if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    problems.push(`--api-uri ${uri} must begin with https://.`);
  }
  return url;
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
