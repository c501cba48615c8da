import type { Provider } from '../core/provider.js';

const SCOPES: Readonly<Record<Provider, readonly string[]>> = {
  google: [
    'https://www.googleapis.com/auth/userinfo.email',
    'https://www.googleapis.com/auth/userinfo.profile',
    'https://www.googleapis.com/auth/gmail.readonly',
  ],
  microsoft: ['User.Read', 'Mail.Read', 'offline_access'],
  yahoo: ['email', 'profile', 'mail-w'],
  ews: ['ews.messages', 'ews.calendars', 'ews.contacts'],
  zoom: [],
  imap: [],
  icloud: [],
  'virtual-calendar': [],
};

/** What a grant's scope shows where its request named none. */
export function defaultScope(provider: Provider): readonly string[] {
  return SCOPES[provider];
}

/** A connector as Nylas shows it. */
export function connectorOf(provider: Provider): Readonly<Record<string, unknown>> {
  return { provider, name: `${provider} connector`, scope: defaultScope(provider) };
}
