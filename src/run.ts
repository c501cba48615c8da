import { connected, type Connected, type Talking } from './connected.js';
import type { Connection } from './connection.js';
import { clock, openLedger, openReader } from './context.js';
import { isLedgerFailure } from './core/errors.js';
import { exitOfVerdict } from './core/exit-codes.js';
import { describeLaneStop, laneTitle } from './core/lane-stop.js';
import type { RunDocument } from './core/run-summary.js';
import { scrubberOf, type Scrub } from './core/scrub.js';
import { isoOf } from './core/utc.js';
import { verdictOf, type Verdict } from './core/verdict.js';
import { openInput, type Input } from './input.js';
import { migrate, type MigrateOptions, type MigratePorts, type RunResult } from './migrate.js';
import type { Ledger, RunStart } from './ports/ledger.js';
import type { RunLog } from './ports/log.js';
import type { RunObserver } from './ports/observer.js';
import type { RecordSource } from './ports/source.js';
import { assertSameHost } from './same-host.js';
import { summarizeRun } from './summarize-run.js';
import type { Target } from './target.js';

/** A whole run: what is migrated, where to and how. */
export interface RunPlan {
  readonly source: RecordSource;
  readonly ledgerPath: string;
  readonly connection: Connection;
  readonly talking: Talking;
  readonly options: MigrateOptions;
  readonly okIfAttention: boolean;
  /** Who runs it, as the ledger keeps it. */
  readonly by: Pick<RunStart, 'label' | 'host' | 'pid' | 'version' | 'options'>;
}

/** Whoever started a run, and follows it. */
export interface RunWatcher extends Pick<MigratePorts, 'stop' | 'progress' | 'warn' | 'onUnwritten'> {
  readonly observer: RunObserver | null;
  /** Told where the run goes before anything is submitted; false: stopped meanwhile. */
  readonly onReady: (world: Connected, inputName: string) => Promise<boolean>;
}

/**
 * Does a run from its input to its summary: opens what it needs, migrates, writes down how it ended, and closes
 * everything again. Null: it was stopped before it began. Throws UserError where nothing could be begun, or where
 * the ledger can't be written any more.
 */
export async function runThrough(plan: RunPlan, watcher: RunWatcher): Promise<RunDocument | null> {
  const { source, connection, talking, options, by } = plan;
  // Before Nylas is asked anything, or a ledger made: what is wrong with the input is told at once.
  const input = await openInput(source, options.reading, watcher.stop);
  if (input === null) return null;
  try {
    await assertSameHost(plan.ledgerPath, connection.host);
    return await connected(talking, connection, watcher.stop, by.version, (world) =>
      runAgainst(world, input, plan, watcher),
    );
  } finally {
    await input.source.close();
  }
}

/** Null: stopped before the migration began. */
async function runAgainst(
  world: Connected,
  input: Input,
  plan: RunPlan,
  watcher: RunWatcher,
): Promise<RunDocument | null> {
  const ledger = await openLedger(plan.ledgerPath);
  try {
    if (!(await watcher.onReady(world, input.name))) return null;
    const observer = naming(world.log, watcher.observer);
    return await migrateAndEnd({ ...watcher, ...world, observer, input, ledger }, world.target, plan);
  } finally {
    ledger.close();
  }
}

/** An observer by whom the log, too, learns which run it is. */
function naming(log: RunLog, observer: RunObserver | null): RunObserver {
  return {
    begun: (runId) => {
      log.setRun(runId);
      observer?.begun(runId);
    },
    answered: (answer) => observer?.answered(answer),
    ended: (provider, outcome) => observer?.ended(provider, outcome),
  };
}

/** Migrates, ends the run in the ledger, and sums up what it came to. */
async function migrateAndEnd(ports: MigratePorts, target: Target, plan: RunPlan): Promise<RunDocument> {
  const { ledger, input, log, api } = ports;
  const owner = { applicationId: target.applicationId, host: plan.connection.host };
  const copy = copyLedger(ports);
  try {
    const result = await migrate(ports, plan.options, owner, runStart(plan, input.name));
    // Its idle connections hold descriptors that summing up may need.
    api.close();
    const verdict = verdictOf({
      ...result,
      stoppedLanes: result.stoppedLanes.length,
      okIfAttention: plan.okIfAttention,
    });
    const exitCode = exitOfVerdict(verdict, result.stop);
    endRun(ledger, result, verdict, plan.options.apiKey);
    if (!isCutShort(result)) await copy.made;
    log.info('run ended', { verdict, exitCode, ...result.balance.buckets });
    return await documentOf(plan, target, input.name, { result, verdict, exitCode });
  } finally {
    await copy.giveUp();
  }
}

/** Somebody waits for its end. */
function isCutShort({ stop }: RunResult): boolean {
  return stop?.kind === 'signal' || stop?.kind === 'abort';
}

/** Copies the ledger while the run goes on; one that is cut short doesn't wait for it. */
function copyLedger({ ledger, warn, log }: Pick<MigratePorts, 'ledger' | 'warn' | 'log'>): {
  readonly made: Promise<void>;
  readonly giveUp: () => Promise<void>;
} {
  const unwanted = new AbortController();
  const made = ledger.backUp(unwanted.signal).catch((error: unknown) => {
    // What became of the ledger itself is told by the run.
    if (unwanted.signal.aborted || isLedgerFailure(error)) return;
    const message = error instanceof Error ? error.message : String(error);
    log.warn('no copy of the ledger was made', { message });
    warn(message);
  });
  return {
    made,
    giveUp: () => {
      unwanted.abort();
      return made;
    },
  };
}

function endRun(ledger: Ledger, result: RunResult, verdict: Verdict, apiKey: string): void {
  const { stop } = result;
  ledger.endRun(result.runId, {
    endedAtMs: clock.now(),
    how: stop?.kind ?? verdict,
    why: whyEnded(result, scrubberOf([apiKey])),
    input: result.input,
    balance: result.balance,
    pace: result.pace,
  });
}

async function documentOf(
  { ledgerPath, connection, options }: RunPlan,
  { applicationId, name, environment }: Target,
  inputName: string,
  ended: { readonly result: RunResult; readonly verdict: Verdict; readonly exitCode: number },
): Promise<RunDocument> {
  const { result, verdict, exitCode } = ended;
  const reader = await openReader(ledgerPath);
  try {
    const to = { host: connection.host, application: { id: applicationId, name }, environment };
    const run = { ledgerPath, inputName, ratePerSecond: options.ratePerSecond, ...to };
    const summary = summarizeRun(reader, result, run, clock.now());
    const input = { name: inputName, ...result.input };
    return { ...summary, stop: toldStop(result.stop), verdict, exitCode, input };
  } finally {
    reader.close();
  }
}

/** Times in documents are ISO 8601, UTC. */
function toldStop(stop: RunResult['stop']): RunDocument['stop'] {
  return stop?.kind === 'stop_time' ? { ...stop, at: isoOf(stop.atMs) } : stop;
}

function runStart({ by, options }: RunPlan, inputName: string): RunStart {
  return {
    ...by,
    startedAtMs: clock.now(),
    inputName,
    settleDelayMs: options.retry.settleDelayMs,
    intentWaitMaxMs: options.outageMaxMs,
  };
}

/** What kept the run from its end, in words that `status` repeats. */
function whyEnded({ stop, stoppedLanes }: RunResult, scrub: Scrub): string | null {
  if (stop?.kind === 'input') return scrub(`${stop.message} ${stop.next}`);
  if (stoppedLanes.length === 0) return null;
  const lanes = stoppedLanes.map((lane) => `${laneTitle(lane)}: ${describeLaneStop(lane.stop)}`);
  return scrub(lanes.join(' '));
}
