import { clock, openMetrics, openReader, runCommand } from '../context.js';
import { UserError } from '../core/errors.js';
import { describeWriteTrouble } from '../core/file-trouble.js';
import { lastSuccess } from '../core/ledger-rows.js';
import { MetricsRefresh } from '../metrics-refresh.js';
import type { LedgerStanding, RunObserver } from '../ports/observer.js';
import type { Progress } from '../ports/progress.js';
import { EXIT } from '../core/exit-codes.js';
import { tellFailure } from './failure.js';
import { assertNotPrecious } from './precious.js';
import { say, type Shell } from './shell.js';

/** Who watches a run: a monitoring system, and whoever is told when it has ended. */
interface AttendedValues {
  readonly ledger: string;
  readonly json: boolean;
  readonly metricsFile: string | null;
  readonly onFinish: string | null;
  readonly logFile: string | null;
  readonly apiKeyFile: string | null;
  readonly only: string | null;
  readonly exclude: string | null;
  readonly config: string | null;
}

/** What a run has to do with those who watch it. */
export interface Attendance {
  readonly observer: RunObserver | null;
  /** Progress that is shown as before, and seen by them too. */
  readonly beside: (progress: Progress) => Progress;
}

/** How a run ended, with the document that `--json` prints. */
export interface Ended {
  readonly exitCode: number;
  readonly document: object;
}

const ON_FINISH_TIMEOUT_MS = 60_000;

/**
 * Runs with watchers, who learn how it ended, whatever came of it. Resolves to the exit code; a failure has been told
 * then.
 */
export async function attended(
  values: AttendedValues,
  inputs: readonly string[],
  shell: Shell,
  act: (attendance: Attendance) => Promise<Ended>,
): Promise<number> {
  let refresh: MetricsRefresh | null = null;
  let ended: Ended;
  try {
    refresh = await openRefresh(values, inputs, shell);
    const beside = refresh === null ? (progress: Progress) => progress : refresh.beside.bind(refresh);
    ended = await act({ observer: refresh, beside });
  } catch (error) {
    ended = await tellFailure(error, values.json, shell);
  }
  // The file is another run's: that one keeps it.
  if (ended.exitCode !== EXIT.locked) await refresh?.finish(ended.exitCode);
  if (values.onFinish !== null) await tellOnFinish(values.onFinish, ended, shell);
  return ended.exitCode;
}

async function openRefresh(
  values: AttendedValues,
  inputs: readonly string[],
  shell: Shell,
): Promise<MetricsRefresh | null> {
  const { metricsFile: file, ledger } = values;
  if (file === null) return null;
  const { apiKeyFile, only, exclude, config, logFile } = values;
  const files = [...inputs, apiKeyFile, only, exclude, config, logFile].filter((name) => name !== null);
  assertNotPrecious(file, '--metrics-file', ledger, files);
  return new MetricsRefresh({
    metrics: await openMetrics({ file, ledgerPath: ledger, version: shell.version }),
    clock,
    readLedger: () => standingOf(ledger),
    warn: (error) => {
      const why = describeWriteTrouble(error);
      void say(shell.stderr, `Warning: --metrics-file ${file} can't be written: ${why}. The run goes on.`);
    },
  });
}

/** Null: it can't be read, such as one that isn't there yet. What is wrong with it is told by the run. */
async function standingOf(ledger: string): Promise<LedgerStanding | null> {
  try {
    const reader = await openReader(ledger);
    try {
      const lastSuccessAtMs = lastSuccess(reader.runs())?.endedAtMs ?? null;
      return { counts: reader.counts(), lastSuccessAtMs, isHeld: reader.isHeld() };
    } finally {
      reader.close();
    }
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** Hands the run's document to the command, and waits for it; a signal gives it up. What goes wrong is only told. */
async function tellOnFinish(command: string, { exitCode, document }: Ended, shell: Shell): Promise<void> {
  const giveUp = new AbortController();
  const release = shell.onStopSignal(() => {
    giveUp.abort();
  });
  try {
    const options = { timeoutMs: ON_FINISH_TIMEOUT_MS, giveUp: giveUp.signal };
    const trouble = await runCommand(command, `${JSON.stringify(document, null, 2)}\n`, options);
    if (trouble === null) return;
    await say(shell.stderr, `Warning: --on-finish: ${trouble}. The exit code stays the run's: ${exitCode}.`);
  } finally {
    release();
  }
}
