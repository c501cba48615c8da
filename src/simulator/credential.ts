import type { ConnectRequest } from './connect-body.js';

/** Whose mailbox a credential opens, as the provider would know it, and how the provider takes it. */
export interface Ask {
  readonly provider: ConnectRequest['provider'];
  /** The token or password as it came. Empty for a virtual calendar, which has none. */
  readonly secret: string;
  /** A key of SCENARIOS, unless somebody made one up. */
  readonly scenario: string;
  readonly email: string | null;
  /** What the provider knows the account by where that is no email: the user name, else the token. */
  readonly account: string;
}

/** Refresh token → email: what the real providers would know. */
export type Directory = ReadonlyMap<string, string>;

/**
 * Reads a credential: by the made-up form `sim.<scenario>.<email>`, else by the directory, else by a state
 * that is an email. In a password the form is `sim.<scenario>`, since there the user name names the mailbox.
 * What follows a `#` is ignored: it makes another token for the same mailbox.
 */
export function readCredential(request: ConnectRequest, directory: Directory): Ask {
  const { provider, settings } = request;
  const names = userNames(settings);
  const secret = firstText(SECRETS.map((name) => settings[name])) ?? '';
  const account = firstText(names) ?? secret;
  const [, scenario = 'ok', owner = null] = /^sim\.([a-z]+)(?:\.([^#]+))?(?:#.*)?$/s.exec(secret) ?? [];
  const listed = owner === null ? directory.get(secret) : undefined;
  if (listed !== undefined) return { provider, secret, account, scenario: 'ok', email: listed };
  return { provider, secret, account, scenario, email: emailOf(request, [...names, owner]) };
}

/** One credential of one account: the same password may be many people's. */
export function credentialKey({ provider, account, secret }: Ask): string {
  return JSON.stringify([provider, account, secret]);
}

/** For bulk auth, which has no token, the credential record stands in for it. */
const SECRETS = ['refresh_token', 'imap_password', 'password', 'ews_password', 'credential_id'];
const OWNERS = ['email_address', 'imap_username', 'username', 'email'];

/** A name beside a token is none that anybody checked: the token alone decides. */
function userNames(settings: ConnectRequest['settings']): readonly unknown[] {
  return 'refresh_token' in settings ? [] : OWNERS.map((name) => settings[name]);
}

function emailOf({ provider, state }: ConnectRequest, names: readonly unknown[]): string | null {
  // A virtual calendar's email may be any text, a room's name say.
  return firstText(provider === 'virtual-calendar' ? names : [...names, state].filter(isEmail));
}

function isEmail(value: unknown): boolean {
  return typeof value === 'string' && /^[^\s@]+@[^\s@]+$/.test(value);
}

function firstText(values: readonly unknown[]): string | null {
  return values.find((value): value is string => typeof value === 'string') ?? null;
}
