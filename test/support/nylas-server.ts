import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { API_KEY } from './cli.js';

/** What a test decides about one submission; undefined: a grant for the token's email; a number: after so many ms. */
export type Answerer = (body: SubmittedBody, seen: number) => ServerAnswer | number | undefined;

export interface ServerAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long the answer takes. */
  readonly afterMs?: number;
}

export interface SubmittedBody {
  readonly provider: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly scope?: unknown;
  readonly state?: string;
}

export interface NylasServer {
  readonly url: string;
  /** Every body posted to /v3/connect/custom, in order. */
  readonly submitted: readonly SubmittedBody[];
  readonly grants: ReadonlyMap<string, { id: string; email: string; provider: string }>;
}

/**
 * A small Nylas written for these tests alone, from the description of the API and without a line of the
 * project's own simulator: what both get wrong together would not be noticed otherwise.
 */
export async function startNylasServer(
  emailOf: (body: SubmittedBody) => string,
  answer: Answerer = () => undefined,
  /** Answers any request before it is looked at; undefined: it goes its way. */
  intercept: (path: string) => ServerAnswer | undefined = () => undefined,
): Promise<NylasServer> {
  const submitted: SubmittedBody[] = [];
  const grants = new Map<string, { id: string; email: string; provider: string; created_at: number }>();

  const connect = (body: SubmittedBody): ServerAnswer => {
    submitted.push(body);
    const given = answer(body, submitted.length);
    if (typeof given === 'object') return given;
    const email = emailOf(body);
    const now = Math.floor(Date.now() / 1000);
    const known = grants.get(`${body.provider} ${email.toLowerCase()}`);
    const grant = known ?? { id: randomUUID(), email, provider: body.provider, created_at: now };
    grants.set(`${body.provider} ${email.toLowerCase()}`, grant);
    const data = { ...grant, updated_at: now, grant_status: 'valid', scope: ['a'], state: body.state };
    return { status: 201, body: { request_id: randomUUID(), data }, afterMs: given ?? 0 };
  };

  const route = (request: IncomingMessage, text: string): ServerAnswer => {
    if (request.headers.authorization !== `Bearer ${API_KEY}`) {
      const error = { type: 'api.authentication_error', message: 'Unauthorized' };
      return { status: 401, body: { request_id: randomUUID(), error } };
    }
    const url = new URL(request.url ?? '/', 'http://localhost');
    const instead = intercept(url.pathname);
    if (instead !== undefined) return instead;
    if (request.method === 'POST' && url.pathname === '/v3/connect/custom') {
      return connect(JSON.parse(text) as SubmittedBody);
    }
    if (url.pathname === '/v3/applications') {
      return {
        status: 200,
        body: { request_id: 'r', data: { application_id: 'app-1', environment: 'staging' } },
      };
    }
    if (url.pathname === '/v3/grants') {
      const email = url.searchParams.get('email')?.toLowerCase();
      const data = [...grants.values()].filter((grant) => grant.email.toLowerCase() === email);
      return { status: 200, body: { request_id: 'r', data, limit: 10, offset: 0 } };
    }
    return { status: 404, body: { request_id: 'r', error: { type: 'api.not_found_error', message: 'no' } } };
  };

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const { status, body, headers, afterMs = 0 } = route(request, text);
      const answer = (): void => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(JSON.stringify(body));
      };
      if (afterMs === 0) answer();
      else setTimeout(answer, afterMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, submitted, grants };
}

/** Every answer to a submission is a grant for the email that its token ends with, after a colon. */
export function emailInToken(body: SubmittedBody): string {
  const { settings } = body;
  const named =
    settings['email_address'] ?? settings['email'] ?? settings['imap_username'] ?? settings['username'];
  const token = settings['refresh_token'];
  return typeof token === 'string' ? token.slice(token.indexOf(':') + 1) : String(named);
}
