import { describe, expect, test } from 'vitest';
import { call, connect, grantOf, simulatorFor, submit } from './client.js';

test.each([
  ['revoked', 'google', 400, 'token.exchange_failed', 'invalid_grant', 'Token has been expired or revoked.'],
  ['revoked', 'microsoft', 400, 'token.exchange_failed', 'invalid_grant', 'AADSTS70000'],
  ['consent', 'microsoft', 400, 'token.exchange_failed', 'invalid_grant', 'AADSTS65001'],
  ['consent', 'google', 400, 'token.exchange_failed', 'admin_policy_enforced', 'administrator'],
  ['interaction', 'microsoft', 400, 'token.exchange_failed', 'interaction_required', 'AADSTS50076'],
  ['client', 'microsoft', 400, 'token.exchange_failed', 'invalid_client', 'AADSTS7000215'],
  ['client', 'google', 400, 'token.exchange_failed', 'invalid_client', 'OAuth client'],
])('%s of %s: %i %s, %s, %s', async (scenario, provider, status, type, error, description) => {
  const simulator = await simulatorFor();
  const answer = await submit(simulator, provider, `sim.${scenario}.ada@example.com`);
  expect(answer.status).toBe(status);
  expect(answer.body.error).toMatchObject({ type, provider_error: { error } });
  expect(answer.body.error?.provider_error?.['error_description']).toContain(description);
  expect(simulator.grants()).toEqual([]);
});

test.each([
  ['blocked', 423, 'api.resource_blocked'],
  ['badrequest', 400, 'api.invalid_request_error'],
  ['badmessage', 400, 'xyz.brand_new_error'],
])('%s: %i %s, and no provider error', async (scenario, status, type) => {
  const answer = await submit(await simulatorFor(), 'google', `sim.${scenario}.ada@example.com`);
  expect(answer.status).toBe(status);
  expect(answer.body.error?.type).toBe(type);
  expect(answer.body.error).not.toHaveProperty('provider_error');
});

describe('a grant', () => {
  test('of scenario other is for another mailbox', async () => {
    const answer = await submit(await simulatorFor(), 'google', 'sim.other.ada@example.com');
    expect(answer.status).toBe(201);
    expect(grantOf(answer).email).toBe('other.ada@example.com');
  });

  test('of scenario alias has the asked address among its aliases, and shows them only when asked', async () => {
    const simulator = await simulatorFor();
    const { id, email } = grantOf(await submit(simulator, 'microsoft', 'sim.alias.ada@example.com'));
    expect(email).toBe('primary.ada@example.com');
    expect(grantOf(await call(simulator, `/v3/grants/${id}`))).not.toHaveProperty('email_aliases');
    const exposed = grantOf(await call(simulator, `/v3/grants/${id}?expose_aliases=true`));
    expect(exposed.email_aliases).toEqual(['ada@example.com']);
  });

  test('exposes no aliases where the provider has none to tell', async () => {
    const simulator = await simulatorFor();
    const { id } = grantOf(await submit(simulator, 'yahoo', 'sim.alias.ada@example.com'));
    const answer = await call(simulator, `/v3/grants/${id}?expose_aliases=true`);
    expect(grantOf(answer)).not.toHaveProperty('email_aliases');
  });

  test('of scenario noemail shows none, and is the same grant the next time', async () => {
    const simulator = await simulatorFor();
    const first = grantOf(await submit(simulator, 'google', 'sim.noemail.ada@example.com'));
    const second = grantOf(await submit(simulator, 'google', 'sim.noemail.ada@example.com'));
    expect(first).not.toHaveProperty('email');
    expect(second.id).toBe(first.id);
  });

  test('of scenario invalid is a 201 that says so', async () => {
    const answer = await submit(await simulatorFor(), 'google', 'sim.invalid.ada@example.com');
    expect([answer.status, grantOf(answer).grant_status]).toEqual([201, 'invalid']);
  });

  test('of scenario dead says valid and fails at its first use', async () => {
    const simulator = await simulatorFor();
    const { id, grant_status } = grantOf(await submit(simulator, 'google', 'sim.dead.ada@example.com'));
    expect(grant_status).toBe('valid');
    expect((await call(simulator, `/v3/grants/${id}/calendars?limit=1`)).status).toBe(401);
  });
});

describe('the first submission only', () => {
  test('of scenario throttled is a 429 of the provider with Retry-After', async () => {
    const simulator = await simulatorFor();
    const first = await submit(simulator, 'google', 'sim.throttled.ada@example.com');
    expect(first.status).toBe(429);
    expect(first.headers.get('retry-after')).toBe('1');
    expect(first.body.error).toMatchObject({ type: 'rate_limit_error', provider_error: {} });
    expect((await submit(simulator, 'google', 'sim.throttled.ada@example.com')).status).toBe(201);
  });

  test('of scenario flaky is a 503', async () => {
    const simulator = await simulatorFor();
    expect((await submit(simulator, 'google', 'sim.flaky.ada@example.com')).status).toBe(503);
    expect((await submit(simulator, 'google', 'sim.flaky.ada@example.com')).status).toBe(201);
  });

  test('of scenario lost is carried out, and its answer lost', async () => {
    const simulator = await simulatorFor();
    await expect(submit(simulator, 'google', 'sim.lost.ada@example.com')).rejects.toThrow('fetch failed');
    expect(simulator.grants().map(({ email }) => email)).toEqual(['ada@example.com']);
    expect((await submit(simulator, 'google', 'sim.lost.ada@example.com')).status).toBe(201);
    expect(simulator.stats()).toMatchObject({
      requests: { connect: { lost: 1, '201': 1 } },
      grantsCreated: 1,
      grantsReauthenticated: 1,
    });
  });
});

test('echo repeats the credential in message, provider error and headers', async () => {
  const answer = await submit(await simulatorFor(), 'google', 'sim.echo.ada@example.com');
  const { message, provider_error } = answer.body.error ?? {};
  for (const place of [message, JSON.stringify(provider_error), answer.headers.get('x-fastly-id')]) {
    expect(place).toContain('sim.echo.ada@example.com');
  }
});

test('echo of what fits no header repeats it coded there', async () => {
  const settings = { username: 'ada@example.com', password: 'sim.echo.pässword\n' };
  const answer = await connect(await simulatorFor(), { provider: 'icloud', settings });
  expect(answer.headers.get('x-echo')).toBe(encodeURIComponent(settings.password));
});

test('a scenario that nobody knows is refused with those that there are', async () => {
  const answer = await submit(await simulatorFor(), 'google', 'sim.bogus.ada@example.com');
  expect(answer.status).toBe(400);
  expect(answer.body.error?.message).toMatch(/"bogus".*revoked/);
});

test('a password that two people share misbehaves once for each', async () => {
  const simulator = await simulatorFor();
  const status = async (username: string) => {
    const settings = { username, password: 'sim.flaky' };
    return (await connect(simulator, { provider: 'icloud', settings })).status;
  };
  expect([await status('ada'), await status('bob'), await status('ada')]).toEqual([503, 503, 201]);
  await status('bob');
  expect(simulator.grants()).toHaveLength(2);
});

describe('a zoom token', () => {
  test('is refused once it was exchanged, even where the answer was lost', async () => {
    const simulator = await simulatorFor();
    await expect(submit(simulator, 'zoom', 'sim.lost.ada@example.com')).rejects.toThrow();
    const again = await submit(simulator, 'zoom', 'sim.lost.ada@example.com');
    expect(again.status).toBe(400);
    expect(again.body.error).toMatchObject({
      type: 'token.exchange_failed',
      provider_error: { error: 'invalid_grant' },
    });
    expect(simulator.stats().tokensSpentTwice).toBe(1);
  });

  test('is not spent by a submission that was refused', async () => {
    const simulator = await simulatorFor();
    expect((await submit(simulator, 'zoom', 'sim.flaky.ada@example.com')).status).toBe(503);
    expect((await submit(simulator, 'zoom', 'sim.flaky.ada@example.com')).status).toBe(201);
    expect(simulator.stats().tokensSpentTwice).toBe(0);
  });
});

describe('whose mailbox a credential opens', () => {
  test.each([
    ['imap', { imap_username: 'ada@example.com', imap_password: 'sim.revoked' }],
    ['icloud', { username: 'ada@example.com', password: 'sim.revoked' }],
    ['ews', { email: 'ada@example.com', ews_username: 'X\\ada', ews_password: 'sim.revoked' }],
  ])('%s: its password names the scenario', async (provider, settings) => {
    const answer = await connect(await simulatorFor(), { provider, settings });
    expect(answer.body.error?.provider_error).toMatchObject({ error: 'invalid_grant' });
  });

  test.each([
    ['imap', { imap_username: 'ada@example.com', imap_password: 'secret' }, 'ada@example.com'],
    ['icloud', { username: 'ada@example.com', password: 'secret' }, 'ada@example.com'],
    ['ews', { email: 'ada@example.com', ews_username: 'X\\ada', ews_password: 'secret' }, 'ada@example.com'],
    ['google', { email_address: 'ada@example.com', credential_id: 'c' }, 'ada@example.com'],
    ['virtual-calendar', { email: 'floor1desk24' }, 'floor1desk24'],
  ])('%s: its user name names the mailbox', async (provider, settings, email) => {
    expect(grantOf(await connect(await simulatorFor(), { provider, settings })).email).toBe(email);
  });

  test('a token that names its scenario plays it, whatever the directory says', async () => {
    const token = 'sim.revoked.ada@example.com';
    const simulator = await simulatorFor({ directory: new Map([[token, 'ada@example.com']]) });
    expect((await submit(simulator, 'google', token)).status).toBe(400);
  });

  test('a token: the directory knows before a state', async () => {
    const simulator = await simulatorFor({ directory: new Map([['1//real', 'ada@example.com']]) });
    const body = { provider: 'google', settings: { refresh_token: '1//real' }, state: 'bob@example.com' };
    expect(grantOf(await connect(simulator, body)).email).toBe('ada@example.com');
  });

  test('a token that says nothing: a state that is an email, else nobody', async () => {
    const simulator = await simulatorFor();
    const body = { provider: 'google', settings: { refresh_token: '1//real' } };
    expect(grantOf(await connect(simulator, { ...body, state: 'ada@example.com' })).email).toBe(
      'ada@example.com',
    );
    expect(grantOf(await connect(simulator, { ...body, state: 'account-7' }))).not.toHaveProperty('email');
  });

  test('a token with another suffix: the same mailbox, and so the same grant', async () => {
    const simulator = await simulatorFor();
    const first = grantOf(await submit(simulator, 'google', 'sim.ok.ada@example.com'));
    const second = grantOf(await submit(simulator, 'google', 'sim.ok.Ada@example.com#2'));
    expect(second.id).toBe(first.id);
  });
});
