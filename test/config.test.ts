import { describe, expect, it } from 'vitest';
import { flag, option, resolveOptions, type ConfigSources } from '../src/config.js';
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
      file: { name: 'c.json', content: { rat: 1, carry: { a: 1 } } },
    });
    expect(error.kind).toBe('usage');
    expect(error.message.split('\n')).toEqual([
      '"rat" in c.json is no option; did you mean "rate"?',
      '"carry" in c.json: text, a number, true, false or a list',
      'NYLAS_MIGRATE_RATES in the environment is no option; did you mean "NYLAS_MIGRATE_RATE"?',
      '--rate: "fast" is not a whole number from 0 to 100',
      'NYLAS_MIGRATE_DRY_RUN: "perhaps" is not true or false',
    ]);
  });

  it.each([{ 'api-uri': '' }, { carry: ['a', ''] }, { 'api-uri': ' ' }])('an empty flag: %j', (flags) => {
    expect(failureOf({ flags }).message).toMatch(/^--(api-uri|carry): its value is empty$/);
  });

  it('a file that is no object', () => {
    expect(failureOf({ file: { name: 'c.json', content: [1] } }).message).toContain('one JSON object');
  });
});
