import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { drawSubmissionFault, parseFault, type Fault } from '../../src/simulator/faults.js';
import { seededRandom } from '../../src/simulator/random.js';
import type { Simulator } from '../../src/simulator/simulator.js';
import { call, post, send, simulatorFor, submit, tokenBody } from './client.js';

const TOKEN = 'sim.ok.ada@example.com';

function always(...kinds: string[]): Promise<Simulator> {
  return simulatorFor({ faults: kinds.map((kind) => parseFault(`${kind}=1`)), slowMs: 20 });
}

function submitRaw(simulator: Simulator): Promise<Response> {
  return send(simulator, '/v3/connect/custom', post(tokenBody('google', TOKEN)));
}

describe('parseFault', () => {
  test.each([
    ['502=0.01', { kind: '502', probability: 0.01 }],
    ['lost=1', { kind: 'lost', probability: 1 }],
    ['throttle:google=.5', { kind: 'throttle:google', probability: 0.5 }],
    ['429:reads=0', { kind: '429:reads', probability: 0 }],
  ])('reads %s', (text, fault) => {
    expect(parseFault(text)).toEqual(fault);
  });

  test.each(['', '502', '502=', '502=2', '502=-1', '502=x', '418=0.1', 'throttle:lotus=1', 'lost:reads=1'])(
    'refuses "%s" and names every kind there is',
    (text) => {
      try {
        parseFault(text);
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        expect((error as UserError).next).toMatch(/429, 500.*late, lost, reset, hang, slow, html, truncated/);
      }
    },
  );
});

describe('draws', () => {
  const faults: readonly Fault[] = [
    { kind: '502', probability: 0.2 },
    { kind: 'lost', probability: 0.3 },
    { kind: 'throttle:microsoft', probability: 0.5 },
  ];

  test('probabilities add up, and a fault for another provider takes no part', () => {
    const struck = (number: number) => drawSubmissionFault(faults, 'google', () => number);
    expect(struck(0.1)?.carriedOut).toBe(false);
    expect(struck(0.4)?.carriedOut).toBe(true);
    expect(struck(0.6)).toBeNull();
    expect(drawSubmissionFault(faults, 'microsoft', () => 0.6)).not.toBeNull();
  });

  test('about the share that was asked for is struck', () => {
    const random = seededRandom(1, 'faults');
    const struck = Array.from({ length: 2000 }, () => drawSubmissionFault(faults, 'google', random));
    expect(struck.filter((effect) => effect !== null).length / 2000).toBeCloseTo(0.5, 1);
  });
});

describe('not carried out', () => {
  test.each([
    ['429', 429, 'nylas_rate_limit_exceeded'],
    ['500', 500, 'api.internal_error'],
    ['503', 503, 'api.internal_error'],
    ['504', 504, 'api.provider_error'],
  ])('%s is answered in Nylas’ words', async (kind, status, type) => {
    const simulator = await always(kind);
    const answer = await submit(simulator, 'google', TOKEN);
    expect([answer.status, answer.body.error?.type]).toEqual([status, type]);
    expect(answer.body.error).not.toHaveProperty('provider_error');
    expect(simulator.grants()).toEqual([]);
  });

  test.each([
    ['502', 502],
    ['html', 200],
  ])('%s is a proxy’s page with status %i', async (kind, status) => {
    const simulator = await always(kind);
    const response = await submitRaw(simulator);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('text/html');
    expect(await response.text()).toContain('<html>');
    expect(simulator.grants()).toEqual([]);
  });

  test('reset cuts the connection', async () => {
    const simulator = await always('reset');
    await expect(submitRaw(simulator)).rejects.toThrow('fetch failed');
    expect(simulator.grants()).toEqual([]);
    expect(simulator.stats().requests).toEqual({ connect: { reset: 1 } });
  });

  test('hang is never answered, and does not keep the simulator from closing', async () => {
    const simulator = await always('hang');
    const waiting = submitRaw(simulator);
    const ended = expect(waiting).rejects.toThrow('fetch failed');
    await expect.poll(() => simulator.stats().requests).toEqual({ connect: { hang: 1 } });
    await simulator.close();
    await ended;
    expect(simulator.grants()).toEqual([]);
  });

  test('throttle strikes its provider alone, with Retry-After in seconds', async () => {
    const simulator = await always('throttle:google');
    const google = await submit(simulator, 'google', TOKEN);
    expect([google.status, google.headers.get('retry-after')]).toEqual([429, '1']);
    expect(google.body.error).toMatchObject({ type: 'rate_limit_error', provider_error: {} });
    expect((await submit(simulator, 'microsoft', TOKEN)).status).toBe(201);
  });
});

describe('carried out all the same', () => {
  test('lost: the connection is cut', async () => {
    const simulator = await always('lost');
    await expect(submitRaw(simulator)).rejects.toThrow('fetch failed');
    expect(simulator.grants()).toHaveLength(1);
  });

  test('late: a 504', async () => {
    const simulator = await always('late');
    expect((await submit(simulator, 'google', TOKEN)).status).toBe(504);
    expect(simulator.grants()).toHaveLength(1);
  });

  test('truncated: a 201 whose JSON is cut', async () => {
    const simulator = await always('truncated');
    const response = await submitRaw(simulator);
    expect(response.status).toBe(201);
    const text = await response.text();
    expect(text).toMatch(/^\{"request_id"/);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    expect(simulator.grants()).toHaveLength(1);
  });

  test('slow: whole in the end, in many pieces', async () => {
    const simulator = await always('slow');
    const answer = await submit(simulator, 'google', TOKEN);
    expect(answer.status).toBe(201);
    expect(answer.body.data).toMatchObject({ email: 'ada@example.com' });
  });
});

test('a fault leaves reads alone unless it is one for reads', async () => {
  expect((await call(await always('503'), '/v3/grants')).status).toBe(200);
  const simulator = await always('503:reads');
  expect((await call(simulator, '/v3/grants')).status).toBe(503);
  expect((await submit(simulator, 'google', TOKEN)).status).toBe(201);
});

test('a refusal is refused before any fault strikes', async () => {
  expect((await submit(await always('lost'), 'lotus', TOKEN)).status).toBe(400);
});
