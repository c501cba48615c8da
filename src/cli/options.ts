import { type OptionSpecs, longName, option } from '../config.js';
import { parseText } from '../core/parse.js';
import { RESOLVE_OPTIONS, UNDO_OPTIONS, VERIFY_OPTIONS } from './aftermath-options.js';
import { HAND_OVER_OPTIONS, REDACT_OPTIONS, WRITE_BACK_OPTIONS } from './hand-over-options.js';
import { REPORT_OPTIONS } from './report-options.js';
import { RUN_OPTIONS } from './run-options.js';
import {
  COMMON_OPTIONS,
  CSV_OPTIONS,
  JOB_OPTIONS,
  LEDGER_OPTION,
  NYLAS_OPTIONS,
  RATE_OPTION,
} from './shared-options.js';
import { SIMULATE_OPTIONS } from './simulate-options.js';

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
