import type { CsvInput } from './adapters/csv/input.js';
import type { LogLevel } from './adapters/log/index.js';
import { systemClock } from './adapters/clock/index.js';
import type { Scrub } from './core/scrub.js';
import type {
  Clock,
  Ledger,
  LedgerCopy,
  LedgerReader,
  Log,
  NylasApi,
  PlanningLedger,
  Progress,
  RecordSource,
  Redaction,
} from './ports.js';

/**
 * The composition root: the one place where adapters are chosen. Each is loaded when it is first needed, so
 * that a command costs only what it uses.
 */
export const clock: Clock = systemClock;

export async function openSource(input: CsvInput, warn: (message: string) => void): Promise<RecordSource> {
  const { csvSource } = await import('./adapters/csv/source.js');
  return csvSource(input, { warn });
}

export async function openLedger(path: string): Promise<Ledger> {
  const ledger = await import('./adapters/sqlite/ledger.js');
  return ledger.openLedger(path, clock);
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
}): Promise<NylasApi> {
  const { nylasApi } = await import('./adapters/nylas/index.js');
  return nylasApi(options, clock);
}

export async function openLog(options: {
  readonly level: LogLevel;
  readonly file: string | null;
  readonly scrub: Scrub;
}): Promise<Log> {
  if (options.level === 'silent') return SILENT;
  const log = await import('./adapters/log/index.js');
  return log.openLog(options);
}

export async function openProgress(
  stream: NodeJS.WritableStream & { isTTY?: boolean; columns?: number },
  when: 'bar' | 'lines' | 'never',
): Promise<Progress> {
  const { noProgress, progressBar, progressLines } = await import('./adapters/terminal/progress.js');
  if (when === 'never') return noProgress;
  return when === 'bar' ? progressBar(stream, clock) : progressLines(stream, clock);
}

const nothing = (): void => undefined;
const SILENT: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

export const renderers = {
  check: async () => (await import('./adapters/terminal/check.js')).renderCheck,
  status: async () => (await import('./adapters/terminal/status.js')).renderStatus,
  explanation: async () => (await import('./adapters/terminal/explain.js')).renderExplanation,
  state: async () => (await import('./adapters/terminal/progress-line.js')).formatState,
  runSummary: async () => (await import('./adapters/terminal/run-summary.js')).renderRunSummary,
  dryRun: async () => (await import('./adapters/terminal/dry-run.js')).renderDryRun,
};

export async function reportWriter() {
  return (await import('./adapters/report/index.js')).writeReport;
}

export async function textWriter() {
  return (await import('./adapters/report/index.js')).writeText;
}

export async function simulator() {
  const { startSimulator } = await import('./simulator/simulator.js');
  const { parseFault } = await import('./simulator/faults.js');
  const { parseLatency } = await import('./simulator/latency.js');
  return { startSimulator, parseFault, parseLatency };
}
