import type { Category } from './category.js';
import { UserError } from './errors.js';

/** What links to Nylas' hosted authentication are made of. */
export interface SigninTarget {
  /** Of the ledger: the API that its grants were made at. A loopback one has no port. */
  readonly host: string | null;
  readonly clientId: string;
  /** As it is registered with the application. */
  readonly redirectUri: string;
}

/** Whom a link is for. */
export interface SigninWho {
  /** Comes back to the redirect URI. */
  readonly state: string;
  readonly provider: string;
  readonly email: string | null;
}

const HOST_DEFAULT = 'api.us.nylas.com';

/**
 * Where a person signs in (Nylas v3, `GET /v3/connect/auth`); null where nobody can: a virtual calendar has no
 * provider to sign in with.
 */
export function signinUrl({ state, provider, email }: SigninWho, target: SigninTarget): string | null {
  if (provider === 'virtual-calendar') return null;
  const query = new URLSearchParams({
    client_id: target.clientId,
    redirect_uri: target.redirectUri,
    response_type: 'code',
    provider,
    ...(email === null ? {} : { login_hint: email }),
    state,
  });
  return `${originOf(target.host ?? HOST_DEFAULT)}/v3/connect/auth?${query.toString()}`;
}

/** Of whom a new sign-in is asked, or the consent that comes with it. */
const SIGNIN_HELPS: ReadonlySet<Category | null> = new Set<Category | null>(['needs_reauth', 'needs_admin']);

export function asksForSignin(category: Category | null): boolean {
  return SIGNIN_HELPS.has(category);
}

export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/.test(host);
}

/** A rehearsal's links lead nowhere else. */
function originOf(host: string): string {
  return `${isLoopback(host) ? 'http' : 'https'}://${host === '::1' ? '[::1]' : host}`;
}

const CLIENT_ID = /^[\w.-]{1,200}$/;

/** Reads a client id. Throws an Error that says what it should have been; UserError where it may be a secret. */
export function parseClientId(text: string): string {
  if (text.startsWith('nyk_')) {
    throw new UserError(
      'usage',
      'that is an API key, which must not get into a link.',
      'Give the client id.',
    );
  }
  if (!CLIENT_ID.test(text)) throw new Error("the application's client id");
  return text;
}

/** Schemes that lead to no application, or that a browser runs or opens on its own machine. */
const NO_CALLBACK = /^(javascript|data|vbscript|file|blob|about|ftp|wss?|mailto|tel|view-source):$/;

/** Reads a redirect URI, which stays as it is. Throws an Error that says what it should have been. */
export function parseRedirectUri(text: string): string {
  if (!isCallback(text)) {
    throw new Error(
      'a redirect URI: https://…, http:// to this machine, or an app’s own scheme such as com.acme.app:/signed-in; without a user or #',
    );
  }
  return text;
}

function isCallback(text: string): boolean {
  if (!URL.canParse(text) || /[\s\u0000-\u001f\\#]/.test(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  if (protocol === 'https:') return true;
  return protocol === 'http:' ? isLoopback(hostname) : !NO_CALLBACK.test(protocol);
}
