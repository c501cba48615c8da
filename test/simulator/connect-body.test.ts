import { expect, test } from 'vitest';
import { readConnectBody } from '../../src/simulator/connect-body.js';

const token = { refresh_token: 't' };
const imap = { imap_username: 'a@x.org', imap_password: 'p' };
const ews = { email: 'a@x.org', ews_username: 'a', ews_password: 'p' };

test.each([
  ['google', token],
  ['google', { ...token, credential_id: 'c' }],
  ['google', { email_address: 'a@x.org', credential_id: 'c' }],
  ['microsoft', { email_address: 'a@x.org', credential_id: 'c' }],
  ['yahoo', token],
  ['zoom', token],
  ['imap', imap],
  ['imap', { ...imap, imap_host: 'h', imap_port: 993, smtp_host: 'h', smtp_port: 465 }],
  ['icloud', { username: 'a@x.org', password: 'p' }],
  ['ews', { ...ews, ews_port: 443 }],
  ['virtual-calendar', { email: 'floor1desk24' }],
])('%s takes %j', (provider, settings) => {
  const body = { provider, settings, state: 's', scope: ['a'], unheard_of: true };
  expect(readConnectBody(JSON.stringify(body))).toEqual({ provider, settings, state: 's', scope: ['a'] });
});

test.each([
  ['provider', { provider: 'lotus', settings: token }],
  ['provider', { settings: token }],
  ['settings', { provider: 'google' }],
  ['settings', { provider: 'google', settings: 'x' }],
  ['settings.refresh_token', { provider: 'google', settings: {} }],
  ['settings.refresh_token', { provider: 'google', settings: { refresh_token: 5, credential_id: 'c' } }],
  ['settings.refresh_token', { provider: 'google', settings: { credential_id: 'c' } }],
  [
    'settings.refresh_token',
    { provider: 'yahoo', settings: { email_address: 'a@x.org', credential_id: 'c' } },
  ],
  ['settings.refresh_token', { provider: 'zoom', settings: { refresh_token: '' } }],
  ['settings.imap_port', { provider: 'imap', settings: { ...imap, imap_port: '993' } }],
  ['settings.imap_port', { provider: 'imap', settings: { ...imap, imap_port: 99_333 } }],
  ['settings.imap_password', { provider: 'imap', settings: { imap_username: 'a@x.org' } }],
  ['settings.password', { provider: 'icloud', settings: { username: 'a' } }],
  ['settings.email', { provider: 'ews', settings: { ews_username: 'a', ews_password: 'p' } }],
  ['settings.ews_port', { provider: 'ews', settings: { ...ews, ews_port: 443.5 } }],
  ['settings.email', { provider: 'virtual-calendar', settings: {} }],
  ['scope', { provider: 'google', settings: token, scope: 'a b' }],
  ['state', { provider: 'google', settings: token, state: 7 }],
  ['body', []],
])('a bad %s is refused by name: %j', (field, body) => {
  const refusal = readConnectBody(JSON.stringify(body));
  expect(refusal).toMatchObject({ status: 400, content: { error: { type: 'api.invalid_request_error' } } });
  expect(JSON.stringify(refusal)).toContain(`"message":"${field}: `);
});

test('what is not JSON is refused as such', () => {
  const refusal = readConnectBody('{"provider":');
  expect(refusal).toMatchObject({ status: 400, content: { error: { type: 'api.invalid_request_payload' } } });
});
