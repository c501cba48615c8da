import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { startSimulator } from '../../src/simulator/simulator.js';
import {
  call,
  connect,
  emailsOf,
  grantOf,
  grantsOf,
  post,
  send,
  simulatorFor,
  submit,
  tokenBody,
} from './client.js';

describe('every answer', () => {
  test('has a request id of its own, x-fastly-id and a Date by the simulator’s clock', async () => {
    const simulator = await simulatorFor({ now: () => Date.UTC(2030, 0, 2, 3, 4, 5) });
    const answers = [await call(simulator, '/v3/grants'), await call(simulator, '/nowhere')];
    for (const { body, headers } of answers) {
      expect(body.request_id).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get('x-fastly-id')).toMatch(/^[0-9a-f]{16}$/);
      expect(headers.get('date')).toBe('Wed, 02 Jan 2030 03:04:05 GMT');
    }
    expect(answers[0]?.body.request_id).not.toBe(answers[1]?.body.request_id);
  });

  test.each([['Bearer wrong'], ['Basic sim-api-key'], ['']])('is a 401 for the key "%s"', async (key) => {
    const { status, body } = await call(await simulatorFor(), '/v3/grants', {
      headers: { authorization: key },
    });
    expect([status, body.error?.type]).toEqual([401, 'api.authentication_error']);
  });

  test.each([
    ['GET', '/'],
    ['GET', '//'],
    ['GET', '/v3/connect/custom'],
    ['POST', '/v3/grants'],
    ['GET', '/v3/grants/'],
  ])('is a 404 for %s %s', async (method, path) => {
    const { status, body } = await call(await simulatorFor(), path, { method });
    expect([status, body.error?.type]).toEqual([404, 'api.not_found_error']);
  });

  test('makes a grant once somebody has made the connector', async () => {
    const simulator = await simulatorFor({ connectors: ['microsoft'] });
    const made = await call(simulator, '/simulate/connector', post({ provider: 'google' }));
    expect(made.status).toBe(200);
    expect((await submit(simulator, 'google', 'sim.ok.ada@example.com')).status).toBe(201);
    const { body } = await call(simulator, '/v3/connectors');
    expect(body.data).toMatchObject([{ provider: 'microsoft' }, { provider: 'google' }]);
    expect((await call(simulator, '/simulate/connector', post({ provider: 'gogle' }))).status).toBe(400);
  });
});

describe('POST /v3/connect/custom', () => {
  test('answers 201 with the grant, stamped in Unix seconds', async () => {
    const simulator = await simulatorFor({ now: () => 1_700_000_000_900 });
    const settings = { refresh_token: 'sim.ok.ada@example.com', credential_id: 'c-1' };
    const answer = await connect(simulator, {
      provider: 'google',
      settings,
      state: 'k-1',
      scope: ['a', 'b'],
    });
    expect(answer.status).toBe(201);
    expect(answer.body.data).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      provider: 'google',
      email: 'ada@example.com',
      grant_status: 'valid',
      state: 'k-1',
      scope: ['a', 'b'],
      credential_id: 'c-1',
      created_at: 1_700_000_000,
      updated_at: 1_700_000_000,
    });
    expect(simulator.grants()).toEqual([answer.body.data]);
  });

  test('re-authenticates a mailbox that has a grant: the same id, a newer updated_at', async () => {
    let nowMs = 1_700_000_000_000;
    const seed = {
      provider: 'google',
      email: 'Ada@example.com',
      grant_status: 'invalid',
      created_at: 1,
    } as const;
    const simulator = await simulatorFor({ now: () => nowMs, grants: [seed] });
    const [before] = simulator.grants();
    nowMs += 5000;
    const answer = await submit(simulator, 'google', 'sim.ok.ada@example.com');
    expect(answer.body.data).toMatchObject({ id: before?.id, created_at: 1, updated_at: 1_700_000_005 });
    expect(grantOf(answer).grant_status).toBe('valid');
    expect(simulator.stats()).toMatchObject({ grantsCreated: 0, grantsReauthenticated: 1 });
  });

  test('answers 404 where the provider has no connector', async () => {
    const simulator = await simulatorFor({ connectors: ['microsoft'] });
    const { status, body } = await submit(simulator, 'google', 'sim.ok.ada@example.com');
    expect([status, body.error?.type]).toEqual([404, 'api.not_found_error']);
  });

  test('refuses a body of more than 1 MiB, and keeps the connection usable', async () => {
    const simulator = await simulatorFor();
    const huge = await submit(simulator, 'google', 'x'.repeat(1024 * 1024));
    expect(huge.status).toBe(413);
    expect((await submit(simulator, 'google', 'sim.ok.ada@example.com')).status).toBe(201);
  });

  test('is carried out although the client left before the answer', async () => {
    const simulator = await simulatorFor({ latencyMs: 600 });
    const client = new AbortController();
    const init = { ...post(tokenBody('google', 'sim.ok.ada@example.com')), signal: client.signal };
    const left = expect(send(simulator, '/v3/connect/custom', init)).rejects.toThrow('aborted');
    await expect.poll(() => simulator.stats().inFlightMax).toBe(1);
    client.abort();
    await left;
    await expect.poll(() => simulator.stats().requests, { timeout: 5000 }).toEqual({ connect: { '201': 1 } });
    expect(simulator.grants()).toHaveLength(1);
  });
});

test('a client that leaves in the middle of its body is counted as such', async () => {
  const simulator = await simulatorFor();
  const headers = { authorization: 'Bearer sim-api-key', 'content-length': '1000' };
  const leaving = request(`${simulator.url}/v3/connect/custom`, { method: 'POST', headers });
  leaving.on('error', () => undefined);
  leaving.write('{"provider":');
  await expect.poll(() => simulator.stats().inFlightMax).toBe(1);
  leaving.destroy();
  await expect.poll(() => simulator.stats().requests).toEqual({ connect: { aborted: 1 } });
});

test('a bug of the simulator’s own is answered as one, not by silence', async () => {
  const directory = new Map<string, string>();
  directory.get = () => {
    throw new Error('broken directory');
  };
  const { status, body } = await submit(await simulatorFor({ directory }), 'google', 'token-of-ada');
  expect([status, body.error?.type]).toEqual([500, 'simulator.bug']);
});

describe('grants', () => {
  const seeds = Array.from({ length: 25 }, (_, index) => ({
    provider: index % 5 === 0 ? ('zoom' as const) : ('google' as const),
    email: `User${index}@example.com`,
    account_id: `acc-${index}`,
    created_at: 1000 + index,
    grant_status: index === 7 ? ('invalid' as const) : ('valid' as const),
  }));

  test('are listed ten at a time, the newest first', async () => {
    const answer = await call(await simulatorFor({ grants: seeds }), '/v3/grants');
    expect(answer.body).toMatchObject({ limit: 10, offset: 0 });
    expect(grantsOf(answer).map(({ created_at }) => created_at)).toEqual(
      Array.from({ length: 10 }, (_, index) => 1024 - index),
    );
  });

  test('are all seen once when paged to the end, whatever the largest page is', async () => {
    const simulator = await simulatorFor({ grants: seeds, pageMax: 7 });
    const ids = new Set<string>();
    for (let offset = 0; ;) {
      const page = grantsOf(await call(simulator, `/v3/grants?limit=200&offset=${offset}`));
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(7);
      for (const { id } of page) ids.add(id);
      offset += page.length;
    }
    expect(ids.size).toBe(25);
  });

  test.each([
    ['email=uSER3@EXAMPLE.com', ['User3@example.com']],
    ['email=nobody@example.com', []],
    ['account_id=acc-4', ['User4@example.com']],
    ['grant_status=invalid', ['User7@example.com']],
    ['provider=zoom&limit=2&order_by=asc', ['User0@example.com', 'User5@example.com']],
    ['since=1003&before=1004', ['User4@example.com', 'User3@example.com']],
    ['sort_by=updated_at&order_by=asc&limit=1', ['User0@example.com']],
  ])('are filtered by %s', async (query, emails) => {
    expect(emailsOf(await call(await simulatorFor({ grants: seeds }), `/v3/grants?${query}`))).toEqual(
      emails,
    );
  });

  test.each([
    'limit=ten',
    'offset=-1',
    'since=yesterday',
    'sort_by=email',
    'order_by=up',
    'grant_status=ill',
  ])('are refused for %s, by the parameter’s name', async (query) => {
    const { status, body } = await call(await simulatorFor(), `/v3/grants?${query}`);
    expect(status).toBe(400);
    expect(body.error?.message).toContain(query.split('=')[0]);
  });

  test('are found by id, deleted for good, and then gone', async () => {
    const simulator = await simulatorFor();
    const { id } = grantOf(await submit(simulator, 'google', 'sim.ok.ada@example.com'));
    expect(grantOf(await call(simulator, `/v3/grants/${id}`)).email).toBe('ada@example.com');
    expect(await call(simulator, `/v3/grants/${id}`, { method: 'DELETE' })).toMatchObject({ status: 200 });
    for (const method of ['GET', 'DELETE']) {
      expect((await call(simulator, `/v3/grants/${id}`, { method })).status).toBe(404);
    }
    expect(grantOf(await submit(simulator, 'google', 'sim.ok.ada@example.com')).id).not.toBe(id);
    expect(simulator.stats()).toMatchObject({ grantsCreated: 2, grantsDeleted: 1 });
  });

  test.each([
    ['google', 'calendars', 200],
    ['google', 'messages', 200],
    ['zoom', 'messages', 400],
    ['virtual-calendar', 'calendars', 200],
  ] as const)('of %s answer %s with %i', async (provider, endpoint, status) => {
    const simulator = await simulatorFor({ grants: [{ provider, email: 'ada@example.com', id: 'g-1' }] });
    expect((await call(simulator, `/v3/grants/g-1/${endpoint}?limit=1`)).status).toBe(status);
    expect((await call(simulator, `/v3/grants/g-2/${endpoint}?limit=1`)).status).toBe(404);
  });
});

test('connectors are those that were chosen, in pages', async () => {
  const simulator = await simulatorFor({ connectors: ['google', 'microsoft', 'zoom'] });
  const providers = async (query: string) => {
    const { body } = await call(simulator, `/v3/connectors${query}`);
    return (body.data as { provider: string }[]).map(({ provider }) => provider);
  };
  expect(await providers('')).toEqual(['google', 'microsoft', 'zoom']);
  expect(await providers('?limit=2&offset=2')).toEqual(['zoom']);
});

test('the application is the one that was chosen', async () => {
  const simulator = await simulatorFor({ applicationId: 'app-1', region: 'eu', environment: 'production' });
  expect((await call(simulator, '/v3/applications')).body.data).toMatchObject({
    application_id: 'app-1',
    region: 'eu',
    environment: 'production',
    branding: { name: 'Nylas simulator' },
  });
});

describe('the rate limit', () => {
  test('holds for every sliding second and every kind of call, and refused calls use nothing up', async () => {
    let nowMs = 500;
    const simulator = await simulatorFor({ ratePerSecond: 3, now: () => nowMs });
    const statusAt = async (at: number, path: string) => {
      nowMs = at;
      return (await call(simulator, path)).status;
    };
    expect(await statusAt(500, '/v3/grants')).toBe(200);
    expect(await statusAt(900, '/v3/connectors')).toBe(200);
    expect(await statusAt(950, '/nowhere')).toBe(404);
    expect(await statusAt(1100, '/v3/grants')).toBe(429);
    expect(await statusAt(1499, '/v3/grants')).toBe(429);
    expect(await statusAt(1500, '/v3/grants')).toBe(200);
    expect(simulator.stats()).toMatchObject({ requestsTotal: 6, requestsPerSecondMax: 5 });
  });

  test('is told as the application’s, without a provider error', async () => {
    const simulator = await simulatorFor({ ratePerSecond: 0 });
    const { status, body } = await submit(simulator, 'google', 'sim.ok.ada@example.com');
    expect([status, body.error?.type]).toEqual([429, 'nylas_rate_limit_exceeded']);
    expect(body.error).not.toHaveProperty('provider_error');
  });
});

test('submissions for one mailbox that overlap are noticed, and so is what is in flight at once', async () => {
  const simulator = await simulatorFor({ latencyMs: { min: 200, max: 300 } });
  const tokens = ['sim.ok.ada@example.com', 'sim.ok.ADA@example.com#2', 'sim.ok.bob@example.com'];
  await Promise.all(tokens.map((token) => submit(simulator, 'google', token)));
  expect(simulator.stats()).toMatchObject({ sameMailboxInFlightMax: 2, inFlightMax: 3 });
});

test('the same seed strikes the same requests', async () => {
  const outcomes = async (seed: number) => {
    const simulator = await simulatorFor({ seed, faults: [{ kind: '503', probability: 0.5 }] });
    const statuses: number[] = [];
    for (let index = 0; index < 30; index += 1) {
      statuses.push((await submit(simulator, 'google', `sim.ok.user${index}@example.com`)).status);
    }
    return statuses;
  };
  const first = await outcomes(1);
  expect(await outcomes(1)).toEqual(first);
  expect(await outcomes(2)).not.toEqual(first);
});

describe('starting and closing', () => {
  test('listens on 127.0.0.1 alone', async () => {
    expect((await simulatorFor()).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('close ends idle kept-alive connections and frees the port', async () => {
    const simulator = await startSimulator();
    expect((await call(simulator, '/v3/grants')).status).toBe(200);
    await simulator.close();
    const again = await simulatorFor({ port: Number(new URL(simulator.url).port) });
    expect(again.url).toBe(simulator.url);
  });

  test('a port that is taken is the user’s to mend', async () => {
    const { url } = await simulatorFor();
    const taken = startSimulator({ port: Number(new URL(url).port) });
    await expect(taken).rejects.toThrow(UserError);
    await expect(taken).rejects.toThrow('EADDRINUSE');
  });
});
