import { describe, expect, it } from 'vitest';
import {
  flag,
  longName,
  option,
  resolveOptions,
  type ConfigSources,
  type OptionSpecs,
} from '../src/config.js';
import * as commands from '../src/cli/options.js';
import { UserError } from '../src/core/errors.js';
import { parseCount, parseText } from '../src/core/parse.js';

const SPECS = {
  rate: option('--rate <number>', 'requests a second', parseCount(0, 100), 45),
  apiUri: option('--api-uri <uri>', 'the API', parseText, 'https://default.example', {
    alsoFrom: ['NYLAS_API_URI'],
  }),
  carry: option('--carry <header>', 'columns', (text) => text.split('\n'), [] as string[], { repeats: true }),
  dryRun: flag('--dry-run', 'plans only'),
};

const NOTHING: ConfigSources = { flags: {}, env: {}, file: null, dotenv: {}, ofOthers: new Set(['latency']) };

function failureOf(sources: Partial<ConfigSources>): UserError {
  try {
    resolveOptions(SPECS, { ...NOTHING, ...sources });
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('no failure');
}

describe('where an option comes from', () => {
  it('defaults apply where nothing is given', () => {
    expect(resolveOptions(SPECS, NOTHING)).toEqual({
      rate: 45,
      apiUri: 'https://default.example',
      carry: [],
      dryRun: false,
    });
  });

  it('flag, NYLAS_MIGRATE_*, NYLAS_*, config file, .env, in that order', () => {
    const layers: Partial<ConfigSources>[] = [
      { dotenv: { NYLAS_API_URI: 'of-dotenv' } },
      { file: { name: 'c.json', content: { 'api-uri': 'of-file' } } },
      { env: { NYLAS_API_URI: 'of-nylas' } },
      { env: { NYLAS_API_URI: 'of-nylas', NYLAS_MIGRATE_API_URI: 'of-migrate' } },
      { flags: { 'api-uri': 'of-flag' } },
    ];
    let sources = NOTHING;
    const seen = layers.map((layer) => {
      sources = { ...sources, ...layer };
      return resolveOptions(SPECS, sources).apiUri;
    });
    expect(seen).toEqual(['of-dotenv', 'of-file', 'of-nylas', 'of-migrate', 'of-flag']);
  });

  it('a blank variable counts as not set', () => {
    expect(resolveOptions(SPECS, { ...NOTHING, env: { NYLAS_MIGRATE_RATE: '' } }).rate).toBe(45);
  });

  it('a file, and an environment, may hold options of other commands', () => {
    const file = { name: 'c.json', content: { latency: '1s' } };
    const env = { NYLAS_MIGRATE_LATENCY: '1s' };
    expect(resolveOptions(SPECS, { ...NOTHING, file, env }).rate).toBe(45);
  });

  it('a file gives numbers, switches and lists as JSON has them', () => {
    const content = { rate: 7, 'dry-run': true, carry: ['a', 'b'] };
    expect(resolveOptions(SPECS, { ...NOTHING, file: { name: 'c.json', content } })).toMatchObject({
      rate: 7,
      dryRun: true,
      carry: ['a', 'b'],
    });
  });
});

describe('what is wrong is told', () => {
  it('all at once, each with its place', () => {
    const error = failureOf({
      flags: { rate: 'fast' },
      env: { NYLAS_MIGRATE_DRY_RUN: 'perhaps', NYLAS_MIGRATE_RATES: '1' },
      file: { name: 'c.json', content: { rat: 1, carry: { a: 1 }, config: 'other.json' } },
      dotenv: { NYLAS_MIGRATE_CARY: 'x' },
    });
    expect(error.kind).toBe('usage');
    expect(error.message.split('\n')).toEqual([
      '"rat" in c.json is no option; did you mean "rate"?',
      '"carry" in c.json must be text, or a list of texts',
      '"config" in c.json: a configuration file can\'t name another',
      'NYLAS_MIGRATE_RATES in the environment is no option; did you mean "NYLAS_MIGRATE_RATE"?',
      'NYLAS_MIGRATE_CARY in .env is no option; did you mean "NYLAS_MIGRATE_CARRY"?',
      '--rate: "fast" is not a whole number from 0 to 100',
      'NYLAS_MIGRATE_DRY_RUN: "perhaps" is not true or false',
    ]);
  });

  it.each([{ 'api-uri': '' }, { carry: ['a', ''] }, { 'api-uri': ' ' }])('an empty flag: %j', (flags) => {
    expect(failureOf({ flags }).message).toMatch(/^--(api-uri|carry): its value is empty$/);
  });

  it('a value of another kind in a file', () => {
    const content = { rate: ['7'], 'api-uri': 7, 'dry-run': 1, carry: 3 };
    expect(failureOf({ file: { name: 'c.json', content } }).message.split('\n')).toEqual([
      '"rate" in c.json must be a number',
      '"api-uri" in c.json must be text',
      '"dry-run" in c.json must be true or false',
      '"carry" in c.json must be text, or a list of texts',
    ]);
  });

  it('an API key where options stand', () => {
    const where = 'the key stands in NYLAS_API_KEY, or in a file that api-key-file names';
    expect(failureOf({ file: { name: 'c.json', content: { api_key: 'planted' } } }).message).toBe(
      `"api_key" in c.json is no option: ${where}`,
    );
    expect(failureOf({ env: { NYLAS_MIGRATE_API_KEY: 'planted' } }).message).toBe(
      `NYLAS_MIGRATE_API_KEY in the environment is no option: ${where}`,
    );
  });

  it('a file that is no object', () => {
    expect(failureOf({ file: { name: 'c.json', content: [1] } }).message).toContain('one JSON object');
  });
});

/** A value of each option that has one which isn't just some text. */
const VALUES: Readonly<Record<string, string | number>> = {
  'log-level': 'warn',
  rate: 7,
  column: 'email=Mail',
  'provider-alias': 'exchange=ews',
  'default-provider': 'google',
  'identify-by': 'email',
  region: 'eu',
  'concurrency-max': 7,
  'attempts-max': 7,
  timeout: '7s',
  'settle-delay': '7s',
  'drain-timeout': '7s',
  'outage-max': '7m',
  'max-duration': '2h',
  'stop-at': '06:00 Europe/Berlin',
  'failure-rate-max': 0.7,
  'expect-reauth': 'google',
  limit: 7,
  'rate-limit': 7,
  'limit-per-provider': 7,
  sample: '7%',
  provider: 'google',
  retry: 'blocked',
  'email-mismatch': 'accept',
  existing: 'reauthenticate',
  'single-use': 'yahoo',
  progress: 'never',
  format: 'json',
  by: 'person',
  'redirect-uri': 'https://app.example/cb',
  after: 7,
  delimiter: 'semicolon',
  dialect: 'postgres',
  key: 'id=user_id',
  probe: '7%',
  run: 7,
  yes: 7,
  port: 7,
  seed: 7,
  connectors: 'google',
};

const optionsOfAll = Object.entries(commands).flatMap(([command, specs]) =>
  specs instanceof Set
    ? []
    : Object.entries(specs as OptionSpecs).map(([key, spec]) => ({ command, key, spec })),
);

describe('every option of every command', () => {
  it.each(optionsOfAll)(
    '$command: $spec.flags comes from a variable and from a file too',
    ({ key, spec }) => {
      const name = longName(spec.flags);
      const isSwitch = typeof spec.fallback === 'boolean';
      const value = isSwitch ? true : (VALUES[name] ?? 'some-text');
      const only = (sources: Partial<ConfigSources>): unknown =>
        resolveOptions({ [key]: spec }, { ...NOTHING, ...sources })[key];
      const asFlag = only({ flags: { [name]: isSwitch ? true : String(value) } });
      expect(asFlag).not.toEqual(spec.fallback);
      const variable = `NYLAS_MIGRATE_${name.toUpperCase().replaceAll('-', '_')}`;
      expect(only({ env: { [variable]: String(value) } })).toEqual(asFlag);
      expect(only({ dotenv: { [variable]: String(value) } })).toEqual(asFlag);
      if (name !== 'config') {
        expect(only({ file: { name: 'c.json', content: { [name]: value } } })).toEqual(asFlag);
      }
    },
  );
});
