import { clock, openLedger, openProgress, renderers } from '../context.js';
import type { OptionValues } from '../config.js';
import { isLedgerFailure } from '../core/errors.js';
import { describeLaneStop, laneTitle } from '../core/lane-stop.js';
import { scrubberOf, type Scrub } from '../core/scrub.js';
import { verdictOf, type Verdict } from '../core/verdict.js';
import { migrate, type MigrateOptions, type MigratePorts, type RunResult } from '../migrate.js';
import { openInput, type Input } from '../input.js';
import type { StopTime } from '../core/stop-time.js';
import type { Ledger, Progress, RunLog, RunObserver, RunStart } from '../ports.js';
import { makeStopSwitch, type StopSwitch } from '../stop.js';
import { readConnectors } from '../target.js';
import { attended, type Attendance, type Ended } from './attendance.js';
import type { Action } from './command.js';
import { connected, followSignals, onScreen, sayStopped, type Connected } from './connected.js';
import { readConnection, type Connection } from './connection.js';
import { dryRun } from './dry-run.js';
import { exitOfVerdict } from './exit-codes.js';
import { readingOf, scopeOf, sourceOf, warnerOf } from './input.js';
import { RUN } from './options.js';
import { assertNotPrecious } from './precious.js';
import { advise, announce, progressForm, tell, unwrittenTeller, type Destination } from './run-output.js';
import type { Shell } from './shell.js';
import { shownOptions } from './shown-options.js';
import { announcedStop, followStopTime, stopTimeFor } from './stop-time.js';

type Values = OptionValues<typeof RUN>;

export const action: Action<typeof RUN> = (values, args, flags, shell) =>
  values.dryRun
    ? dryRun(values, args, shell)
    : attended(values, args.slice(0, 1), shell, (attendance) =>
        runOnScreen(values, args, flags, attendance, shell),
      );

async function runOnScreen(
  values: Values,
  args: readonly string[],
  flags: ReadonlySet<string>,
  attendance: Attendance,
  shell: Shell,
): Promise<Ended> {
  const bare = await openProgress(shell.stderr, progressForm(values, shell));
  return onScreen(shell, bare, await renderers.state(), (spoken, shown) =>
    run(values, args, flags, { ...attendance, progress: attendance.beside(shown) }, spoken),
  );
}

/** What is between a run and those who watch it. */
interface Watched extends Attendance {
  readonly progress: Progress;
}

async function run(
  values: Values,
  args: readonly string[],
  flags: ReadonlySet<string>,
  watched: Watched,
  shell: Shell,
): Promise<Ended> {
  const connection = await readConnection(values, shell, flags);
  const source = await sourceOf(values, args, shell);
  const options = migrateOptions(values, connection, shell);
  if (values.logFile !== null) assertNotPrecious(values.logFile, '--log-file', values.ledger, [source.name]);
  const stopTime = stopTimeFor(values);
  const stop = makeStopSwitch();
  const release = followSignals(values.quiet, shell, stop);
  const leaveOff = followStopTime(stopTime, values.quiet, shell, stop);
  try {
    // Before Nylas is asked anything, or a ledger made: what is wrong with the input is told at once.
    const input = await openInput(source, options.reading, stop);
    const begun = { ...watched, stop, stopTime };
    const ended = input === null ? null : await runOn(input, values, connection, options, begun, shell);
    return ended ?? (await sayStopped(values, shell, stop, 'submitted'));
  } finally {
    leaveOff();
    release();
  }
}

interface Begun extends Watched {
  readonly stop: StopSwitch;
  readonly stopTime: StopTime | null;
}

/** Null: stopped before the migration began. */
async function runOn(
  input: Input,
  values: Values,
  connection: Connection,
  options: MigrateOptions,
  begun: Begun,
  shell: Shell,
): Promise<Ended | null> {
  try {
    return await connected(values, connection, begun.stop, shell, (world) =>
      runAgainst({ ...begun, ...world, input }, values, connection, options, shell),
    );
  } finally {
    await input.source.close();
  }
}

type Opened = Connected & Begun & Pick<MigratePorts, 'input'>;

/** Null: stopped before the migration began. */
async function runAgainst(
  opened: Opened,
  values: Values,
  connection: Connection,
  options: MigrateOptions,
  shell: Shell,
): Promise<Ended | null> {
  const { input, api, pacer, stop, target, log, stopTime } = opened;
  const ledger = await openLedger(values.ledger);
  try {
    await announce(values, shell, input.name, connection.apiUri, target, await announcedStop(stopTime));
    if (!values.noPreflight) {
      await advise(values, shell, await readConnectors(api, pacer));
      if (stop.reason() !== null) return null;
    }
    const told = { warn: warnerOf(values, shell), onUnwritten: unwrittenTeller(shell) };
    const to = { target, host: connection.host };
    const observer = naming(log, opened.observer);
    return await runAndTell(values, shell, { ...opened, ...told, observer, ledger }, options, to);
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

/** Migrates, ends the run in the ledger, and prints what it came to. */
async function runAndTell(
  values: Values,
  shell: Shell,
  ports: MigratePorts,
  options: MigrateOptions,
  to: Destination,
): Promise<Ended> {
  const { ledger, input, log, api } = ports;
  const owner = { applicationId: to.target.applicationId, host: to.host };
  const copy = copyLedger(ports);
  try {
    const result = await migrate(ports, options, owner, runStart(values, shell, input.name, options));
    // Its idle connections hold descriptors that telling may need.
    api.close();
    const { verdict, exitCode } = judge(values, result);
    endRun(ledger, result, verdict, options.apiKey);
    if (result.stop?.kind !== 'signal') await copy.made;
    log.info('run ended', { verdict, exitCode, ...result.balance.buckets });
    const document = await tell(values, shell, input.name, to, { result, verdict, exitCode });
    return { exitCode, document };
  } finally {
    await copy.giveUp();
  }
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

function judge(values: Values, result: RunResult): { verdict: Verdict; exitCode: number } {
  const verdict = verdictOf({
    ...result,
    stoppedLanes: result.stoppedLanes.length,
    okIfAttention: values.okIfAttention,
  });
  return { verdict, exitCode: exitOfVerdict(verdict, result.stop) };
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

function runStart(values: Values, shell: Shell, inputName: string, options: MigrateOptions): RunStart {
  return {
    startedAtMs: clock.now(),
    label: values.label,
    host: shell.hostname,
    pid: shell.pid,
    version: shell.version,
    options: keptOptions(values),
    inputName,
    settleDelayMs: options.retry.settleDelayMs,
    intentWaitMaxMs: options.outageMaxMs,
  };
}

/** But for what is run in the end: the address of a web hook is a secret. */
function keptOptions(values: Values): RunStart['options'] {
  return shownOptions({ ...values, onFinish: RUN.onFinish.fallback }, RUN);
}

function migrateOptions(values: Values, connection: Connection, shell: Shell): MigrateOptions {
  return {
    reading: readingOf(values),
    scope: scopeOf(values, shell),
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
    apiKey: connection.apiKey,
  };
}

/** What kept the run from its end, in words that `status` repeats. */
function whyEnded({ stop, stoppedLanes }: RunResult, scrub: Scrub): string | null {
  if (stop?.kind === 'input') return scrub(`${stop.message} ${stop.next}`);
  if (stoppedLanes.length === 0) return null;
  const lanes = stoppedLanes.map((lane) => `${laneTitle(lane)}: ${describeLaneStop(lane.stop)}`);
  return scrub(lanes.join(' '));
}
