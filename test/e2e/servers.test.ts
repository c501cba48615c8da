import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { openReader } from '../../src/adapters/sqlite/reader.js';
import { API_KEY, endOf, startCli, testFolder, type CliResult } from '../support/cli.js';
import { runHere } from '../support/command.js';
import { closedUri, isWhole, serve, serveTcp, serveTls, type Loopback } from '../support/http.js';

/** How a faulty server answers one call; undefined: as a good one does. */
type Fault = (response: ServerResponse, call: Call) => unknown;

interface Call {
  readonly what: 'application' | 'connectors' | 'grants' | 'connect';
  readonly url: URL;
  readonly body: string;
  readonly good: () => void;
}

interface Grant {
  readonly id: string;
  readonly provider: string;
  readonly email: string;
  readonly state: string;
  readonly [name: string]: unknown;
}

const USERS = ['ada', 'bob', 'cy'];
const nowS = (): number => Math.floor(Date.now() / 1000);

/** A small Nylas with a list of grants of its own, which some calls can be taken from. */
async function nylas(grants: Map<string, Grant>, fault: Fault = () => undefined): Promise<Loopback> {
  return serve((response, { url: path, method, headers, body }) => {
    if (headers.authorization !== `Bearer ${API_KEY}`) {
      json(response, 401, { error: { type: 'x' } });
      return;
    }
    const url = new URL(path, 'http://localhost');
    const name = method === 'POST' ? 'connect' : (url.pathname.split('/')[2] ?? '');
    const what = name === 'applications' ? 'application' : (name as Call['what']);
    const good = (): void => {
      answerWell(response, { what, url, body }, grants);
    };
    if (fault(response, { what, url, body, good }) === undefined) good();
  });
}

function answerWell(
  response: ServerResponse,
  { what, url, body }: Pick<Call, 'what' | 'url' | 'body'>,
  grants: Map<string, Grant>,
): void {
  switch (what) {
    case 'application':
      json(response, 200, { request_id: 'r', data: { application_id: 'app-1' } });
      return;
    case 'connectors':
      json(response, 200, { request_id: 'r', data: [{ provider: 'google' }] });
      return;
    case 'grants': {
      const email = url.searchParams.get('email');
      const offset = Number(url.searchParams.get('offset') ?? 0);
      const found = [...grants.values()].filter((grant) => email === null || grant.email === email);
      json(response, 200, { request_id: 'r', data: found.slice(offset) });
      return;
    }
    case 'connect':
      json(response, 201, { request_id: 'r', data: make(grants, body) });
  }
}

function make(grants: Map<string, Grant>, body: string): Grant {
  const { provider, state } = JSON.parse(body) as { provider: string; state: string };
  const known = grants.get(state);
  const made = {
    id: known?.id ?? `grant-${grants.size + 1}`,
    provider,
    state,
    email: `${state}@example.com`,
    grant_status: 'valid',
    scope: ['a'],
    created_at: nowS(),
    updated_at: nowS(),
  };
  grants.set(state, made);
  return made;
}

function json(response: ServerResponse, status: number, body: unknown, headers = {}): string {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
  return 'answered';
}

function writeUsers(cwd: string): void {
  const rows = USERS.map((user) => `${user},google,${user}@example.com,token-of-${user}`);
  const text = ['account_id,provider,email,refresh_token', ...rows, ''].join('\n');
  writeFileSync(join(cwd, 'users.csv'), text, { mode: 0o600 });
}

const QUICK = ['--rate', '0', '--timeout', '400ms', '--settle-delay', '50ms', '--attempts-max', '2'];

interface Run extends CliResult {
  readonly buckets: Readonly<Record<string, number>>;
  readonly balanced: boolean;
  readonly tookMs: number;
}

/** Runs against the server, and reads what it says of the books, if it came that far. */
async function run(cwd: string, uri: string, ...more: readonly string[]): Promise<Run> {
  writeUsers(cwd);
  const startedMs = performance.now();
  const result = await runHere(['run', 'users.csv', '--api-uri', uri, ...QUICK, '--json', ...more], { cwd });
  const tookMs = performance.now() - startedMs;
  expect(result.stderr).not.toContain('This is a bug');
  const { balance, balanced } = JSON.parse(result.stdout) as {
    balance?: { buckets: Record<string, number> };
    balanced?: boolean;
  };
  return { ...result, tookMs, buckets: balance?.buckets ?? {}, balanced: balanced ?? true };
}

/** With a good server everybody gets their one grant. */
async function expectCompletes(cwd: string, grants: Map<string, Grant>): Promise<void> {
  const good = await nylas(grants);
  // What was left to wait rests for at least a minute: that is told from a run that hangs.
  makeDue(cwd);
  const last = await run(cwd, good.uri);
  expect(last.exitCode, last.stdout + last.stderr).toBe(0);
  expect(last.balanced).toBe(true);
  expect(grants.size).toBe(USERS.length);
  expect(records(cwd).map(({ status }) => status)).toEqual(USERS.map(() => 'migrated'));
}

function makeDue(cwd: string): void {
  const db = new Sqlite(join(cwd, 'migration.db'));
  db.exec('UPDATE records SET not_before = 0');
  db.close();
}

function records(cwd: string) {
  const reader = openReader(join(cwd, 'migration.db'));
  try {
    return [...reader.records({ statuses: null, categories: null })];
  } finally {
    reader.close();
  }
}

function dribble(response: ServerResponse, text: string, everyMs: number): string {
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write(text), everyMs);
  response.on('close', () => {
    clearInterval(timer);
  });
  return 'answered';
}

function flood(response: ServerResponse): string {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunk = '[1,'.repeat(20_000);
  const more = (): void => {
    while (!response.destroyed) {
      if (!response.write(chunk)) {
        response.once('drain', more);
        return;
      }
    }
  };
  more();
  return 'answered';
}

const raw = (response: ServerResponse, bytes: string | Buffer): string => {
  response.socket?.end(bytes);
  return 'answered';
};

const deep = `{"data":${'{"data":'.repeat(100_000)}1${'}'.repeat(100_000)}}`;
const notUtf8 = Buffer.concat([
  Buffer.from('{"data":{"id":"'),
  Buffer.from([0xc3, 0x28, 0xff]),
  Buffer.from('"'),
]);
const proto =
  '{"__proto__":{"data":{"id":"x"}},"data":{"__proto__":{"id":"y"},"constructor":{"prototype":{"z":1}}}}';
const protoError =
  '{"error":{"type":"toString","message":"m","provider_error":{"__proto__":{"error":"invalid_grant"},"constructor":1}}}';

/** What is answered to every submission, so that the outcome is unknown: nobody is lost, and nobody is done. */
const UNKNOWN: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
  'that dribbles on and on': (response) => dribble(response, ' ', 20),
  'without an end': flood,
  'with a megabyte of headers': (response) =>
    raw(response, `HTTP/1.1 200 OK\r\n${`x: ${'y'.repeat(1_000)}\r\n`.repeat(1_000)}\r\n`),
  'of bytes that are no UTF-8': (response) => response.writeHead(201).end(notUtf8),
  'of JSON without a bottom': (response) => response.writeHead(200).end(deep),
  'of __proto__ keys': (response) => response.writeHead(201).end(proto),
  'of HTML with a 200': (response) => response.writeHead(200).end('<html>Welcome</html>'),
  'of nothing with a 204': (response) => response.writeHead(204).end(),
  'that promises more than it sends': (response) =>
    raw(response, 'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{}'),
  'that is compressed, unasked': (response) =>
    response.writeHead(201, { 'content-encoding': 'gzip' }).end(Buffer.from([0x1f, 0x8b, 8, 0])),
  'that switches protocols': (response) =>
    raw(response, 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
  'of a status that is none': (response) => raw(response, 'HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\n{}'),
  'of a megabyte of id': (response) => json(response, 201, { data: { id: 'i'.repeat(1_000_000) } }),
};

describe.each(Object.entries(UNKNOWN))('an answer %s', (_what, answer) => {
  it('ends in time with doubts, and a rerun completes', async () => {
    const cwd = testFolder();
    const grants = new Map<string, Grant>();
    const server = await nylas(grants, (response, { what }) =>
      what === 'connect' ? (answer(response), 'answered') : undefined,
    );
    const result = await run(cwd, server.uri);
    expect(result.exitCode, result.stdout + result.stderr).toBe(7);
    expect(result.balanced).toBe(true);
    expect((result.buckets['waiting'] ?? 0) + (result.buckets['in_doubt'] ?? 0)).toBe(USERS.length);
    expect(result.tookMs).toBeLessThan(10_000);
    await expectCompletes(cwd, grants);
  });
});

describe('an answer that is late, though the grant was made', () => {
  it('is not asked for twice: the grant is found', async () => {
    const cwd = testFolder();
    const grants = new Map<string, Grant>();
    const server = await nylas(grants, (response, { what, body }) => {
      if (what !== 'connect') return undefined;
      make(grants, body);
      return dribble(response, ' ', 20);
    });
    const result = await run(cwd, server.uri);
    expect(result.exitCode, result.stdout + result.stderr).toBe(0);
    expect(server.received.filter(({ method }) => method === 'POST')).toHaveLength(USERS.length);
    expect(records(cwd).map(({ origin }) => origin)).toEqual(USERS.map(() => 'adopted'));
  });
});

describe('every kind of call', () => {
  const calls = ['application', 'connectors', 'grants'] as const;
  const answers = [
    'that dribbles on and on',
    'without an end',
    'of JSON without a bottom',
    'of HTML with a 200',
  ];
  const cases = calls.flatMap((call) => answers.map((answer) => [call, answer] as const));

  it.each(cases)('%s with an answer %s: an exit code of the table, in time', async (call, name) => {
    const cwd = testFolder();
    const grants = new Map<string, Grant>();
    const server = await nylas(grants, (response, { what }) =>
      what === call ? (UNKNOWN[name]?.(response), 'answered') : undefined,
    );
    const result = await run(cwd, server.uri);
    const expected = call === 'connectors' ? [0] : call === 'grants' ? [7] : [2, 7];
    expect(expected, result.stdout + result.stderr).toContain(result.exitCode);
    if (call !== 'connectors') expect(grants.size).toBe(0);
  });
});

describe('a 201 for another user', () => {
  it('is held, never taken for the row’s own, and says for whom it is', async () => {
    const cwd = testFolder();
    const grants = new Map<string, Grant>();
    const server = await nylas(grants, (response, { what, body }) => {
      if (what !== 'connect') return undefined;
      return json(response, 201, {
        data: { ...make(grants, body), email: 'eve@example.com', id: 'grant-of-eve' },
      });
    });
    const result = await run(cwd, server.uri);
    expect(result.exitCode, result.stdout).toBe(3);
    expect(result.buckets).toMatchObject({ failed: USERS.length, migrated: 0 });
    for (const record of records(cwd)) {
      expect(record).toMatchObject({ status: 'failed', category: 'email_mismatch', grantId: 'grant-of-eve' });
    }
    const explained = await runHere(['explain', 'ada'], { cwd });
    expect(explained.stdout).toContain('eve@example.com');
  });
});

describe('a redirect', () => {
  it.each([301, 302, 307, 308])('of %i is not followed, by any call', async (status) => {
    const cwd = testFolder();
    const other = await serve((response) =>
      json(response, 200, { data: { id: 'stolen', application_id: 'app-1' } }),
    );
    const redirect = (response: ServerResponse): string => {
      response.writeHead(status, { location: `${other.uri}/v3/x` }).end();
      return 'answered';
    };
    for (const call of ['application', 'connectors', 'grants', 'connect']) {
      const server = await nylas(new Map(), (response, { what }) =>
        what === call ? redirect(response) : undefined,
      );
      const result = await run(cwd, server.uri, '--ledger', `${call}.db`);
      expect(result.exitCode, call).toBe(call === 'connectors' ? 0 : call === 'application' ? 2 : 7);
    }
    expect(other.received).toEqual([]);
    expect(other.connections()).toBe(0);
  });
});

describe('TLS', () => {
  it('to a port that speaks none: nothing is sent', async () => {
    const cwd = testFolder();
    const server = await nylas(new Map());
    const result = await run(cwd, server.uri.replace('http:', 'https:'));
    expect(result.exitCode, result.stderr).toBe(7);
    expect(result.stderr).toMatch(/\(tls\)/);
    expect(server.received).toEqual([]);
  });

  const identity = selfSigned();

  it.skipIf(identity === null)('with a certificate that does not verify: nothing is sent', async () => {
    const cwd = testFolder();
    const server = await serveTls(identity ?? { key: '', cert: '' }, (response) => {
      response.end('{}');
    });
    writeUsers(cwd);
    const args = ['run', 'users.csv', '--api-uri', server.uri, '--timeout', '2s'];
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const result = await runHere(args, { cwd, env });
    expect(result.exitCode, result.stderr).toBe(7);
    expect(result.stderr).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(server.received).toEqual([]);
  });

  it('that the host does not answer: an end in time', async () => {
    const cwd = testFolder();
    const server = await serveTcp(() => undefined);
    const result = await run(cwd, server.uri.replace('http:', 'https:'));
    expect(result.exitCode, result.stderr).toBe(7);
    expect((await run(cwd, await closedUri())).exitCode).toBe(7);
  });
});

describe('a connection that is kept', () => {
  it('and cut after each answer: everybody is migrated, nobody twice', async () => {
    const cwd = testFolder();
    const grants = new Map<string, Grant>();
    const server = await nylas(grants, (response) => {
      const { socket } = response;
      response.on('finish', () => setImmediate(() => socket?.destroy()));
      return undefined;
    });
    const result = await run(cwd, server.uri, '--concurrency-max', '1');
    expect(result.exitCode, result.stdout + result.stderr).toBe(0);
    expect(grants.size).toBe(USERS.length);
  });

  it('and cut under the next request: a doubt, that a rerun settles', async () => {
    const cwd = testFolder();
    const grants = new Map<string, Grant>();
    const server = await nylas(grants, (response, { what, body }) => {
      if (what !== 'connect') return undefined;
      make(grants, body);
      response.socket?.resetAndDestroy();
      return 'answered';
    });
    const result = await run(cwd, server.uri);
    expect(result.exitCode, result.stdout + result.stderr).toBe(0);
    expect(server.received.filter(({ method }) => method === 'POST')).toHaveLength(USERS.length);
    await expectCompletes(cwd, grants);
  });

  it('to something that speaks no HTTP', async () => {
    const cwd = testFolder();
    const server = await serveTcp((socket: Socket, soFar) => {
      if (isWhole(soFar)) socket.end('220 mail.example.com ESMTP\r\n');
    });
    expect((await run(cwd, server.uri)).exitCode).toBe(7);
  });
});

describe('a listing', () => {
  it('that answers every page with the same one ends', async () => {
    const cwd = testFolder();
    const grants = new Map<string, Grant>();
    const page = ['x', 'y'].map((name) => ({ id: name, provider: 'google', email: `${name}@example.com` }));
    const server = await nylas(grants, (response, { what }) =>
      what === 'grants' ? json(response, 200, { data: page }) : undefined,
    );
    const result = await run(cwd, server.uri);
    expect(result.exitCode, result.stdout + result.stderr).toBe(0);
    expect(server.received.filter(({ url }) => url.startsWith('/v3/grants')).length).toBeLessThan(5);
  });

  it('of ever new grants is left at once by a signal; the run resumes', async () => {
    const cwd = testFolder();
    const grants = new Map<string, Grant>();
    let count = 0;
    const server = await nylas(grants, (response, { what }) =>
      what === 'grants'
        ? json(response, 200, { data: [{ id: `g${count++}` }, { id: `g${count++}` }] })
        : undefined,
    );
    writeUsers(cwd);
    const child = startCli(['run', 'users.csv', '--api-uri', server.uri, ...QUICK], { cwd });
    const ended = endOf(child);
    while (count < 50) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill('SIGTERM');
    expect((await ended).exitCode).toBe(143);
    expect(grants.size).toBe(0);
    await expectCompletes(cwd, grants);
  });

  const times = [1e300, -1, 1.5, 9e15, '1700000000', null, [], true, 0, 253_402_300_800];
  const absurd = times.map((time, n) => ({
    id: `t${n}`,
    provider: 'google',
    created_at: time,
    updated_at: time,
  }));

  it.each<readonly [string, readonly unknown[]]>([
    ['absurd times', absurd],
    ['an id of a megabyte', [{ id: 'i'.repeat(1_000_000), email: 'x@example.com' }]],
    ['an email and a state of a megabyte', [{ id: 'a', email: 'e'.repeat(1e6), state: 's'.repeat(1e6) }]],
    ['a hundred thousand scopes', [{ id: 'a', scope: Array.from({ length: 1e5 }, (_, n) => `scope-${n}`) }]],
    ['what is no grant', [null, 1, 'x', [], {}, { id: 7 }, { id: '' }, { id: {} }, { id: 'ok', scope: 'x' }]],
    [
      'keys like __proto__',
      [JSON.parse('{"id":"__proto__","__proto__":{"email":"a@b.c"},"state":"constructor"}')],
    ],
    [
      'emails and states that are no text',
      [{ id: 'a', email: 5, state: {}, grant_status: [], provider: true }],
    ],
    ['lone surrogates and NULs', [{ id: 'a\ud800\0', email: '\udfff@example.com\0', state: '\0' }]],
  ])('of grants with %s does no harm', async (_what, data) => {
    const cwd = testFolder();
    const grants = new Map<string, Grant>();
    const server = await nylas(grants, (response, { what, url }) =>
      what === 'grants' && url.searchParams.get('offset') === '0' ? json(response, 200, { data }) : undefined,
    );
    const result = await run(cwd, server.uri);
    expect(result.exitCode, result.stdout + result.stderr).toBe(0);
    expect(grants.size).toBe(USERS.length);
    const size = readFileSync(join(cwd, 'migration.db')).length;
    expect(size).toBeLessThan(400_000);
  });
});

describe('a grant', () => {
  it.each<readonly [string, object, number]>([
    ['made in the year 1e300', { created_at: 1e300, updated_at: 1e300 }, 0],
    ['made before time', { created_at: -1, updated_at: '1' }, 0],
    ['with a hundred thousand scopes', { scope: Array.from({ length: 1e5 }, (_, n) => `scope-${n}`) }, 0],
    ['with a megabyte of email', { email: 'e'.repeat(1e6) }, 3],
    ['with a status and a state of a megabyte', { grant_status: 's'.repeat(1e6), state: 't'.repeat(1e6) }, 0],
    ['with __proto__ for a name', JSON.parse('{"id":"__proto__","__proto__":{"id":"x"}}') as object, 0],
  ])('%s ends the run well, in a ledger of a decent size', async (_what, more, exitCode) => {
    const cwd = testFolder();
    const grants = new Map<string, Grant>();
    const server = await nylas(grants, (response, { what, body }) =>
      what === 'connect' ? json(response, 201, { data: { ...make(grants, body), ...more } }) : undefined,
    );
    const result = await run(cwd, server.uri);
    expect(result.exitCode, result.stdout + result.stderr).toBe(exitCode);
    expect(result.balanced).toBe(true);
    expect(readFileSync(join(cwd, 'migration.db')).length).toBeLessThan(600_000);
    expect((await runHere(['report', '--format', 'json'], { cwd })).exitCode).toBe(0);
  });

  it('of an error with __proto__ keys is a refusal like any', async () => {
    const cwd = testFolder();
    const server = await nylas(new Map(), (response, { what }) =>
      what === 'connect' ? (response.writeHead(400).end(protoError), 'answered') : undefined,
    );
    const result = await run(cwd, server.uri);
    expect(result.exitCode, result.stdout + result.stderr).toBe(3);
    expect(records(cwd)[0]).toMatchObject({ status: 'failed', errorType: 'toString' });
  });
});

describe('a server whose Date is garbage', () => {
  it.each([
    ['no date', 'garbage 1'],
    ['a number', '7'],
    ['far ahead', 'Fri, 31 Dec 9999 23:59:59 GMT'],
    ['far back', 'Thu, 01 Jan 1970 00:00:00 GMT'],
    ['no such day', 'Sun, 99 Foo 2026 99:99:99 GMT'],
  ])('(%s): everybody is migrated once, and nothing is hidden from the next run', async (_what, date) => {
    const cwd = testFolder();
    const grants = new Map<string, Grant>();
    let isFirst = true;
    const server = await nylas(grants, (response, { what, body }) => {
      response.setHeader('date', date);
      if (what !== 'connect' || !isFirst) return undefined;
      isFirst = false;
      make(grants, body);
      return response.destroy();
    });
    const result = await run(cwd, server.uri);
    expect(result.exitCode, result.stdout + result.stderr).toBe(0);
    expect(grants.size).toBe(USERS.length);
    expect(server.received.filter(({ method }) => method === 'POST')).toHaveLength(USERS.length);
    const db = new Sqlite(join(cwd, 'migration.db'), { readonly: true });
    const until = db.prepare<[], number>('SELECT listed_until FROM ledger').pluck().get() ?? NaN;
    db.close();
    expect(until).toBeLessThanOrEqual(nowS());
    expect(until).toBeGreaterThanOrEqual(0);
  });
});

describe('an application', () => {
  const ESC = String.fromCharCode(27);

  it('with a name of escapes and without an end moves no cursor', async () => {
    const cwd = testFolder();
    const name = `${ESC}[2J${ESC}]0;owned\u0007\u202E${'x'.repeat(100_000)}`;
    const server = await nylas(new Map(), (response, { what }) => {
      if (what === 'connectors') return json(response, 200, { data: [{ provider: `google${ESC}[31m` }] });
      const data = { application_id: 'app-1', environment: `${ESC}[0m`, branding: { name } };
      return what === 'application' ? json(response, 200, { data }) : undefined;
    });
    const result = await run(cwd, server.uri);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.stderr).not.toContain(ESC);
    expect(result.stderr).not.toContain('\u202E');
    expect(result.stderr.length).toBeLessThan(2_000);
  });

  it.each([
    ['a megabyte', 'i'.repeat(1_000_000)],
    ['a line break', 'app\n1'],
    ['a number', 5],
    ['the key', API_KEY],
  ])('whose id is %s is none of Nylas’: exit 2', async (_what, id) => {
    const cwd = testFolder();
    const server = await nylas(new Map(), (response, { what }) =>
      what === 'application' ? json(response, 200, { data: { application_id: id } }) : undefined,
    );
    const result = await run(cwd, server.uri);
    expect(result.exitCode, result.stderr).toBe(2);
    expect(result.stderr).toContain("isn't Nylas v3");
  });
});

/** A key and a certificate that vouches for itself; null where there is no openssl. */
function selfSigned(): { key: string; cert: string } | null {
  const folder = mkdtempSync(join(tmpdir(), 'nylas-migrate-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=127.0.0.1'];
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1'];
  try {
    const made = ['req', '-x509', ...kind, ...names, '-days', '2', '-keyout', key, '-out', cert];
    execFileSync('openssl', made, { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } catch {
    return null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
