import { expect, it } from 'vitest';
import { narrowingOptions, repeatedOptions, typedOptions } from '../../src/core/run-options.js';

it.each([
  [{}, ''],
  [{ maxDuration: 7_200_000, stopAt: { text: '06:00 UTC' }, metricsFile: 'm.prom' }, ''],
  [{ limit: 20, label: 'canary', retry: ['blocked'], inputCommand: 'cat x' }, ''],
  [
    { timeout: 2000, settleDelay: 500, singleUse: ['yahoo'], existing: 'reauthenticate' },
    '--timeout 2s --settle-delay 500ms --single-use yahoo --existing reauthenticate',
  ],
  [{ carry: ['user_id', 'team'], provider: ['google'] }, '--carry user_id,team'],
  [
    { column: [['email', 'Mail']], providerAlias: [['exchange', 'ews']] },
    '--column email=Mail --provider-alias exchange=ews',
  ],
  [{ identifyBy: { by: 'email' } }, '--identify-by email'],
  [{ identifyBy: { by: 'column', header: 'user id' } }, '--identify-by column:user id'],
  [
    { apiUri: 'https://api.eu.nylas.com', rate: 20, region: null },
    '--api-uri https://api.eu.nylas.com --rate 20',
  ],
  [{ sample: 0.07, only: 'keys.txt', defaultProvider: 'imap' }, '--default-provider imap'],
])('what %j leaves for the next run is “%s”', (options, words) => {
  expect(repeatedOptions(options).join(' ')).toBe(words);
});

it.each([
  [{ carry: ['user_id'], rate: 20 }, ''],
  [{ carry: ['user_id'], provider: ['google', 'imap'] }, '--provider google,imap'],
  [{ sample: 0.07, only: 'keys.txt', exclude: 'not.txt' }, '--only keys.txt --exclude not.txt --sample 7%'],
])('what %j leaves rows out by is “%s”', (options, words) => {
  expect(narrowingOptions(options).join(' ')).toBe(words);
});

it('when a run was to stop is typed as it was given', () => {
  const options = { maxDuration: 7_200_000, stopAt: { kind: 'clock', text: '06:00 Europe/Berlin' } };
  expect(typedOptions(options)).toEqual(['--max-duration', '7200s', '--stop-at', '06:00 Europe/Berlin']);
});
