import type { OptionValues } from '../config.js';
import type { Scope } from '../core/scope.js';
import type { MigrateOptions } from '../migrate.js';
import { readingOf, type ReadingValues } from './input.js';
import type { EMBEDDED } from './options.js';

/** The options of `run` as the pipeline takes them. */
export function migrateOptions(
  values: OptionValues<typeof EMBEDDED> & ReadingValues,
  scope: Scope,
  apiKey: string,
): MigrateOptions {
  return {
    reading: readingOf(values),
    scope,
    retryTargets: new Set(values.retry),
    limit: values.limit,
    limitPerProvider: values.limitPerProvider,
    ratePerSecond: values.rate,
    concurrencyMax: values.concurrencyMax,
    retry: { attemptsMax: values.attemptsMax, settleDelayMs: values.settleDelay ?? 2 * values.timeout },
    drainTimeoutMs: values.drainTimeout,
    outageMaxMs: values.outageMax,
    failureRateMax: values.failureRateMax,
    expectReauth: new Set(values.expectReauth),
    emailMismatch: values.emailMismatch,
    existing: values.existing,
    singleUse: new Set(['zoom', ...values.singleUse]),
    apiKey,
  };
}
