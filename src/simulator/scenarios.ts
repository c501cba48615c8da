import type { Ask } from './credential.js';
import { invalidRequest, refused, type JsonReply, type ProviderError } from './reply.js';

/** What comes of a credential: a grant for some mailbox, or Nylas' refusal. */
export type Verdict = GrantVerdict | JsonReply;

export interface GrantVerdict {
  readonly kind: 'grant';
  /** The email that the grant shows, and that of the mailbox it belongs to: one may lack. */
  readonly email: string | null;
  readonly mailbox: string | null;
  readonly aliases: readonly string[];
  readonly status: 'valid' | 'invalid';
  /** The first real use of the grant fails, although it says `valid`. */
  readonly dead: boolean;
  /** Carried out, but the client never hears of it. */
  readonly answerLost: boolean;
}

interface Scenario {
  /** What a credential's first submission gets instead, where that differs. */
  readonly first?: (ask: Ask) => Verdict;
  readonly verdict: (ask: Ask) => Verdict;
}

/** Every behaviour of a provider that a credential `sim.<scenario>.<email>` can ask for. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ok: { verdict: granted },
  revoked: { verdict: (ask) => exchangeFailed(revocation(ask)) },
  consent: { verdict: (ask) => exchangeFailed(missingConsent(ask)) },
  interaction: { verdict: () => exchangeFailed(INTERACTION) },
  client: { verdict: (ask) => exchangeFailed(badClient(ask)) },
  blocked: {
    verdict: () => refused(423, 'api.resource_blocked', 'This account is blocked, contact support'),
  },
  badrequest: { verdict: () => invalidRequest('settings: the provider does not accept these settings') },
  other: { verdict: (ask) => owned(ask, (email) => `other.${email}`) },
  alias: { verdict: (ask) => ({ ...owned(ask, (email) => `primary.${email}`), aliases: aliasesOf(ask) }) },
  noemail: { verdict: (ask) => ({ ...granted(ask), email: null }) },
  invalid: { verdict: (ask) => ({ ...granted(ask), status: 'invalid' }) },
  dead: { verdict: (ask) => ({ ...granted(ask), dead: true }) },
  throttled: { first: ({ provider }) => providerThrottled(provider), verdict: granted },
  flaky: {
    first: () => refused(503, 'api.internal_error', 'Service temporarily unavailable'),
    verdict: granted,
  },
  lost: { first: (ask) => ({ ...granted(ask), answerLost: true }), verdict: granted },
  echo: { verdict: echo },
  badmessage: { verdict: () => refused(400, 'xyz.brand_new_error', 'Something nobody has seen before') },
};

/** The verdict on a credential; `isFirst` tells whether it has been submitted before. */
export function judge(ask: Ask, isFirst: boolean): Verdict {
  const scenario = Object.hasOwn(SCENARIOS, ask.scenario) ? SCENARIOS[ask.scenario] : undefined;
  if (scenario === undefined) return unknownScenario(ask.scenario);
  return isFirst && scenario.first ? scenario.first(ask) : scenario.verdict(ask);
}

/** Whether the verdict depends on what was submitted before: only such credentials need remembering. */
export function changesAfterFirst(ask: Ask): boolean {
  return Object.hasOwn(SCENARIOS, ask.scenario) && SCENARIOS[ask.scenario]?.first !== undefined;
}

/** A single-use token that was exchanged before. */
export function tokenSpent(): JsonReply {
  return exchangeFailed({
    error: 'invalid_grant',
    error_description: 'Invalid Token! The refresh token was already used.',
  });
}

/** 429 of a provider, which Nylas passes on. */
export function providerThrottled(provider: string): JsonReply {
  return refused(429, 'rate_limit_error', 'Too many requests at the provider', {
    providerError: {
      error: 'too_many_requests',
      error_description: `${provider} throttles this application`,
    },
    headers: { 'retry-after': '1' },
  });
}

function granted({ email }: Ask): GrantVerdict {
  return {
    kind: 'grant',
    email,
    mailbox: email,
    aliases: [],
    status: 'valid',
    dead: false,
    answerLost: false,
  };
}

/** The grant of another mailbox than the one that was asked for. */
function owned(ask: Ask, name: (email: string) => string): GrantVerdict {
  const email = ask.email === null ? null : name(ask.email);
  return { ...granted(ask), email, mailbox: email };
}

function aliasesOf({ email }: Ask): readonly string[] {
  return email === null ? [] : [email];
}

function exchangeFailed(providerError: ProviderError): JsonReply {
  return refused(400, 'token.exchange_failed', 'Invalid or revoked refresh token', { providerError });
}

const INTERACTION: ProviderError = {
  error: 'interaction_required',
  error_description:
    'AADSTS50076: Due to a configuration change made by your administrator, you must sign in again.',
};

function revocation({ provider }: Ask): ProviderError {
  const described: Readonly<Record<string, string>> = {
    google: 'Token has been expired or revoked.',
    microsoft:
      'AADSTS70000: Provided grant is invalid or malformed. Trace ID: 0f0f0f0f Correlation ID: 1e1e1e1e',
    yahoo: 'Invalid refresh token',
    zoom: 'Invalid Token!',
  };
  return { error: 'invalid_grant', error_description: described[provider] ?? 'Wrong user name or password' };
}

function missingConsent({ provider }: Ask): ProviderError {
  if (provider !== 'microsoft') {
    return { error: 'admin_policy_enforced', error_description: 'Your administrator must allow this app.' };
  }
  return {
    error: 'invalid_grant',
    suberror: 'consent_required',
    error_description: 'AADSTS65001: The user or administrator has not consented to use the application.',
  };
}

function badClient({ provider }: Ask): ProviderError {
  const microsoft = 'AADSTS7000215: Invalid client secret provided.';
  return {
    error: 'invalid_client',
    error_description: provider === 'microsoft' ? microsoft : 'The OAuth client was not found.',
  };
}

/** A careless server: everything that a client might write down holds the credential, or a coded form of it. */
function echo({ secret }: Ask): JsonReply {
  const encoded = encodeURIComponent(secret);
  // A header takes no more than this; Node refuses to send the rest.
  const inHeader = /^[\x21-\x7e]+$/.test(secret) ? secret : encoded;
  return refused(400, 'api.invalid_request_error', `Bad credential: ${secret} (${encoded})`, {
    providerError: {
      error: 'bad_credential',
      error_description: `Got ${secret}`,
      request: { token: secret },
    },
    headers: { 'x-fastly-id': inHeader, 'x-echo': inHeader },
  });
}

function unknownScenario(name: string): JsonReply {
  const known = Object.keys(SCENARIOS).join(', ');
  return invalidRequest(`settings: the simulator knows no scenario "${name}"; it knows ${known}`);
}
