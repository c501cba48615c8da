import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** What a request held, in the spellings that servers give it back in. */
interface Echo {
  readonly body: string;
  readonly values: readonly string[];
  readonly authorization: string;
  readonly all: string;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is, anything else as JSON. */
  readonly body: unknown;
}

const error = (type: string, message: string, more: object = {}): object => ({
  request_id: 'req-1',
  error: { type, message, ...more },
});

const grant = (echo: Echo, more: object): Answer => ({
  status: 201,
  body: { request_id: 'req-1', data: { ...grantOf(echo), ...more } },
});

function grantOf(echo: Echo): Record<string, unknown> {
  const { provider, state } = JSON.parse(echo.body) as { provider: string; state: string };
  const now = Math.floor(Date.now() / 1000);
  const email = `${state}@example.com`;
  return {
    id: randomUUID(),
    provider,
    email,
    state,
    grant_status: 'valid',
    created_at: now,
    updated_at: now,
  };
}

const html = (value: string): string =>
  value.replace(/[<>&"']/g, (char) => `&#${String(char.codePointAt(0))};`);
const headerSafe = (value: string): string => encodeURIComponent(value).slice(0, 4_000);
const twice = (value: string): string => JSON.stringify(JSON.stringify(value));
const base64 = (value: string): string => Buffer.from(value).toString('base64');
const [first, last] = [({ values }: Echo) => values[0] ?? '', ({ values }: Echo) => values.at(-1) ?? ''];

/** How a submission is answered, by the name that the record key begins with. */
export const ECHOES: Readonly<Record<string, (echo: Echo) => Answer>> = {
  message: (echo) => ({ status: 400, body: error('api.invalid_request', echo.all) }),
  'message-of-fields': ({ values }) => ({ status: 400, body: error('x', `bad: ${values.join(' | ')}`) }),
  'message-authorization': ({ authorization }) => ({ status: 403, body: error('x', authorization) }),
  'provider-error': (echo) => ({
    status: 400,
    body: error('api.provider_error', 'refused', {
      provider_error: {
        error: 'invalid_grant',
        seen: JSON.parse(echo.body) as unknown,
        [first(echo)]: echo.all,
      },
    }),
  }),
  'provider-error-text': (echo) => ({
    status: 400,
    body: error('token.exchange_failed', 'refused', { provider_error: echo.all }),
  }),
  'error-type': (echo) => ({ status: 400, body: error(`unknown.${first(echo)}.${last(echo)}`, 'refused') }),
  'error-type-key': ({ authorization }) => ({ status: 400, body: error(authorization, 'refused') }),
  'request-id': (echo) => ({
    status: 400,
    body: { ...error('x', 'refused'), request_id: first(echo) },
    headers: { 'x-fastly-id': headerSafe(last(echo)), 'retry-after': headerSafe(first(echo)) },
  }),
  'header-id': (echo) => ({
    status: 502,
    body: 'bad gateway',
    headers: {
      'x-request-id': headerSafe(echo.authorization),
      'x-fastly-id': base64(echo.authorization),
      'retry-after': headerSafe(first(echo)),
    },
  }),
  html: (echo) => ({ status: 502, body: `<html><h1>502</h1><pre>${html(echo.all)}</pre></html>` }),
  'html-early': (echo) => ({ status: 400, body: `<p title='${html(last(echo))}'>${echo.authorization}` }),
  'page-200': (echo) => ({ status: 200, body: `<html>${echo.all}</html>` }),
  'id-first': (echo) => grant(echo, { id: first(echo) }),
  'id-last': (echo) => grant(echo, { id: `grant-${last(echo)}` }),
  'id-beginning': (echo) => grant(echo, { id: `g.${first(echo).slice(0, 12)}` }),
  'id-base64': (echo) => grant(echo, { id: base64(last(echo)) }),
  'id-key': (echo) => grant(echo, { id: echo.authorization }),
  fields: (echo) =>
    grant(echo, { email: first(echo), scope: [...echo.values], grant_status: last(echo), state: echo.body }),
  'scope-only': (echo) => grant(echo, { scope: [echo.all, echo.authorization], state: echo.authorization }),
  'status-only': (echo) => grant(echo, { grant_status: echo.all }),
  'email-only': (echo) => grant(echo, { email: echo.all }),
  'no-grant': (echo) => ({
    status: 200,
    body: { request_id: first(echo), data: JSON.parse(echo.body) as unknown },
  }),
  truncated: (echo) => ({ status: 400, body: JSON.stringify(error('x', echo.body)).slice(0, 200) }),
  'truncated-token': (echo) => ({ status: 400, body: error('x', `token ${first(echo).slice(0, 14)}…`) }),
  'json-escaped': (echo) => ({ status: 400, body: error('x', twice(echo.all)) }),
  base64: (echo) => ({ status: 400, body: error('x', base64(echo.body)) }),
  'base64-of-fields': ({ values }) => ({
    status: 400,
    body: error('x', values.map((value) => `${base64(value)} ${base64(`u:${value}`)}`).join(' ')),
  }),
  uri: (echo) => ({ status: 400, body: error('x', encodeURIComponent(echo.all)) }),
  form: ({ values }) => ({
    status: 400,
    body: error('x', values.map((value) => new URLSearchParams({ q: value }).toString()).join('&')),
  }),
  shouting: (echo) => ({
    status: 400,
    body: error(
      'x',
      echo.all.replace(/[a-z]/g, (c) => c.toUpperCase()),
    ),
  }),
  connector: (echo) => ({ status: 404, body: error('x', echo.all) }),
  unauthorized: (echo) => ({ status: 401, body: error('x', echo.all) }),
  blocked: (echo) => ({ status: 423, body: error('api.resource_blocked', echo.all) }),
  redirect: (echo) => ({
    status: 307,
    body: echo.all,
    headers: { location: `/v3/connect/custom?t=${headerSafe(first(echo))}` },
  }),
  long: (echo) => ({ status: 400, body: error('x', `${'x'.repeat(1_990)}${echo.all.repeat(50)}`) }),
};

/** A Nylas that repeats whatever it is told, wherever there is room for it. */
export async function startEchoServer(
  latencyMs = 0,
): Promise<{ readonly url: string; readonly posts: () => number }> {
  let posts = 0;
  const told = new Set<string>();
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      if (request.method === 'POST') {
        posts += 1;
        for (const secret of secretsIn(body)) told.add(secret);
      }
      const answer = request.method === 'POST' ? postAnswer(request, body) : getAnswer(request, told);
      setTimeout(() => {
        send(response, answer);
      }, latencyMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posts: () => posts };
}

function send(response: ServerResponse, { status, headers = {}, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

const CREDENTIAL = /token|password/;

function secretsIn(body: string): string[] {
  const { settings } = JSON.parse(body) as { settings: Record<string, unknown> };
  const secret = Object.entries(settings).filter(([name]) => CREDENTIAL.test(name));
  return secret.map(([, value]) => String(value));
}

function postAnswer({ headers }: IncomingMessage, body: string): Answer {
  const { state } = JSON.parse(body) as { state: string };
  const values = secretsIn(body);
  const authorization = headers.authorization ?? '';
  // The values stand first: what is cut off is their end.
  const all = `${values.join(' ')} ${authorization} ${body}`;
  const answer = ECHOES[state.split('.')[0] ?? ''];
  return answer?.({ body, values, authorization, all }) ?? { status: 400, body: error('x', all) };
}

function getAnswer({ url = '', headers }: IncomingMessage, told: ReadonlySet<string>): Answer {
  const key = headers.authorization ?? '';
  const bare = key.replace('Bearer ', '');
  const now = Math.floor(Date.now() / 1000);
  if (url.startsWith('/v3/applications')) {
    const data = {
      application_id: 'app-1',
      environment: bare,
      region: key,
      branding: { name: `Acme ${bare}` },
    };
    return { status: 200, body: { request_id: key, data }, headers: { 'x-fastly-id': headerSafe(key) } };
  }
  if (url.startsWith('/v3/connectors')) {
    const providers = ['google', 'microsoft', 'yahoo', 'zoom', 'imap', 'icloud', 'ews', bare, base64(bare)];
    return { status: 200, body: { request_id: key, data: providers.map((provider) => ({ provider })) } };
  }
  const fields = {
    provider: key,
    email: `${bare}@example.com`,
    state: bare,
    grant_status: key,
    scope: [key, url],
  };
  const times = { created_at: now, updated_at: now };
  const grants = [randomUUID(), bare, base64(key)].map((id) => ({ id, ...fields, ...times }));
  // Only where everything is listed: each look-up by email would be as long otherwise.
  for (const secret of url.includes('email=') ? [] : told) {
    const more = { provider: 'google', email: secret, grant_status: secret, state: secret };
    grants.push({ id: randomUUID(), ...fields, ...times, ...more, scope: [secret, `openid ${secret}`] });
    grants.push({ id: secret, ...fields, ...times, provider: secret });
  }
  const offset = Number(new URL(url, 'http://localhost').searchParams.get('offset') ?? 0);
  return { status: 200, body: { request_id: bare, data: offset > 0 ? [] : grants } };
}
