import type { CsvInput } from './adapters/csv/input.js';
import type { Rows } from './adapters/rows/index.js';
import type { LogLevel } from './adapters/log/index.js';
import type { ReportOut } from './adapters/report/out.js';
import { systemClock } from './adapters/clock/index.js';
import type { ReadingOptions } from './core/record.js';
import type { ReportPage } from './core/page.js';
import type { Scrub } from './core/scrub.js';
import type { Clock } from './ports/clock.js';
import type { Ledger, LedgerCopy, PlanningLedger, Redaction } from './ports/ledger.js';
import type { LedgerReader } from './ports/ledger-reader.js';
import type { RunLog } from './ports/log.js';
import type { JobApi } from './ports/nylas.js';
import type { Metrics } from './ports/observer.js';
import type { JobSnapshot, Progress } from './ports/progress.js';
import type { RecordSource } from './ports/source.js';

/**
 * The composition root: the one place where adapters are chosen. Each is loaded when it is first needed, so
 * that a command costs only what it uses.
 */
export const clock: Clock = systemClock;

export async function openSource(input: CsvInput, warn: (message: string) => void): Promise<RecordSource> {
  const { csvSource } = await import('./adapters/csv/source.js');
  return csvSource(input, { warn });
}

/** Rows that a program hands over. */
export async function openRows(rows: Rows, reading: ReadingOptions): Promise<RecordSource> {
  const { rowSource } = await import('./adapters/rows/index.js');
  return rowSource(rows, reading);
}

export async function openLedger(path: string): Promise<Ledger> {
  const ledger = await import('./adapters/sqlite/ledger.js');
  return ledger.openLedger(path, clock);
}

/** As `openLedger`, but makes none. */
export async function openExistingLedger(path: string): Promise<Ledger> {
  const ledger = await import('./adapters/sqlite/ledger.js');
  return ledger.openExistingLedger(path, clock);
}

/** Copies a ledger, also while a run holds it. */
export async function backUpLedger(path: string, file: string): Promise<LedgerCopy> {
  const backup = await import('./adapters/sqlite/backup.js');
  return backup.backUpLedger(path, file);
}

/** What a ledger would forget; nothing is changed. */
export async function planRedaction(path: string): Promise<Redaction> {
  const redact = await import('./adapters/sqlite/redact.js');
  return redact.planRedaction(path);
}

/** Makes a ledger and its copy forget every email address. */
export async function redactLedger(path: string): Promise<Redaction> {
  const redact = await import('./adapters/sqlite/redact.js');
  return redact.redactLedger(path, clock.now());
}

export async function openReader(path: string): Promise<LedgerReader> {
  const reader = await import('./adapters/sqlite/reader.js');
  return reader.openReader(path);
}

/** Opens a ledger only to plan against it: nothing in it is changed. */
export async function openPlanning(path: string): Promise<PlanningLedger & { readonly close: () => void }> {
  const lookUp = await import('./adapters/sqlite/look-up.js');
  return lookUp.openPlanning(path);
}

export async function openApi(options: {
  readonly apiUri: string;
  readonly apiKey: string;
  readonly timeoutMs: number;
  readonly version: string;
}): Promise<JobApi> {
  const { nylasApi } = await import('./adapters/nylas/index.js');
  return nylasApi(options, clock);
}

export async function openLog(options: {
  readonly level: LogLevel;
  readonly file: string | null;
  readonly scrub: Scrub;
}): Promise<RunLog> {
  if (options.level === 'silent') return SILENT;
  const log = await import('./adapters/log/index.js');
  return log.openLog(options);
}

/** Figures of a run in a file for Prometheus. Throws UserError where the file isn't one that may be replaced. */
export async function openMetrics(options: {
  readonly file: string;
  readonly ledgerPath: string;
  readonly version: string;
}): Promise<Metrics> {
  const metrics = await import('./adapters/metrics/index.js');
  return metrics.openMetrics(options);
}

/** Runs a command with a text on its standard input; resolves to what went wrong with it, or null. */
export async function runCommand(
  command: string,
  input: string,
  options: { readonly timeoutMs: number; readonly giveUp: AbortSignal },
): Promise<string | null> {
  const { runToEnd } = await import('./adapters/command/index.js');
  return runToEnd(command, input, options);
}

type ProgressStream = NodeJS.WritableStream & { columns?: number };
type ProgressForm = 'bar' | 'lines' | 'never';

export async function openProgress(stream: ProgressStream, form: ProgressForm): Promise<Progress> {
  const { formatProgress } = await import('./adapters/terminal/progress-line.js');
  return drawn(stream, form, formatProgress);
}

export async function openJobProgress(
  stream: ProgressStream,
  form: ProgressForm,
): Promise<Progress<JobSnapshot>> {
  const { formatJobProgress } = await import('./adapters/terminal/progress-line.js');
  return drawn(stream, form, formatJobProgress);
}

async function drawn<S>(
  stream: ProgressStream,
  form: ProgressForm,
  format: (snapshot: S, columns: number) => string,
): Promise<Progress<S>> {
  const { noProgress, progressBar, progressLines } = await import('./adapters/terminal/progress.js');
  if (form === 'never') return noProgress;
  return form === 'bar' ? progressBar(stream, clock, format) : progressLines(stream, clock, format);
}

const nothing = (): void => undefined;
const SILENT: RunLog = {
  setRun: nothing,
  close: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
};

export const renderers = {
  check: async () => (await import('./adapters/terminal/check.js')).renderCheck,
  status: async () => (await import('./adapters/terminal/status.js')).renderStatus,
  explanation: async () => (await import('./adapters/terminal/explain.js')).renderExplanation,
  held: async () => (await import('./adapters/terminal/resolve.js')).renderHeld,
  resolved: async () => (await import('./adapters/terminal/resolve.js')).renderResolved,
  verify: async () => (await import('./adapters/terminal/verify.js')).renderVerify,
  state: async () => (await import('./adapters/terminal/progress-line.js')).formatState,
  jobState: async () => (await import('./adapters/terminal/progress-line.js')).formatJobState,
  stopTime: async () => (await import('./adapters/terminal/stop-time.js')).renderStopTime,
  runSummary: async () => (await import('./adapters/terminal/run-summary.js')).renderRunSummary,
  undoPlan: async () => (await import('./adapters/terminal/undo.js')).renderUndoPlan,
  undoSummary: async () => (await import('./adapters/terminal/undo.js')).renderUndoSummary,
  dryRun: async () => (await import('./adapters/terminal/dry-run.js')).renderDryRun,
};

export async function reportWriter() {
  return (await import('./adapters/report/index.js')).writeReport;
}

export async function textWriter() {
  return (await import('./adapters/report/index.js')).writeText;
}

export async function pageWriter() {
  const { renderPage } = await import('./adapters/html/index.js');
  const { writeOut } = await import('./adapters/report/out.js');
  return (page: ReportPage, out: ReportOut): Promise<void> => writeOut([renderPage(page)], out);
}

export async function simulator() {
  const { startSimulator } = await import('./simulator/simulator.js');
  const { parseFault } = await import('./simulator/faults.js');
  const { parseLatency } = await import('./simulator/latency.js');
  return { startSimulator, parseFault, parseLatency };
}
