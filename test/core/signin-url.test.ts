import sdk from 'nylas';
import { describe, expect, it } from 'vitest';
import { parseClientId, parseRedirectUri, signinUrl } from '../../src/core/signin-url.js';
import { userError } from '../support/user-error.js';

// The package's types are taken for CommonJS, and so have one `default` that isn't there when it runs.
const Nylas = sdk as unknown as typeof sdk.default;

const TARGET = {
  host: 'api.eu.nylas.com',
  clientId: 'client-1',
  redirectUri: 'https://app.example/cb?a=1&b=2',
};
const ADA = { state: 'key & more=1', provider: 'google', email: 'ada+x@example.com' };

describe('a link to sign in', () => {
  it('says what the SDK of Nylas says, but for what it would only leave as it is', () => {
    const nylas = new Nylas({ apiKey: 'x', apiUri: 'https://api.eu.nylas.com' });
    const { clientId, redirectUri } = TARGET;
    const theirs = new URL(
      nylas.auth.urlForOAuth2({
        clientId,
        redirectUri,
        provider: 'google',
        loginHint: ADA.email,
        state: ADA.state,
      }),
    );
    expect(theirs.searchParams.get('access_type')).toBe('online');
    theirs.searchParams.delete('access_type');
    const ours = new URL(signinUrl(ADA, TARGET) ?? '');
    expect(ours.origin + ours.pathname).toBe(theirs.origin + theirs.pathname);
    expect(Object.fromEntries(ours.searchParams)).toEqual(Object.fromEntries(theirs.searchParams));
  });

  it('of a rehearsal leads to this machine, and without a ledger’s host to the United States', () => {
    expect(signinUrl(ADA, { ...TARGET, host: '127.0.0.1' })).toMatch(
      /^http:\/\/127\.0\.0\.1\/v3\/connect\/auth\?/,
    );
    expect(signinUrl(ADA, { ...TARGET, host: null })).toMatch(
      /^https:\/\/api\.us\.nylas\.com\/v3\/connect\/auth\?/,
    );
  });

  it('has no hint where no email is known, and there is none for a virtual calendar', () => {
    expect(signinUrl({ ...ADA, email: null }, TARGET)).not.toContain('login_hint');
    expect(signinUrl({ ...ADA, provider: 'virtual-calendar' }, TARGET)).toBeNull();
  });
});

describe('a redirect URI', () => {
  it.each([
    'https://app.example/cb',
    'https://app.example:8443/cb?x=1',
    'http://localhost:3000/cb',
    'http://127.0.0.1/cb',
    'http://[::1]:3000/',
    'com.acme.app:/signed-in',
    'acme://signed-in',
  ])('%s', (uri) => {
    expect(parseRedirectUri(uri)).toBe(uri);
  });

  it.each([
    'app.example/cb',
    '/cb',
    'http://app.example/cb',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'https://user:secret@app.example/cb',
    'https://app.example/#cb',
    'https://app.example/a b',
    'https://app.example\\@evil.example/',
    'ftp://app.example',
  ])('%s is none', (uri) => {
    expect(() => parseRedirectUri(uri)).toThrow('a redirect URI');
  });
});

describe('a client id', () => {
  it('is a word', () => {
    expect(parseClientId('5e8d1b3a-0c35-4a3e-9d7c-2f4b6a8c0e11')).toContain('5e8d');
    expect(() => parseClientId('a b')).toThrow('client id');
  });

  it('is no API key, which is not repeated', () => {
    expect(() => parseClientId('nyk_v0_secret')).toThrow(userError('usage', /^(?!.*secret).*an API key/));
  });
});
