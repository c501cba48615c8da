import sdk from 'nylas';
import { expect, test } from 'vitest';
import { simulatorFor } from './client.js';

// The package's types are taken for CommonJS, and so have one `default` that isn't there when it runs.
const Nylas = sdk as unknown as typeof sdk.default;

async function clientOf(apiKey = 'sim-api-key') {
  const simulator = await simulatorFor();
  return { simulator, nylas: new Nylas({ apiKey, apiUri: simulator.url }) };
}

test('Nylas’ own SDK makes, lists, finds and deletes a google grant', async () => {
  const { simulator, nylas } = await clientOf();
  const { data: made } = await nylas.auth.customAuthentication({
    requestBody: {
      provider: 'google',
      settings: { refreshToken: 'sim.ok.ada@example.com' },
      state: 'account-1',
      scope: ['openid'],
    },
  });
  expect(made).toMatchObject({ provider: 'google', email: 'ada@example.com', grantStatus: 'valid' });

  const listed = await nylas.grants.list({
    queryParams: { email: 'ADA@example.com', provider: 'google', limit: 5 },
  });
  expect(listed.data.map(({ id }) => id)).toEqual([made.id]);
  const found = await nylas.grants.find({ grantId: made.id });
  expect(found.data).toMatchObject({ id: made.id, state: 'account-1', scope: ['openid'] });
  expect(found.flowId).toMatch(/^[0-9a-f]{16}$/);

  const deleted = await nylas.grants.destroy({ grantId: made.id });
  expect(deleted.requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(simulator.grants()).toEqual([]);
});

test('Nylas’ own SDK makes an imap grant', async () => {
  const { nylas } = await clientOf();
  const settings = {
    imapUsername: 'ada@example.com',
    imapPassword: 'sim.ok',
    imapHost: 'imap.example.com',
    imapPort: 993,
  };
  const { data } = await nylas.auth.customAuthentication({ requestBody: { provider: 'imap', settings } });
  expect(data).toMatchObject({ provider: 'imap', email: 'ada@example.com' });
});

test('Nylas’ own SDK lists the connectors', async () => {
  const { nylas } = await clientOf();
  const { data } = await nylas.connectors.list({});
  expect(data.map(({ provider }) => provider)).toEqual(
    expect.arrayContaining(['google', 'microsoft', 'imap']),
  );
});

test('Nylas’ own SDK understands refusals as Nylas’', async () => {
  const { nylas } = await clientOf('wrong');
  await expect(nylas.grants.list()).rejects.toMatchObject({
    type: 'api.authentication_error',
    statusCode: 401,
  });
});
