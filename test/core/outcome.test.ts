import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/core/answer.js';
import type { Category } from '../../src/core/category.js';
import {
  classifyOutcome,
  isNylasUp,
  isOwnThrottle,
  evidenceOf,
  expectedMailboxes,
  NO_EVIDENCE,
  refusesKey,
  type Outcome,
  type RefusalScope,
} from '../../src/core/outcome.js';
import type { LegacyUser } from '../../src/core/record.js';
import { scrubberOf } from '../../src/core/scrub.js';
import { fault, granted, grantJson, nylasError, page, reply, SENT_AT_MS } from '../support/answers.js';
import { imapUser, someUser } from '../support/users.js';

const classify = (answer: Answer, user: LegacyUser = someUser()): Outcome =>
  classifyOutcome(answer, user, { opensAt: SENT_AT_MS / 1000 - 1, closesAt: SENT_AT_MS / 1000 + 1 });

const refused = (category: Category, scope: RefusalScope = 'record'): Outcome => ({
  kind: 'refused',
  category,
  scope,
});
const throttled = (by: 'application' | 'provider', retryAfter: string | null = null): Outcome => ({
  kind: 'throttled',
  by,
  retryAfter,
});
const IN_DOUBT: Outcome = { kind: 'in_doubt' };
const REAUTH = refused('needs_reauth');
const ADMIN = refused('needs_admin');
const REJECTED = refused('rejected');
const BLOCKED = refused('blocked');
const NO_CONNECTOR = refused('misconfigured', 'connector');
const WRONG_CLIENT = refused('misconfigured', 'client');
const WRONG_KEY = refused('misconfigured', 'key');

type Row = readonly [what: string, answer: Answer, outcome: Outcome];

const aadsts = (code: number, error = 'invalid_grant'): { readonly provider: unknown } => ({
  provider: { error, error_description: `AADSTS${code}: some words of Microsoft's. Trace ID: 1` },
});

describe('a refusal in the shape of Nylas', () => {
  test.each<Row>([
    ['the token exchange failed', nylasError(400, 'token.exchange_failed'), REAUTH],
    ...['invalid_grant', 'interaction_required', 'consent_required'].map((error): Row => [
      `the provider says ${error}`,
      nylasError(400, 'api.invalid_request_error', { provider: { error } }),
      REAUTH,
    ]),
    [
      'a revoked token, in words',
      nylasError(400, 'any', { message: 'Invalid or revoked refresh token' }),
      REAUTH,
    ],
    ['AADSTS70000 is the person', nylasError(400, 'token.exchange_failed', aadsts(70000)), REAUTH],
    ['a longer code is another one', nylasError(400, 'token.exchange_failed', aadsts(7000161)), REAUTH],
    ['the provider error as bare text', nylasError(400, 'any', { provider: 'invalid_grant' }), REAUTH],
    [
      'the provider error under `type`',
      nylasError(400, 'any', { provider: { type: 'invalid_grant' } }),
      REAUTH,
    ],

    ['no consent for the tenant', nylasError(400, 'token.exchange_failed', aadsts(65001)), ADMIN],
    ['an administrator must approve', nylasError(400, 'token.exchange_failed', aadsts(90094)), ADMIN],
    [
      'one tenant lacks the application',
      nylasError(400, 'any', aadsts(700016, 'unauthorized_client')),
      refused('needs_admin', 'client'),
    ],
    ...['admin_policy_enforced', 'org_internal'].map((error): Row => [
      `Google says ${error}`,
      nylasError(400, 'token.exchange_failed', { provider: { error } }),
      ADMIN,
    ]),
    [
      'consent in the message',
      nylasError(400, 'token.exchange_failed', { message: 'AADSTS65001: no' }),
      ADMIN,
    ],

    ...['invalid_client', 'unauthorized_client'].map((error): Row => [
      `the connector's client: ${error}`,
      nylasError(400, 'token.exchange_failed', { provider: { error } }),
      WRONG_CLIENT,
    ]),
    ["the client's secret", nylasError(400, 'any', aadsts(7000215, 'invalid_client')), WRONG_CLIENT],

    ['the key, with a 400', nylasError(400, 'token.unauthorized_access'), WRONG_KEY],
    ['the key, with a 401', nylasError(401, 'api.authentication_error'), WRONG_KEY],
    ['the key, with a 403', nylasError(403, 'invalid_request_error'), WRONG_KEY],
    ['the key, in unknown words', nylasError(401, 'api.never_heard_of'), WRONG_KEY],

    ...[
      'api.invalid_request_error',
      'api.invalid_request_payload',
      'invalid_request_error',
      'bad_request',
    ].map((type): Row => [`the row's content: ${type}`, nylasError(400, type), REJECTED]),
    ['no connector', nylasError(404, 'api.not_found_error'), NO_CONNECTOR],
    ['blocked', nylasError(423, 'api.resource_blocked'), BLOCKED],
    ['blocked, in other words', nylasError(423, 'api.other'), BLOCKED],
    ['blocked, with another status', nylasError(403, 'api.resource_blocked'), BLOCKED],

    ['an unknown type', nylasError(400, 'api.never_heard_of'), REJECTED],
    ['an unknown provider error', nylasError(400, 'any', { provider: { error: 'new_words' } }), REJECTED],
    ['a provider error of no known shape', nylasError(400, 'any', { provider: [1, null] }), REJECTED],
    ['an unknown status', nylasError(422, 'api.never_heard_of'), REJECTED],
    ['an error without a message', reply(400, { error: { type: 'bad_request' } }), REJECTED],
  ])('%s', (_what, answer, outcome) => {
    expect(classify(answer)).toEqual(outcome);
  });
});

describe('throttling', () => {
  test.each<Row>([
    ["Nylas' limit", nylasError(429, 'nylas_rate_limit_exceeded'), throttled('application')],
    ["Nylas' limit, other words", nylasError(429, 'api.rate_limit_error'), throttled('application')],
    [
      "the provider's limit",
      nylasError(429, 'rate_limit_error', { provider: { error: 'quota' }, retryAfter: '17' }),
      throttled('provider', '17'),
    ],
    [
      'no provider error: null',
      reply(429, { error: { type: 'rate_limit_error', message: '', provider_error: null } }),
      throttled('application'),
    ],
    ["a proxy's page", page(429, '<html>', { retryAfter: '5' }), throttled('application', '5')],
    ['an empty answer', page(429, ''), throttled('application')],
  ])('%s', (_what, answer, outcome) => {
    expect(classify(answer)).toEqual(outcome);
  });
});

describe('everything else that came back is in doubt', () => {
  test.each<readonly [string, Answer]>([
    ['Nylas is unwell', nylasError(500, 'api.internal_error')],
    ['a bad gateway, as HTML', page(502, '<html><body>502 Bad Gateway</body></html>')],
    ['unavailable', nylasError(503, 'api.internal_error')],
    ["the provider didn't answer", nylasError(504, 'api.provider_error')],
    ['a partial success', nylasError(504, 'api.partial_success_error')],
    ['a refusal inside a 500', nylasError(500, 'token.exchange_failed', aadsts(65001))],
    ['the key inside a 502', nylasError(502, 'token.unauthorized_access')],
    ['an unknown 5xx', nylasError(599, 'x')],
    ['a 400 as HTML', page(400, '<html>Bad Request</html>')],
    ['a 401 as HTML', page(401, '<html>')],
    ['a 403 of a firewall', page(403, 'Request blocked')],
    ['a 404 as text', page(404, 'not found')],
    ["a 400 that isn't Nylas' shape", reply(400, { message: 'no' })],
    ['a 400 with an error as text', reply(400, { error: 'no' })],
    ['a 400 with an error without type', reply(400, { error: { message: 'no' } })],
    ['a 400 with a type that is a number', reply(400, { error: { type: 7, message: 'no' } })],
    ['a 400 with a list', reply(400, [])],
    ['a 400 with null', reply(400, null)],
    ['a time-out of the server, 408', nylasError(408, 'bad_request')],
    ['a redirect', page(302, '')],
    ['a redirect in our shape', nylasError(307, 'bad_request')],
    ['304', page(304, '')],
    ['an odd 1xx', page(199, '')],
    ['a success cut off', page(200, '{"request_id":"r","data":{"id":"gra')],
    ['a success as HTML', page(200, '<html>OK</html>')],
    ['204', page(204, '')],
    ['a success without data', reply(200, { request_id: 'r' })],
    ['a success that is null', reply(200, null)],
    ['a success without an id', granted(grantJson({ id: undefined }))],
    ['a success with an empty id', granted(grantJson({ id: '' }))],
    ['a success with a number as id', granted(grantJson({ id: 7 }))],
    ['a success with a novel as id', granted(grantJson({ id: 'x'.repeat(201) }))],
    ['a success with a list of grants', granted([grantJson()])],
    ['an error with a 200', nylasError(200, 'token.exchange_failed')],
  ])('%s', (_what, answer) => {
    expect(classify(answer)).toEqual(IN_DOUBT);
  });
});

describe('no answer', () => {
  test('a request that went out is in doubt', () => {
    expect(classify(fault('timeout', true))).toEqual(IN_DOUBT);
    expect(classify(fault('reset', true))).toEqual(IN_DOUBT);
    expect(classify(fault('too_large', true))).toEqual(IN_DOUBT);
  });

  test('only whether it left counts, not what happened', () => {
    expect(classify(fault('tls', true))).toEqual(IN_DOUBT);
    expect(classify(fault('tls', false))).toEqual({ kind: 'unreachable' });
    expect(classify(fault('dns', false))).toEqual({ kind: 'unreachable' });
  });
});

describe('a grant', () => {
  test.each([200, 201, 202, 299])('status %i', (status) => {
    expect(classify(granted(grantJson(), status))).toMatchObject({
      kind: 'granted',
      origin: 'created',
      grant: { id: 'grant-1', email: 'ada@example.com', scope: ['openid'] },
    });
  });

  test("an invalid one needs a sign-in, and its id isn't lost", () => {
    expect(classify(granted(grantJson({ grant_status: 'invalid' })))).toMatchObject({
      kind: 'granted_invalid',
      grant: { id: 'grant-1', status: 'invalid' },
    });
  });

  test('one that lacks all that is optional is a grant', () => {
    const bare = { id: 'g', provider: 'google', scope: [], created_at: SENT_AT_MS / 1000 };
    expect(classify(granted(bare))).toMatchObject({
      kind: 'granted',
      origin: 'created',
      grant: { email: null },
    });
  });

  test('fields of the wrong type count as absent', () => {
    const odd = grantJson({
      email: 7,
      scope: ['a', 7, null],
      created_at: 'yesterday',
      email_aliases: 'a@b.c',
    });
    expect(classify(granted(odd))).toMatchObject({
      kind: 'granted',
      origin: 'reauthenticated',
      grant: { email: null, scope: ['a'], createdAt: null, aliases: [] },
    });
  });

  test.each<readonly [string, LegacyUser, string | null, Outcome['kind']]>([
    ['the same mailbox', someUser(), 'ada@example.com', 'granted'],
    ['in another case', someUser({ email: 'ADA@Example.com' }), 'Ada@EXAMPLE.COM', 'granted'],
    ['another mailbox', someUser(), 'eve@example.com', 'granted_other'],
    ['a longer address', someUser(), 'ada@example.com.evil.example', 'granted_other'],
    ['a grant that names none', someUser(), null, 'granted'],
    ['a row that names none', someUser({ email: null }), 'eve@example.com', 'granted'],
    ['the user name of IMAP', imapUser('Login@Example.com'), 'login@example.com', 'granted'],
    [
      'only an address as user name',
      imapUser('eve@example.com', { email: null }),
      'ada@example.com',
      'granted_other',
    ],
    ['only a user name that is no address', imapUser('ada', { email: null }), 'ada@example.com', 'granted'],
    [
      'a user name beside an email',
      imapUser('ada', { email: 'bob@example.com' }),
      'ada@example.com',
      'granted_other',
    ],
    ['the calendar that was asked for', calendarUser('Room 1'), 'room 1', 'granted'],
    ['another calendar', calendarUser('Room 1'), 'Room 2', 'granted_other'],
  ])('%s', (_what, user, email, kind) => {
    expect(classify(granted(grantJson({ email })), user).kind).toBe(kind);
  });

  test('another mailbox that is invalid needs a sign-in first', () => {
    const answer = granted(grantJson({ email: 'eve@example.com', grant_status: 'invalid' }));
    expect(classify(answer).kind).toBe('granted_invalid');
  });
});

function calendarUser(name: string): LegacyUser {
  return someUser({ provider: 'virtual-calendar', email: name, body: { settings: { email: name } } });
}

describe('where a grant comes from', () => {
  const OPENS_AT = 1_000;
  const CLOSES_AT = 1_005;

  test.each<readonly [string, number | null, string]>([
    ['made in the second that the window opens', OPENS_AT, 'created'],
    ['made while we waited for the answer', OPENS_AT + 3, 'created'],
    ['made in the second that the answer came', CLOSES_AT, 'created'],
    ['made before, it was there before us', OPENS_AT - 1, 'reauthenticated'],
    ['made long before', 0, 'reauthenticated'],
    ['not made yet, by a clock that nothing can be read from', CLOSES_AT + 1, 'reauthenticated'],
    ['of no known age', null, 'reauthenticated'],
  ])('%s', (_what, createdAt, origin) => {
    const answer = granted(grantJson({ created_at: createdAt }));
    const window = { opensAt: OPENS_AT, closesAt: CLOSES_AT };
    expect(classifyOutcome(answer, someUser(), window)).toMatchObject({ kind: 'granted', origin });
    expect(classifyOutcome(answer, someUser(), null)).toMatchObject({ origin: 'reauthenticated' });
  });

  test('another mailbox keeps its origin', () => {
    expect(classify(granted(grantJson({ email: 'eve@example.com', created_at: 1 })))).toMatchObject({
      kind: 'granted_other',
      origin: 'reauthenticated',
    });
  });
});

describe('whatever comes', () => {
  const status = fc.oneof(
    fc.integer({ min: 100, max: 599 }),
    fc.constantFrom(200, 201, 400, 401, 404, 408, 423, 429, 500),
  );
  const shaped = fc.record({
    error: fc.record(
      { type: fc.jsonValue(), message: fc.jsonValue(), provider_error: fc.jsonValue() },
      { requiredKeys: [] },
    ),
  });
  const success = fc.record({
    data: fc.record(
      {
        id: fc.jsonValue(),
        email: fc.jsonValue(),
        grant_status: fc.jsonValue(),
        scope: fc.jsonValue(),
        created_at: fc.jsonValue(),
        email_aliases: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
  });
  const body = fc.oneof(fc.jsonValue(), shaped, success, fc.constant(undefined));

  test('it is classified, and only three kinds of answer are believed', () => {
    fc.assert(
      fc.property(status, body, (code, json) => {
        const { kind } = classify(reply(code, json));
        if (code === 429) expect(kind).toBe('throttled');
        else if (code >= 200 && code < 300 && idOf(json) !== null) expect(kind).toMatch(/^granted/);
        else if (code >= 400 && code < 500 && code !== 408 && hasErrorType(json))
          expect(kind).toBe('refused');
        else expect(kind).toBe('in_doubt');
      }),
      { numRuns: 2_000 },
    );
  });

  test('its evidence is short and free of secrets', () => {
    const secret = 'planted-secret-0123456789';
    const scrub = scrubberOf([secret]);
    fc.assert(
      fc.property(status, body, fc.string(), (code, json, text) => {
        const echoed = {
          error: { type: `t ${secret}`, message: secret + text, provider_error: [secret, json] },
        };
        for (const answer of [reply(code, json), reply(code, echoed), page(code, `<p>${secret}`)]) {
          const evidence = evidenceOf(answer, scrub);
          expect(JSON.stringify(evidence)).not.toContain(secret);
          for (const value of Object.values(evidence))
            expect(String(value).length).toBeLessThanOrEqual(2_000);
        }
      }),
    );
  });
});

function idOf(json: unknown): string | null {
  const { data } = (json ?? {}) as { data?: { id?: unknown } | null };
  const id = Array.isArray(data) ? null : data?.id;
  return typeof id === 'string' && id !== '' ? id : null;
}

function hasErrorType(json: unknown): boolean {
  const { error } = (json ?? {}) as { error?: { type?: unknown } | null };
  return !Array.isArray(json) && !Array.isArray(error) && typeof error?.type === 'string';
}

describe('evidence', () => {
  const scrub = scrubberOf(['1//0planted-refresh-token']);

  test("keeps Nylas' own words, verbatim where they are unknown", () => {
    const answer = nylasError(418, 'api.never_heard_of', {
      message: 'tea',
      provider: { error: 'x', n: [1] },
    });
    expect(evidenceOf({ ...answer, fastlyId: 'f-1' }, scrub)).toEqual({
      httpStatus: 418,
      errorType: 'api.never_heard_of',
      errorMessage: 'tea',
      providerError: '{"error":"x","n":[1]}',
      requestId: 'req-1',
      fastlyId: 'f-1',
    });
  });

  test("keeps the beginning of a proxy's page", () => {
    expect(evidenceOf(page(502, '<html>Bad Gateway'), scrub)).toMatchObject({
      httpStatus: 502,
      errorType: null,
      errorMessage: '<html>Bad Gateway',
    });
  });

  test('names a fault of the network', () => {
    expect(evidenceOf(fault('reset', true, 'ECONNRESET'), scrub)).toEqual({
      ...NO_EVIDENCE,
      errorType: 'network.reset',
      errorMessage: 'ECONNRESET',
    });
  });

  test("a server's novel is cut short, and no secret shows at the cut", () => {
    const novel = `${'-'.repeat(1_985)}1//0planted-refresh-token`.repeat(2_000);
    const { errorMessage } = evidenceOf(nylasError(400, 'any', { message: novel }), scrub);
    expect(errorMessage).toBe(`${'-'.repeat(1_985)}[redacted]${'-'.repeat(5)}`);
  });

  test('of a success nothing is left but the ids', () => {
    expect(evidenceOf(granted(), scrub)).toEqual({ ...NO_EVIDENCE, httpStatus: 200, requestId: 'req-1' });
  });
});

test('an answer to any call can refuse the key', () => {
  expect(refusesKey(nylasError(401, 'api.authentication_error'))).toBe(true);
  expect(refusesKey(nylasError(400, 'token.unauthorized_access'))).toBe(true);
  expect(refusesKey(nylasError(404, 'api.not_found_error'))).toBe(false);
  expect(refusesKey(page(401, '<html>'))).toBe(false);
  expect(refusesKey(fault('dns', false))).toBe(false);
  expect(refusesKey(granted())).toBe(false);
});

test('a row can be answered with any of the names it logs in by, without case', () => {
  const settings = { email: 'A@b.c', ews_username: 'DOM\\ada', ews_password: 'pw', ews_port: 443 };
  const user = someUser({ provider: 'ews', email: ' Ada@Example.com ', body: { settings } });
  expect(expectedMailboxes(user)).toEqual(new Set(['ada@example.com', 'a@b.c', 'dom\\ada']));
});

describe('Nylas', () => {
  test.each<readonly [string, Answer, boolean]>([
    ['a refusal', nylasError(400, 'any'), true],
    ['a 429', nylasError(429, 'any'), true],
    ['a provider it waited for', nylasError(504, 'api.provider_error'), true],
    ['another 504', nylasError(504, 'api.partial_success_error'), false],
    ['a 500', nylasError(500, 'api.internal_error'), false],
    ['a 503 of HTML', reply(503, undefined), false],
  ])('is up or down: %s', (_what, answer, isUp) => {
    expect(isNylasUp(answer)).toBe(isUp);
  });

  test('throttles all calls, unless a provider did', () => {
    expect(isOwnThrottle(nylasError(429, 'any'))).toBe(true);
    expect(isOwnThrottle(nylasError(429, 'any', { provider: { error: 'quota' } }))).toBe(false);
    expect(isOwnThrottle(nylasError(400, 'any'))).toBe(false);
  });
});
