import { flag, option } from '../config.js';
import { FIELDS, parseIdentify } from '../core/header.js';
import { RATE_DEFAULT } from '../core/pace.js';
import {
  parseChoice,
  parseCount,
  parseDurationWithin,
  parseList,
  parseNumber,
  parsePair,
  parseText,
} from '../core/parse.js';
import { PROVIDERS } from '../core/provider.js';
import type { Identify } from '../core/record.js';

const parseProvider = parseChoice(PROVIDERS);

/** Given several times or separated by commas. */
export const parseWords = (text: string): readonly string[] =>
  parseList(parseText)(text.replaceAll('\n', ','));

const parsePairs = (text: string): readonly (readonly [string, string])[] =>
  text.split('\n').flatMap((line) => parseList(parsePair)(line));

const parseAliases = (text: string): ReadonlyMap<string, (typeof PROVIDERS)[number]> =>
  new Map(parsePairs(text).map(([name, value]) => [name.toLowerCase(), parseProvider(value)]));

export function parseProviders(text: string): readonly (typeof PROVIDERS)[number][] {
  return parseWords(text).map(parseProvider);
}

export const LEDGER_OPTION = { ledger: option('--ledger <file>', 'the ledger', parseText, 'migration.db') };

/** Of every command. */
export const COMMON_OPTIONS = {
  json: flag('--json', 'one JSON document on standard output, and nothing else there'),
  logLevel: option(
    '--log-level <level>',
    'JSON log lines: silent, error, warn, info or debug',
    parseChoice(['silent', 'error', 'warn', 'info', 'debug']),
    null as 'silent' | 'error' | 'warn' | 'info' | 'debug' | null,
    { shownDefault: 'info with --log-file, else silent' },
  ),
  logFile: option(
    '--log-file <file>',
    'where JSON log lines go (else: standard error)',
    parseText,
    null as string | null,
  ),
  quiet: flag('--quiet', 'no progress and no notices, only results and errors'),
  config: option(
    '--config <file>',
    'options from a JSON file, by their long names',
    parseText,
    null as string | null,
  ),
};

/** Of every command that calls Nylas. */
export const NYLAS_OPTIONS = {
  apiUri: option(
    '--api-uri <uri>',
    'the API, such as https://api.eu.nylas.com',
    parseText,
    null as string | null,
    {
      alsoFrom: ['NYLAS_API_URI'],
    },
  ),
  region: option(
    '--region <region>',
    'us or eu, instead of --api-uri',
    parseChoice(['us', 'eu']),
    null as 'us' | 'eu' | null,
    {
      shownDefault: 'us',
    },
  ),
  apiKeyFile: option(
    '--api-key-file <file>',
    'a file that holds the API key (else: NYLAS_API_KEY)',
    parseText,
    null as string | null,
  ),
};

export const RATE_OPTION = {
  rate: option(
    '--rate <number>',
    'requests a second, of every kind; 0: unpaced, to loopback only',
    parseNumber(0, 10_000),
    RATE_DEFAULT,
  ),
};

/** How a CSV is read: of `run` and `check`. */
export const CSV_OPTIONS = {
  inputCommand: option(
    '--input-command <command>',
    "reads a command's output instead of a file, such as 'age -d users.csv.age'",
    parseText,
    null as string | null,
  ),
  column: option('--column <field=header>', 'which column holds a field', parsePairs, [], {
    repeats: true,
    choices: FIELDS.map((field) => `${field}=`),
  }),
  providerAlias: option(
    '--provider-alias <v2name=v3name>',
    'what a provider name means, such as exchange=microsoft',
    parseAliases,
    new Map() as ReadonlyMap<string, (typeof PROVIDERS)[number]>,
    { repeats: true },
  ),
  defaultProvider: option(
    '--default-provider <provider>',
    'for rows that name none',
    parseProvider,
    null as (typeof PROVIDERS)[number] | null,
  ),
  identifyBy: option(
    '--identify-by <rule>',
    'what names a user: account_id, email, column:HEADER or credential',
    parseIdentify,
    null as Identify | null,
    {
      choices: ['account_id', 'email', 'column:', 'credential'],
      shownDefault: 'account_id if there is such a column, else email',
    },
  ),
  carry: option('--carry <header>', 'columns that travel into ledger and report', parseWords, [], {
    repeats: true,
  }),
};

/** Of every command that talks to Nylas for long. */
export const JOB_OPTIONS = {
  concurrencyMax: option('--concurrency-max <number>', 'requests in flight', parseCount(1, 10_000), 200),
  timeout: option('--timeout <duration>', 'for one request', parseDurationWithin('10ms', '1h'), 60_000, {
    shownDefault: '60s',
  }),
  drainTimeout: option(
    '--drain-timeout <duration>',
    'how long a stopping run waits for answers',
    parseDurationWithin('0s', '24h'),
    30_000,
    { shownDefault: '30s' },
  ),
  label: option('--label <text>', 'a note kept with the run', parseText, null as string | null),
  progress: option(
    '--progress <when>',
    'auto, always or never',
    parseChoice(['auto', 'always', 'never']),
    'auto',
  ),
};
