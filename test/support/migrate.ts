import { csvSource } from '../../src/adapters/csv/source.js';
import type { CsvInput } from '../../src/adapters/csv/input.js';
import { nylasApi } from '../../src/adapters/nylas/index.js';
import { openLedger } from '../../src/adapters/sqlite/ledger.js';
import { openInput } from '../../src/input.js';
import { migrate, type MigrateOptions, type RunResult } from '../../src/migrate.js';
import type { Clock } from '../../src/ports/clock.js';
import type { Ledger } from '../../src/ports/ledger.js';
import { makeStopSwitch } from '../../src/stop.js';
import { API_KEY } from './cli.js';
import { runStart } from './ledger.js';
import { reading } from './reading.js';

export interface Place {
  readonly ledgerPath: string;
  readonly apiUri: string;
  readonly input: CsvInput;
  readonly clock: Clock;
  /** Told of the ledger before the run begins, to spy on it. */
  readonly onLedger?: (ledger: Ledger) => void;
}

const nothing = (): void => undefined;

const OPTIONS: MigrateOptions = {
  reading: reading(),
  scope: { providers: new Set(), only: null, exclude: new Set(), sample: 1 },
  retryTargets: new Set(),
  limit: null,
  limitPerProvider: null,
  ratePerSecond: 0,
  concurrencyMax: 10,
  retry: { attemptsMax: 5, settleDelayMs: 100 },
  drainTimeoutMs: 5_000,
  outageMaxMs: 60_000,
  failureRateMax: 0.5,
  expectReauth: new Set(),
  emailMismatch: 'hold',
  existing: 'skip',
  singleUse: new Set(['zoom']),
  apiKey: API_KEY,
};

/** One run within this process, by a clock of the test's own: everything real but time and what is printed. */
export async function migrateHere(
  { ledgerPath, apiUri, input, clock, onLedger = nothing }: Place,
  given: Partial<MigrateOptions> & { readonly timeoutMs: number },
): Promise<RunResult> {
  const { timeoutMs, ...more } = given;
  const options = { ...OPTIONS, ...more };
  const api = nylasApi({ apiUri, apiKey: API_KEY, timeoutMs, version: '0' }, clock);
  const ledger = openLedger(ledgerPath, clock);
  onLedger(ledger);
  const stop = makeStopSwitch();
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const progress = { begin: nothing, clear: nothing, end: nothing };
  try {
    const opened = await openInput(csvSource(input), options.reading, stop);
    if (opened === null) throw new Error('stopped before the input began');
    const ports = {
      input: opened,
      ledger,
      api,
      clock,
      log,
      progress,
      stop,
      warn: nothing,
      onUnwritten: nothing,
    };
    const start = runStart({ startedAtMs: clock.now() });
    const result = await migrate(ports, options, { applicationId: 'app-1', host: '127.0.0.1' }, start);
    const end = { endedAtMs: clock.now(), how: 'ended', why: null, input: null, balance: result.balance };
    ledger.endRun(result.runId, end);
    return result;
  } finally {
    ledger.close();
    api.close();
  }
}
