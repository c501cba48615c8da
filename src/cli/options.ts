import { flag, longName, option, type OptionSpecs } from '../config.js';
import { CATEGORIES, STATUSES } from '../core/category.js';
import { ISSUE_KINDS } from '../core/ledger-rows.js';
import { parseIdentify } from '../core/header.js';
import { RATE_DEFAULT } from '../core/pace.js';
import {
  parseChoice,
  parseCount,
  parseDurationWithin,
  parseList,
  parseNumber,
  parsePair,
  parseSampleSize,
  parseShare,
  parseText,
} from '../core/parse.js';
import { RETRIED_LOSSES, type RetryTarget } from '../core/plan.js';
import { PROVIDERS } from '../core/provider.js';
import { parseStopAt, type StopAt } from '../core/stop-time.js';
import type { SampleSize } from '../core/parse.js';
import type { Identify } from '../core/record.js';
import { HAND_OVER_OPTIONS, REDACT_OPTIONS, WRITE_BACK_OPTIONS } from './hand-over-options.js';

const parseProvider = parseChoice(PROVIDERS);

const RETRIES = [
  ...CATEGORIES,
  ...RETRIED_LOSSES,
  'in_doubt',
  'undone',
] as const satisfies readonly RetryTarget[];

/** Given several times or separated by commas. */
const parseWords = (text: string): readonly string[] => parseList(parseText)(text.replaceAll('\n', ','));

const parsePairs = (text: string): readonly (readonly [string, string])[] =>
  text.split('\n').flatMap((line) => parseList(parsePair)(line));

const parseAliases = (text: string): ReadonlyMap<string, (typeof PROVIDERS)[number]> =>
  new Map(parsePairs(text).map(([name, value]) => [name.toLowerCase(), parseProvider(value)]));

const LEDGER_OPTION = { ledger: option('--ledger <file>', 'the ledger', parseText, 'migration.db') };

/** Of every command. */
const COMMON_OPTIONS = {
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
const NYLAS_OPTIONS = {
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

const RATE_OPTION = {
  rate: option(
    '--rate <number>',
    'requests a second, of every kind; 0: unpaced, to loopback only',
    parseNumber(0, 10_000),
    RATE_DEFAULT,
  ),
};

/** How a CSV is read: of `run` and `check`. */
const CSV_OPTIONS = {
  inputCommand: option(
    '--input-command <command>',
    "reads a command's output instead of a file, such as 'age -d users.csv.age'",
    parseText,
    null as string | null,
  ),
  column: option('--column <field=header>', 'which column holds a field', parsePairs, [], { repeats: true }),
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
const JOB_OPTIONS = {
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

/** Of `run`. */
const RUN_OPTIONS = {
  concurrencyMax: JOB_OPTIONS.concurrencyMax,
  attemptsMax: option('--attempts-max <number>', 'attempts a record, a run', parseCount(1, 100), 5),
  timeout: JOB_OPTIONS.timeout,
  settleDelay: option(
    '--settle-delay <duration>',
    'how long a lost request rests before its grant is looked for',
    parseDurationWithin('0s', '24h'),
    null as number | null,
    { shownDefault: '2 × timeout' },
  ),
  drainTimeout: JOB_OPTIONS.drainTimeout,
  outageMax: option(
    '--outage-max <duration>',
    'how long Nylas may be down, or all that is tried have to wait, before the run ends',
    parseDurationWithin('0s', '7d'),
    1_800_000,
    { shownDefault: '30m' },
  ),
  maxDuration: option(
    '--max-duration <duration>',
    'stops cleanly after so long, such as 2h: exit 7 where work remains',
    parseDurationWithin('1s', '365d'),
    null as number | null,
  ),
  stopAt: option(
    '--stop-at <time>',
    "likewise at a time, such as '06:00 Europe/Berlin' or 2026-12-01T06:00Z; without a zone: UTC",
    parseStopAt,
    null as StopAt | null,
  ),
  failureRateMax: option(
    '--failure-rate-max <share>',
    'stops a lane with a larger share of failures, those aside that only its users can mend',
    parseShare,
    0.5,
  ),
  expectReauth: option(
    '--expect-reauth <provider>',
    'goes on where nobody’s credential works: a lane without success stops otherwise',
    parseProviders,
    [],
    { repeats: true, choices: PROVIDERS },
  ),
  limit: option(
    '--limit <number>',
    'begin with so many users, those in doubt included, then stop',
    parseCount(1, 1e9),
    null as number | null,
  ),
  limitPerProvider: option(
    '--limit-per-provider <number>',
    'submit so many users of each provider',
    parseCount(1, 1e9),
    null as number | null,
  ),
  sample: option('--sample <share>', 'only a share of the users, the same ones every time', parseShare, 1, {
    shownDefault: '',
  }),
  only: option(
    '--only <file>',
    'only the record keys in this file, one a line',
    parseText,
    null as string | null,
  ),
  exclude: option('--exclude <file>', 'not the record keys in this file', parseText, null as string | null),
  provider: option('--provider <provider>', 'only these providers', parseProviders, [], {
    repeats: true,
    choices: PROVIDERS,
  }),
  retry: option('--retry <category>', `submit these again: ${RETRIES.join(', ')}`, parseRetries, [], {
    repeats: true,
    choices: RETRIES,
  }),
  emailMismatch: option(
    '--email-mismatch <what>',
    'hold or accept a grant that is for another mailbox',
    parseChoice(['hold', 'accept']),
    'hold',
  ),
  existing: option(
    '--existing <what>',
    'skip or reauthenticate healthy grants that exist already',
    parseChoice(['skip', 'reauthenticate']),
    'skip',
  ),
  singleUse: option('--single-use <provider>', 'whose refresh tokens work only once', parseProviders, [], {
    repeats: true,
    choices: PROVIDERS,
    shownDefault: 'zoom',
  }),
  label: JOB_OPTIONS.label,
  dryRun: flag('--dry-run', 'plan every row, submit nothing'),
  noPreflight: flag('--no-preflight', 'skip the advice on connectors and ledger'),
  okIfAttention: flag('--ok-if-attention', 'exit 0, not 3, where only people must act'),
  metricsFile: option(
    '--metrics-file <file>',
    'figures of the run for Prometheus, such as migration.prom in the folder of node_exporter',
    parseText,
    null as string | null,
  ),
  onFinish: option(
    '--on-finish <command>',
    'runs a command when the run has ended, with its --json document on standard input',
    parseText,
    null as string | null,
  ),
  progress: JOB_OPTIONS.progress,
};

function parseProviders(text: string): readonly (typeof PROVIDERS)[number][] {
  return parseWords(text).map(parseProvider);
}

function parseRetries(text: string): readonly RetryTarget[] {
  return parseWords(text).map(parseChoice(RETRIES));
}

const REPORT_OPTIONS = {
  format: option(
    '--format <format>',
    'csv, jsonl, json, sql, or html: a page for people',
    parseChoice(['csv', 'jsonl', 'json', 'sql', 'html']),
    'csv',
  ),
  raw: flag('--raw', 'CSV values as they are, for programs: no apostrophe before = + - @'),
  out: option('--out <file>', 'where it goes; - is standard output', parseText, '-'),
  maskEmails: flag('--mask-emails', 'a***@example.com for every email address, for files that travel'),
  provenance: option(
    '--provenance <file>',
    'writes beside it, as JSON, where it comes from: runs, inputs, counts, digest',
    parseText,
    null as string | null,
  ),
  select: option(
    '--select <statuses>',
    'only these statuses, separated by commas',
    parseText,
    null as string | null,
    { choices: [...STATUSES, ...ISSUE_KINDS] },
  ),
  category: option('--category <categories>', 'only these categories', parseText, null as string | null, {
    choices: CATEGORIES,
  }),
  columns: option(
    '--columns <columns>',
    'only these columns, in this order',
    parseText,
    null as string | null,
    {
      shownDefault: 'all',
    },
  ),
};

/** Of `undo` alone. */
const UNDO_OPTIONS = {
  run: option(
    '--run <number>',
    'only records that this run dealt with last',
    parseCount(1, 1e9),
    null as number | null,
  ),
  provider: RUN_OPTIONS.provider,
  only: RUN_OPTIONS.only,
  yes: option(
    '--yes <number>',
    'delete so many grants: exactly the number that it printed without this',
    parseCount(0, 1e9),
    null as number | null,
  ),
};

const VERIFY_OPTIONS = {
  adopt: flag('--adopt', 'record the grants of people who signed in by themselves'),
  probe: option(
    '--probe <sample>',
    'try some grants for real, one small request each: so many, or about a share, such as 1%',
    parseSampleSize,
    null as SampleSize | null,
  ),
  out: option(
    '--out <file>',
    'every deviation as a CSV; - is standard output',
    parseText,
    null as string | null,
  ),
};

const RESOLVE_OPTIONS = {
  list: flag('--list', 'the records to decide about; nothing is changed'),
  accept: flag('--accept', 'the mailbox that answered is right: the record gets its grant'),
  reject: flag('--reject', 'it is not: the record stays without a grant'),
  grant: option(
    '--grant <id>',
    'the record gets this grant of the application instead',
    parseText,
    null as string | null,
  ),
  by: option('--by <name>', 'who decides', parseText, null as string | null),
  why: option('--why <text>', 'for what reason', parseText, null as string | null),
  decisions: option(
    '--decisions <csv>',
    'many at once: a CSV with the columns key, decision, grant_id, by, why',
    parseText,
    null as string | null,
  ),
};

const SIMULATE_OPTIONS = {
  port: option('--port <number>', 'the port on 127.0.0.1; 0: any free one', parseCount(0, 65_535), 0),
  latency: option('--latency <duration>', 'of each call, such as 200ms or 0.5s-3s', parseText, '0ms'),
  rateLimit: option(
    '--rate-limit <number>',
    'requests a second before 429; 0: no limit',
    parseNumber(0, 100_000),
    50,
  ),
  fault: option(
    '--fault <kind=share>',
    'such as 502=0.01, lost=0.025 or throttle:google=0.1',
    parseWords,
    [],
    {
      repeats: true,
    },
  ),
  connectors: option('--connectors <providers>', 'the connectors it has', parseProviders, PROVIDERS, {
    choices: PROVIDERS,
    shownDefault: 'all',
  }),
  seed: option('--seed <number>', 'of everything random', parseCount(0, 2 ** 31), 1),
  users: option(
    '--users <csv>',
    'a CSV whose tokens it shall know, so that each answers for its own mailbox',
    parseText,
    null as string | null,
  ),
};

/** The options of each command. */
const LEDGER_COMMAND = { ...LEDGER_OPTION, ...COMMON_OPTIONS };
export const CHECK = { ...LEDGER_COMMAND, ...RATE_OPTION, ...CSV_OPTIONS };
export const RUN = { ...LEDGER_COMMAND, ...NYLAS_OPTIONS, ...RATE_OPTION, ...CSV_OPTIONS, ...RUN_OPTIONS };
/** Of `migrate`, the same run within another program: what is about a screen, an environment or files is its own. */
export const EMBEDDED = {
  ...{ ledger: RUN.ledger, logLevel: RUN.logLevel, logFile: RUN.logFile, label: RUN.label },
  ...{ apiUri: RUN.apiUri, region: RUN.region, rate: RUN.rate, timeout: RUN.timeout },
  ...{ providerAlias: RUN.providerAlias, defaultProvider: RUN.defaultProvider },
  ...{ identifyBy: RUN.identifyBy, carry: RUN.carry },
  ...{ concurrencyMax: RUN.concurrencyMax, attemptsMax: RUN.attemptsMax },
  ...{ settleDelay: RUN.settleDelay, drainTimeout: RUN.drainTimeout, outageMax: RUN.outageMax },
  ...{ failureRateMax: RUN.failureRateMax, expectReauth: RUN.expectReauth },
  ...{ limit: RUN.limit, limitPerProvider: RUN.limitPerProvider, sample: RUN.sample },
  ...{ provider: RUN.provider, retry: RUN.retry, singleUse: RUN.singleUse },
  ...{ emailMismatch: RUN.emailMismatch, existing: RUN.existing, okIfAttention: RUN.okIfAttention },
};
export const STATUS = LEDGER_COMMAND;
export const REPORT = { ...LEDGER_COMMAND, ...REPORT_OPTIONS, ...HAND_OVER_OPTIONS, ...WRITE_BACK_OPTIONS };
export const EXPLAIN = LEDGER_COMMAND;
export const BACKUP = LEDGER_COMMAND;
const JOB_COMMAND = { ...LEDGER_COMMAND, ...NYLAS_OPTIONS, ...RATE_OPTION, ...JOB_OPTIONS };
export const VERIFY = { ...JOB_COMMAND, ...VERIFY_OPTIONS };
export const RESOLVE = { ...JOB_COMMAND, ...RESOLVE_OPTIONS };
export const UNDO = { ...JOB_COMMAND, ...UNDO_OPTIONS };
export const REDACT = { ...LEDGER_COMMAND, ...REDACT_OPTIONS };
export const SIMULATE = {
  ...COMMON_OPTIONS,
  ...SIMULATE_OPTIONS,
  ...{ column: CSV_OPTIONS.column, providerAlias: CSV_OPTIONS.providerAlias },
  ...{ defaultProvider: CSV_OPTIONS.defaultProvider, identifyBy: CSV_OPTIONS.identifyBy },
};
export const DEMO = {
  ...COMMON_OPTIONS,
  out: option('--out <folder>', 'where its ledger and reports go', parseText, 'demo-out'),
};

const ALL: readonly OptionSpecs[] = [
  CHECK,
  RUN,
  STATUS,
  REPORT,
  EXPLAIN,
  VERIFY,
  RESOLVE,
  UNDO,
  BACKUP,
  REDACT,
  SIMULATE,
  DEMO,
];

/** The long names of every command's options. */
export const OPTION_NAMES: ReadonlySet<string> = new Set(
  ALL.flatMap((specs) => Object.values(specs).map((spec) => longName(spec.flags))),
);
