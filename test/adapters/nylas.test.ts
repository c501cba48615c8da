import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/adapters/clock/index.js';
import { nylasApi } from '../../src/adapters/nylas/index.js';
import type { Answer, Reply } from '../../src/core/answer.js';
import type { JobApi } from '../../src/ports/nylas.js';
import { grantJson } from '../support/answers.js';
import { closedUri, isWhole, serve, serveTcp, serveTls } from '../support/http.js';
import { imapUser, someUser } from '../support/users.js';

const API_KEY = 'nyk_v0_planted-api-key';
const BODY = someUser().body;
const TIMEOUT_MS = 120;

function apiAt(apiUri: string, timeoutMs = 5_000): JobApi {
  const api = nylasApi({ apiUri, apiKey: API_KEY, timeoutMs, version: '1.2.3' }, systemClock);
  onTestFinished(() => {
    api.close();
  });
  return api;
}

const json = (response: ServerResponse, status: number, body: unknown, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};

const ok = (response: ServerResponse): void => {
  json(response, 200, { request_id: 'req-1', data: grantJson() });
};

function asReply(answer: Answer): Reply {
  if (answer.kind !== 'reply') throw new Error(`expected a reply, got ${JSON.stringify(answer)}`);
  return answer;
}

const fault = (kind: string, left: boolean): unknown =>
  expect.objectContaining({ kind: 'fault', fault: kind, left });

describe('what is sent', () => {
  test('a submission: bearer key, JSON, nothing else of ours', async () => {
    const server = await serve(ok);
    await apiAt(server.uri).submit(BODY);
    const [request] = server.received;
    expect(request).toMatchObject({ method: 'POST', url: '/v3/connect/custom' });
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${API_KEY}`,
      'content-type': expect.stringMatching(/^application\/json/) as unknown,
      accept: 'application/json',
      'user-agent': 'nylas-migrate/1.2.3',
    });
    expect(JSON.parse(request?.body ?? '')).toEqual(BODY);
  });

  test('a port is an integer on the wire', async () => {
    const server = await serve(ok);
    await apiAt(server.uri).submit(imapUser('ada@example.com').body);
    expect(server.received[0]?.body).toContain('"imap_port":993');
  });

  test('the other calls, with what a user wrote encoded', async () => {
    const server = await serve(ok);
    const api = apiAt(server.uri);
    await api.grantsOf({ email: 'a+b&c=d@example.com', provider: 'google' });
    await api.grantById('grant/../1?x');
    await api.deleteGrant('grant/1');
    await api.useGrant('grant/1', 'messages');
    await api.application();
    await api.connectors();
    expect(server.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /v3/grants?email=a%2Bb%26c%3Dd%40example.com&provider=google&limit=200',
      'GET /v3/grants/grant%2F..%2F1%3Fx?expose_aliases=true',
      'DELETE /v3/grants/grant%2F1',
      'GET /v3/grants/grant%2F1/messages?limit=1',
      'GET /v3/applications',
      'GET /v3/connectors?limit=200',
    ]);
    for (const { headers } of server.received) expect(headers.authorization).toBe(`Bearer ${API_KEY}`);
  });

  test('of what a grant was used for only the status is kept, unless it is an error', async () => {
    const server = await serve((response, { url }) => {
      const isFine = url.includes('/fine/');
      response.writeHead(isFine ? 200 : 401, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ data: [{ subject: 'private' }], error: { type: 'unauthorized' } }));
    });
    const api = apiAt(server.uri);
    const fine = await api.useGrant('fine', 'calendars');
    expect(fine).toMatchObject({ kind: 'reply', status: 200 });
    expect(JSON.stringify(fine)).not.toContain('private');
    expect(await api.useGrant('dead', 'calendars')).toMatchObject({
      body: { error: { type: 'unauthorized' } },
    });
  });

  test('one after another over one connection', async () => {
    const server = await serve(ok);
    const api = apiAt(server.uri);
    for (let count = 0; count < 5; count += 1) await api.submit(BODY);
    expect(server.received).toHaveLength(5);
    expect(server.connections()).toBe(1);
  });
});

describe('that a request has left', () => {
  test('is told once of each call, before its answer comes', async () => {
    const server = await serve(ok);
    const api = apiAt(server.uri);
    const told: string[] = [];
    const call = async (name: string, make: (onLeft: () => void) => Promise<Answer>): Promise<void> => {
      await make(() => told.push(`${name} left`));
      told.push(`${name} answered`);
    };
    await call('submit', (onLeft) => api.submit(BODY, onLeft));
    await call('look', (onLeft) => api.grantsOf({ email: 'ada@example.com', provider: 'google' }, onLeft));
    await call('list', (onLeft) => api.listGrants({ order: 'made', since: null, offset: 0 }, onLeft));
    await call('one', (onLeft) => api.grantById('g', onLeft));
    await call('application', (onLeft) => api.application(onLeft));
    await call('connectors', (onLeft) => api.connectors(onLeft));
    expect(told).toEqual(
      ['submit', 'look', 'list', 'one', 'application', 'connectors'].flatMap((name) => [
        `${name} left`,
        `${name} answered`,
      ]),
    );
  });

  test('is not told where nothing could be reached', async () => {
    const onLeft = vi.fn();
    await apiAt(await closedUri()).submit(BODY, onLeft);
    expect(onLeft).not.toHaveBeenCalled();
  });

  test('is not told while the other side takes the connection and doesn’t speak TLS', async () => {
    const server = await serveTcp(() => undefined);
    const onLeft = vi.fn();
    await apiAt(server.uri.replace('http:', 'https:'), TIMEOUT_MS).submit(BODY, onLeft);
    expect(onLeft).not.toHaveBeenCalled();
  });
});

describe('a redirect is never followed', () => {
  test.each([301, 302, 303, 307, 308])(
    '%i: the other host sees nothing, the key least of all',
    async (status) => {
      const other = await serve(ok);
      const server = await serve((response) => {
        response.writeHead(status, { location: `${other.uri}/v3/connect/custom` });
        response.end();
      });
      const api = apiAt(server.uri);
      expect(asReply(await api.submit(BODY)).status).toBe(status);
      expect(asReply(await api.application()).status).toBe(status);
      expect(server.received).toHaveLength(2);
      expect(other.received).toEqual([]);
      expect(other.connections()).toBe(0);
    },
  );
});

describe('an answer', () => {
  test.each([200, 201, 400, 401, 404, 408, 413, 423, 429, 500, 502, 503, 504, 521])(
    '%i is returned, and asked for once',
    async (status) => {
      const body = { request_id: 'req-7', error: { type: 'x', message: 'y' } };
      const server = await serve((response) => {
        json(response, status, body, { 'retry-after': '0' });
      });
      const api = apiAt(server.uri);
      expect(await api.submit(BODY)).toMatchObject({ kind: 'reply', status, body, excerpt: '' });
      expect(await api.application()).toMatchObject({ kind: 'reply', status });
      expect(server.received).toHaveLength(2);
    },
  );

  test("keeps what Nylas' support asks for, and what time it is there", async () => {
    const server = await serve((response) => {
      response.sendDate = false;
      json(
        response,
        429,
        { request_id: 'req-1', error: { type: 'rate_limit_error' } },
        {
          date: 'Sun, 01 Mar 2026 12:00:00 GMT',
          'retry-after': '17',
          'x-fastly-id': 'fastly-1',
          'x-request-id': 'h',
        },
      );
    });
    const beforeMs = Date.now();
    const reply = asReply(await apiAt(server.uri).submit(BODY));
    expect(reply).toMatchObject({
      requestId: 'req-1',
      fastlyId: 'fastly-1',
      retryAfter: '17',
      serverDateMs: Date.UTC(2026, 2, 1, 12),
    });
    expect(reply.sentAtMs).toBeGreaterThanOrEqual(beforeMs);
    expect(reply.sentAtMs).toBeLessThanOrEqual(Date.now());
    expect(reply.latencyMs).toBeGreaterThan(0);
    expect(reply.latencyMs).toBeLessThan(5_000);
  });

  test('without all of that has none of it', async () => {
    const server = await serve((response) => {
      response.sendDate = false;
      json(response, 200, { request_id: 7 }, { 'x-fastly-id': '' });
    });
    expect(await apiAt(server.uri).submit(BODY)).toMatchObject({
      requestId: null,
      fastlyId: null,
      retryAfter: null,
      serverDateMs: null,
    });
  });

  test("a date that is none and a header without end don't get far", async () => {
    const server = await serve((response) => {
      response.sendDate = false;
      json(response, 200, [], { date: 'noon', 'x-request-id': 'i'.repeat(5_000) });
    });
    const reply = asReply(await apiAt(server.uri).submit(BODY));
    expect(reply.serverDateMs).toBeNull();
    expect(reply.requestId).toBe('i'.repeat(200));
  });
});

describe('a body', () => {
  const replyTo = async (body: string | Buffer, status = 200): Promise<Reply> => {
    const server = await serve((response) => {
      response.writeHead(status);
      response.end(body);
    });
    return asReply(await apiAt(server.uri).submit(BODY));
  };

  test('of HTML leaves its beginning', async () => {
    const html = `<html><h1>502 Bad Gateway</h1>${'.'.repeat(5_000)}`;
    expect(await replyTo(html, 502)).toMatchObject({
      status: 502,
      body: undefined,
      excerpt: html.slice(0, 300),
    });
  });

  test('that is empty is no JSON', async () => {
    expect(await replyTo('', 204)).toMatchObject({ status: 204, body: undefined, excerpt: '' });
  });

  test('that was cut off, without a word of the server, is no JSON', async () => {
    expect(await replyTo('{"request_id":"r","data":{"id":"g')).toMatchObject({ body: undefined });
  });

  test('of JSON as deep as no answer is is not walked', async () => {
    const deep = `{"data":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(await replyTo(deep)).toMatchObject({ kind: 'reply', body: undefined });
    expect(await replyTo(`{"data":${'['.repeat(60)}1${']'.repeat(60)}}`)).toMatchObject({ excerpt: '' });
  });

  test('that is no UTF-8 is read as far as it goes', async () => {
    const body = Buffer.concat([
      Buffer.from('{"request_id":"a'),
      Buffer.from([0xff, 0xfe, 0xc3]),
      Buffer.from('"}'),
    ]);
    expect((await replyTo(body)).requestId).toMatch(/^a\uFFFD+$/);
    expect(await replyTo(Buffer.from([0xff, 0x00, 0xfe]))).toMatchObject({ body: undefined });
  });

  test('that begins with a byte order mark is read', async () => {
    expect((await replyTo('\uFEFF{"request_id":"r"}')).requestId).toBe('r');
  });

  test("that claims to be gzip isn't unpacked", async () => {
    const server = await serve((response, { headers }) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(`plain ${headers['accept-encoding'] ?? 'as asked'}`);
    });
    expect(await apiAt(server.uri).submit(BODY)).toMatchObject({ kind: 'reply', excerpt: 'plain as asked' });
  });

  test('of just under 4 MiB is read; of more it is a fault, and the rest is not read', async () => {
    const value = 'x'.repeat(4 * 1024 * 1024 - 20);
    expect((await replyTo(JSON.stringify({ value }))).body).toEqual({ value });

    let sent = 0;
    const server = await serve((response) => {
      response.writeHead(200);
      const more = (): void => {
        while (sent < 256 * 1024 * 1024 && !response.destroyed) {
          sent += 65_536;
          if (!response.write(Buffer.alloc(65_536, 0x20))) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    });
    expect(await apiAt(server.uri).submit(BODY)).toEqual(fault('too_large', true));
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('no answer', () => {
  test('in time, though the request was received: it left', async () => {
    const server = await serve(() => undefined);
    expect(await apiAt(server.uri, TIMEOUT_MS).submit(BODY)).toEqual(fault('timeout', true));
    expect(server.received).toHaveLength(1);
  });

  test('in time, though it had begun: it left', async () => {
    const server = await serve((response) => {
      response.writeHead(200);
      response.write('{"request_id":');
    });
    expect(await apiAt(server.uri, TIMEOUT_MS).submit(BODY)).toEqual(fault('timeout', true));
  });

  test('in time, though it dribbles on', async () => {
    const server = await serve((response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 10);
      response.on('close', () => {
        clearInterval(timer);
      });
    });
    expect(await apiAt(server.uri, TIMEOUT_MS).submit(BODY)).toEqual(fault('timeout', true));
  });

  test('from a port where nothing listens: it never left', async () => {
    const answer = await apiAt(await closedUri()).submit(BODY);
    expect(answer).toEqual(fault('connect', false));
    expect(answer).toMatchObject({ detail: 'ECONNREFUSED' });
  });

  test('from a name that does not exist: it never left', async () => {
    expect(await apiAt('http://nylas-migrate.invalid').submit(BODY)).toEqual(fault('dns', false));
  });

  test.each<readonly [string, (socket: Socket) => void]>([
    ['reset', (socket): void => void socket.resetAndDestroy()],
    ['closed', (socket): void => void socket.end()],
    ['closed within the head', (socket): void => void socket.end('HTTP/1.1 200 OK\r\nx-a: ')],
    [
      'closed within the body',
      (socket): void => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"request_id":'),
    ],
    ['reset within the body', resetWithinBody],
    ['not HTTP', (socket): void => void socket.end('SSH-2.0-OpenSSH_9.9\r\n')],
  ])('once the request is there, but %s: it left', async (_how, cut) => {
    const server = await serveTcp((socket, soFar) => {
      if (isWhole(soFar)) cut(socket);
    });
    expect(await apiAt(server.uri).submit(BODY)).toEqual(fault('reset', true));
  });

  test('but a megabyte of headers', async () => {
    const server = await serveTcp((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${`x-filler: ${'y'.repeat(1_000)}\r\n`.repeat(1_000)}\r\n`);
    });
    expect(await apiAt(server.uri).submit(BODY)).toEqual(fault('too_large', true));
  });

  test('and the fault tells nothing of what was sent', async () => {
    const server = await serve((response) => {
      response.destroy();
    });
    const told = JSON.stringify([
      await apiAt(server.uri).submit(BODY),
      await apiAt(await closedUri()).submit(BODY),
    ]);
    for (const secret of [API_KEY, BODY.settings['refresh_token'], 'ada@example.com']) {
      expect(told).not.toContain(secret);
    }
  });
});

function resetWithinBody(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"request_id":', () => {
    setTimeout(() => socket.resetAndDestroy(), 20);
  });
}

describe('a connection that is kept', () => {
  test('and closed between two requests: the next one takes a new one', async () => {
    const server = await serve((response) => {
      const { socket } = response;
      response.on('finish', () => setImmediate(() => socket?.destroy()));
      ok(response);
    });
    const api = apiAt(server.uri);
    expect((await api.submit(BODY)).kind).toBe('reply');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await api.submit(BODY)).kind).toBe('reply');
    expect(server.connections()).toBe(2);
  });

  test('and cut when the second request is there: it left, and is not sent again by itself', async () => {
    let requests = 0;
    const server = await serveTcp((socket, soFar) => {
      const whole = soFar
        .split('POST ')
        .slice(1)
        .map((rest) => `POST ${rest}`);
      if (!isWhole(whole.at(-1) ?? '')) return;
      requests += 1;
      if (whole.length === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
      else socket.resetAndDestroy();
    });
    const api = apiAt(server.uri);
    expect((await api.submit(BODY)).kind).toBe('reply');
    expect(await api.submit(BODY)).toEqual(fault('reset', true));
    expect(requests).toBe(2);
  });
});

describe('TLS', () => {
  test('to a port that speaks none: it never left', async () => {
    const server = await serve(ok);
    expect(await apiAt(server.uri.replace('http:', 'https:')).submit(BODY)).toEqual(fault('tls', false));
    expect(server.received).toEqual([]);
  });

  test.each<readonly [string, (socket: Socket) => void]>([
    ['closed', (socket): void => void socket.end()],
    ['reset', (socket): void => void socket.resetAndDestroy()],
  ])('%s during the handshake: it never left', async (_how, cut) => {
    const server = await serveTcp(cut);
    expect(await apiAt(server.uri.replace('http:', 'https:')).submit(BODY)).toEqual(fault('tls', false));
  });

  test('that never gets done: it never left', async () => {
    const server = await serveTcp(() => undefined);
    const answer = await apiAt(server.uri.replace('http:', 'https:'), TIMEOUT_MS).submit(BODY);
    expect(answer).toEqual(fault('tls', false));
  });

  const identity = selfSigned();

  describe.skipIf(identity === null)('with a certificate', () => {
    const own = identity ?? { key: '', cert: '' };

    test('that nobody vouches for: refused, whatever the environment, and never left', async () => {
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
      onTestFinished(() => void vi.unstubAllEnvs());
      const server = await serveTls(own, ok);
      const answer = await apiAt(server.uri).submit(BODY);
      expect(answer).toEqual(fault('tls', false));
      expect(answer).toMatchObject({ detail: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
      expect(server.received).toEqual([]);
    });

    test('that is trusted: what is cut after the request left, on a new connection and on a kept one', async () => {
      trust(own.cert);
      const server = await serveTls(own, (response) => {
        if (server.received.length % 2 === 1) ok(response);
        else response.destroy();
      });
      const api = apiAt(server.uri);
      expect((await api.submit(BODY)).kind).toBe('reply');
      expect(await api.submit(BODY)).toEqual(fault('reset', true));
      expect(server.connections()).toBe(1);
      expect(await apiAt(server.uri).submit(BODY)).toMatchObject({ kind: 'reply' });
      expect(await apiAt(server.uri).submit(BODY)).toEqual(fault('reset', true));
      expect(server.connections()).toBe(3);
    });

    test('that is trusted: no answer in time has left', async () => {
      trust(own.cert);
      const server = await serveTls(own, () => undefined);
      expect(await apiAt(server.uri, 150).submit(BODY)).toEqual(fault('timeout', true));
    });

    test("that is trusted, but another host's: refused", async () => {
      trust(own.cert);
      const server = await serveTls(own, ok);
      const answer = await apiAt(server.uri.replace('127.0.0.1', 'localhost')).submit(BODY);
      expect(answer).toEqual(fault('tls', false));
      expect(answer).toMatchObject({ detail: 'ERR_TLS_CERT_ALTNAME_INVALID' });
      expect(server.received).toEqual([]);
    });
  });
});

/** Has connections of this test trust one certificate. */
function trust(cert: string): void {
  const { createSecureContext } = tls;
  const spy = vi
    .spyOn(tls, 'createSecureContext')
    .mockImplementation((options) => createSecureContext({ ...options, ca: cert }));
  onTestFinished(() => {
    spy.mockRestore();
  });
}

/** A key and a certificate that vouches for itself; null where there is no openssl. */
function selfSigned(): { key: string; cert: string } | null {
  const folder = mkdtempSync(join(tmpdir(), 'nylas-migrate-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const options = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=127.0.0.1',
  ];
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1'];
  try {
    const made = ['req', '-x509', ...options, ...names, '-days', '2', '-keyout', key, '-out', cert];
    execFileSync('openssl', made, { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } catch {
    return null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
