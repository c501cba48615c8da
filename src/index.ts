import { hostname } from 'node:os';
import { migrateOptions } from './cli/migrate-options.js';
import { EMBEDDED } from './cli/options.js';
import { assertNotPrecious } from './cli/precious.js';
import { shownOptions } from './cli/shown-options.js';
import { resolveOptions, type OptionValues } from './config.js';
import { connectionOf } from './connection.js';
import { clock, openRows } from './context.js';
import { UserError } from './core/errors.js';
import type { RunDocument } from './core/run-summary.js';
import type { MigrateOptions, MigrateRows } from './embedded.js';
import { runThrough, type RunPlan, type RunWatcher } from './run.js';
import { makeStopSwitch, type StopSwitch } from './stop.js';
import { toldProgress } from './told-progress.js';
import { describeUnwritten } from './unwritten.js';
import { packageVersion } from './version.js';

export { UserError };
export type { FailureKind } from './core/errors.js';
export type { Snapshot as MigrateProgress } from './ports/progress.js';
export type { RunDocument as MigrateResult } from './core/run-summary.js';
export type { MigrateOptions, MigrateRow, MigrateRows } from './embedded.js';

/**
 * Migrates rows as `nylas-migrate run` migrates a CSV: the same ledger, pace, safety and resumption. Called again
 * with the same ledger it goes on where it stopped. It prints nothing, reads no environment, listens to no signal of
 * the process and never ends it. One ledger takes one run at a time, whichever process or program it is in.
 *
 * @param rows - Users, with the CSV's field names: an array, an iterable or async iterable, or a function that
 *   returns one. Rows that wait for a provider are taken up in another pass, for which an iterable that ends is not
 *   enough: they are left to the next run then. An iterable that throws ends the reading like a file that breaks off:
 *   what came before is migrated, and the result's `stop` is of kind `input`.
 * @returns What `run --json` prints: `verdict`, the exit code that goes with it, the balance of the rows, what is left
 *   to do and by whom. Only `verdict: 'done'` means that every user has a grant.
 * @throws {UserError} Where nothing could be begun (`usage`, `refused`, `locked`), the ledger can't be used
 *   (`ledger`), or it was aborted before it began (`unfinished`). What a callback throws ends the run cleanly, and is
 *   thrown then.
 */
export async function migrate(rows: MigrateRows, options: MigrateOptions): Promise<RunDocument> {
  const stop = makeStopSwitch();
  const callbacks = new Callbacks(options, stop);
  const abort = (): void => {
    stop.stop({ kind: 'abort' });
  };
  options.signal?.addEventListener('abort', abort);
  if (options.signal?.aborted === true) abort();
  try {
    const document = await runThrough(await planOf(rows, options), watcherOf(callbacks, stop));
    callbacks.throwFailure();
    if (document === null) throw abortedBefore();
    return document;
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
}

async function planOf(rows: MigrateRows, options: MigrateOptions): Promise<RunPlan> {
  const values = valuesOf(options);
  const connection = connectionOf(values, apiKeyOf(options));
  if (values.logFile !== null) assertNotPrecious(values.logFile, '--log-file', values.ledger, []);
  const scope = {
    providers: new Set(values.provider),
    only: null,
    exclude: new Set<string>(),
    sample: values.sample,
  };
  const run = migrateOptions({ ...values, column: [] }, scope, connection.apiKey);
  const { label, ledger: ledgerPath, okIfAttention } = values;
  return {
    source: await openRows(rows, run.reading),
    ledgerPath,
    connection,
    // Without a file its lines would go to standard error.
    talking: { ...values, logLevel: values.logFile === null ? 'silent' : values.logLevel },
    options: run,
    okIfAttention,
    by: {
      label,
      host: hostname(),
      pid: process.pid,
      version: packageVersion(),
      options: shownOptions(values, EMBEDDED),
    },
  };
}

function apiKeyOf({ apiKey }: MigrateOptions): string {
  const given: unknown = apiKey;
  if (typeof given === 'string' && given.trim() !== '') return given.trim();
  throw new UserError(
    'usage',
    'apiKey is missing.',
    'Pass the API key of the v3 application; nothing was submitted.',
  );
}

/** What only a program passes. */
const NO_RUN_OPTIONS: ReadonlySet<string> = new Set([
  'apiKey',
  'signal',
  'onProgress',
  'onWarning',
] satisfies (keyof MigrateOptions)[]);

/** The options are read as a configuration file is. Throws UserError('usage') with every problem at once. */
function valuesOf(options: MigrateOptions): OptionValues<typeof EMBEDDED> {
  const given = Object.entries(options).filter(
    ([name, value]) => !NO_RUN_OPTIONS.has(name) && value !== undefined && value !== null,
  );
  const content = Object.fromEntries(given.map(([name, value]) => [longNameOf(name), asConfigured(value)]));
  try {
    const file = { name: 'the options of migrate()', content };
    return resolveOptions(EMBEDDED, { flags: {}, env: {}, file, dotenv: {}, ofOthers: new Set() });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      error.kind,
      error.message,
      'Correct the options of migrate(); nothing was submitted.',
    );
  }
}

/** `attemptsMax` → `attempts-max`, as on the command line. */
function longNameOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A map of names becomes a list of NAME=VALUE. */
function asConfigured(value: unknown): unknown {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMap ? Object.entries(value).map(([name, meaning]) => `${name}=${String(meaning)}`) : value;
}

/** What the caller wants to be told. A callback that throws stops the run. */
class Callbacks {
  readonly #options: MigrateOptions;
  readonly #stop: StopSwitch;
  #failure: { readonly error: unknown } | null = null;

  constructor(options: MigrateOptions, stop: StopSwitch) {
    this.#options = options;
    this.#stop = stop;
  }

  readonly progress: NonNullable<MigrateOptions['onProgress']> = (snapshot) => {
    this.#call(() => this.#options.onProgress?.(snapshot));
  };

  readonly warn = (message: string): void => {
    this.#call(() => this.#options.onWarning?.(message));
  };

  throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#failure ??= { error };
      this.#stop.stop({ kind: 'abort' });
    }
  }
}

function watcherOf({ progress, warn }: Callbacks, stop: StopSwitch): RunWatcher {
  return {
    observer: null,
    stop,
    progress: toldProgress(progress, clock),
    warn,
    onUnwritten: (outcome) => {
      warn(describeUnwritten(outcome));
    },
    onReady: () => Promise.resolve(stop.reason() === null),
  };
}

function abortedBefore(): UserError {
  return new UserError('unfinished', 'Aborted before anything was submitted.', 'The same call begins again.');
}
