import { UserError } from './core/errors.js';

/** Where Nylas is, and the key to it. */
export interface Connection {
  readonly apiUri: string;
  readonly apiKey: string;
  /** As the ledger keeps it: a loopback host without its port, which changes with every rehearsal. */
  readonly host: string;
}

export interface Whereabouts {
  readonly apiUri: string | null;
  readonly region: 'us' | 'eu' | null;
  /** Requests a second; 0: unpaced. */
  readonly rate: number;
}

const HOSTS = { us: 'https://api.us.nylas.com', eu: 'https://api.eu.nylas.com' } as const;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** The way to Nylas. `problems` are those found before. Throws UserError('usage') with every problem at once. */
export function connectionOf(
  { apiUri, region, rate }: Whereabouts,
  apiKey: string,
  problems: string[] = [],
): Connection {
  const uri = apiUri ?? HOSTS[region ?? 'us'];
  const url = checkedUrl(uri, problems);
  if (url !== null && rate === 0 && !LOOPBACK.test(url.hostname)) {
    problems.push(`--rate 0 (unpaced) is for loopback only, not for ${url.hostname}.`);
  }
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
