import { flag, option } from '../config.js';
import { CATEGORIES } from '../core/category.js';
import { parseChoice, parseCount, parseDurationWithin, parseShare, parseText } from '../core/parse.js';
import { RETRIED_LOSSES, type RetryTarget } from '../core/plan.js';
import { PROVIDERS } from '../core/provider.js';
import { type StopAt, parseStopAt } from '../core/stop-time.js';
import { JOB_OPTIONS, parseProviders, parseWords } from './shared-options.js';

const RETRIES = [
  ...CATEGORIES,
  ...RETRIED_LOSSES,
  'in_doubt',
  'undone',
] as const satisfies readonly RetryTarget[];

/** Of `run`. */
export const RUN_OPTIONS = {
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

function parseRetries(text: string): readonly RetryTarget[] {
  return parseWords(text).map(parseChoice(RETRIES));
}
