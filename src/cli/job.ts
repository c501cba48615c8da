import { clock, openExistingLedger, openJobProgress, openReader, renderers } from '../context.js';
import { Caller } from '../caller.js';
import type { OptionSpecs } from '../config.js';
import { UserError } from '../core/errors.js';
import { scrubberOf } from '../core/scrub.js';
import type { Verdict } from '../core/verdict.js';
import { connected, type Connected } from '../connected.js';
import type { Connection } from '../connection.js';
import type { JobPorts } from '../job.js';
import type { JobStart, Ledger } from '../ports/ledger.js';
import type { JobSnapshot, Progress } from '../ports/progress.js';
import { assertSameHost } from '../same-host.js';
import { makeStopSwitch, type StopSwitch } from '../stop.js';
import { readConnection, type ConnectionValues } from './connection.js';
import { exitOfVerdict } from '../core/exit-codes.js';
import { warnerOf } from './input.js';
import { followSignals, onScreen, sayStopped } from './on-screen.js';
import { assertNotPrecious } from './precious.js';
import { announce, progressForm, type Destination } from './run-output.js';
import type { Shell } from './shell.js';
import { shownOptions } from './shown-options.js';

/** The options that every such job has. */
export interface JobValues extends ConnectionValues {
  readonly ledger: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug' | null;
  readonly logFile: string | null;
  readonly timeout: number;
  readonly drainTimeout: number;
  readonly label: string | null;
  readonly progress: 'auto' | 'always' | 'never';
}

/** What every job comes to: how it ended, and the counts that are kept with its run. */
export interface JobResult {
  readonly verdict: Verdict;
  readonly counts: unknown;
}

/** A job other than `run` that writes the ledger and talks to Nylas. */
export interface Job<R extends JobResult> {
  readonly kind: JobStart['kind'];
  readonly specs: OptionSpecs;
  readonly work: (ports: JobPorts) => Promise<R>;
  /** Told once the run has its end in the ledger. */
  readonly tell: (result: R, exitCode: number, to: Destination, shell: Shell) => Promise<void>;
}

/**
 * Holds the ledger, makes sure that the key is of its application, and does a job that leaves a run in it. Resolves
 * to the exit code. Throws UserError where the job could not be begun or broke off.
 */
export async function doJob<R extends JobResult>(
  job: Job<R>,
  values: JobValues,
  flags: ReadonlySet<string>,
  shell: Shell,
): Promise<number> {
  const connection = await readConnection(values, shell, flags);
  if (values.logFile !== null) assertNotPrecious(values.logFile, '--log-file', values.ledger, []);
  const format = await renderers.jobState();
  const bare = await openJobProgress(shell.stderr, progressForm(values, shell));
  return onScreen(shell, bare, format, async (spoken, progress) => {
    const stop = makeStopSwitch();
    const release = followSignals(values.quiet, spoken, stop);
    try {
      const exitCode = await holdAndDo(job, values, connection, { stop, progress }, spoken);
      return exitCode ?? (await sayStopped(values, spoken, stop, 'done')).exitCode;
    } finally {
      release();
    }
  });
}

interface Screen {
  readonly stop: StopSwitch;
  readonly progress: Progress<JobSnapshot>;
}

/** Null: stopped before it began. */
async function holdAndDo<R extends JobResult>(
  job: Job<R>,
  values: JobValues,
  connection: Connection,
  { stop, progress }: Screen,
  shell: Shell,
): Promise<number | null> {
  const ledger = await openExistingLedger(values.ledger);
  try {
    await assertSameHost(values.ledger, connection.host);
    return await connected(values, connection, stop, shell.version, async (world) => {
      const to = { target: world.target, host: connection.host };
      ledger.assertOwner({ applicationId: to.target.applicationId, host: to.host });
      await announce(values, shell, job.kind, connection.apiUri, world.target);
      const begun = { ...world, ledger, progress, apiKey: connection.apiKey };
      const result = await workAndEnd(job, values, begun, shell);
      const exitCode = exitOfVerdict(result.verdict, stop.reason());
      world.log.info('job ended', { kind: job.kind, verdict: result.verdict, exitCode });
      await job.tell(result, exitCode, to, shell);
      return exitCode;
    });
  } finally {
    ledger.close();
  }
}

type Begun = Connected & Pick<JobPorts, 'ledger' | 'progress' | 'apiKey'>;

/** Works with a run of its own, which gets its end whatever comes of it. */
async function workAndEnd<R extends JobResult>(
  job: Job<R>,
  values: JobValues,
  begun: Begun,
  shell: Shell,
): Promise<R> {
  const { ledger, stop, apiKey, progress } = begun;
  const warn = warnerOf(values, shell);
  const caller = new Caller({ ...begun, warn }, values.rate);
  const runId = ledger.beginJob(jobStart(job, values, shell));
  begun.log.setRun(runId);
  const watch = follow(begun, values.drainTimeout);
  try {
    const result = await job.work({
      ...begun,
      runId,
      caller,
      warn,
      openReader: () => openReader(values.ledger),
    });
    watch.assertSound();
    const how = stop.reason()?.kind ?? result.verdict;
    ledger.endRun(runId, { endedAtMs: clock.now(), how, why: null, input: null, balance: result.counts });
    return result;
  } catch (error) {
    stop.stop({ kind: 'failure' });
    watch.assertSound();
    if (error instanceof UserError) endFailed(ledger, runId, error, apiKey);
    throw error;
  } finally {
    watch.release();
    caller.close();
    progress.end();
  }
}

/** The job ended in good order, though not well: it isn't taken for one that died. */
function endFailed(ledger: Ledger, runId: number, { message, next }: UserError, apiKey: string): void {
  const why = scrubberOf([apiKey])(`${message} ${next}`);
  ledger.endRun(runId, { endedAtMs: clock.now(), how: 'failed', why, input: null, balance: null });
}

interface Watch {
  /** Throws what the ledger failed with, if it did. */
  readonly assertSound: () => void;
  readonly release: () => void;
}

/** Follows what may stop a job: the ledger's failure, and a signal, after which answers are awaited for so long. */
function follow({ ledger, stop, api, progress, log }: Begun, drainTimeoutMs: number): Watch {
  let failure: UserError | null = null;
  let cancelCut = (): void => undefined;
  const unwatch = ledger.watch((error) => {
    failure = error;
    progress.end();
    stop.stop({ kind: 'failure' });
  });
  const unsubscribe = stop.onStop(() => {
    cancelCut = clock.after(drainTimeoutMs, () => {
      log.warn('drain time-out: connections are cut');
      api.close();
    });
  });
  return {
    assertSound: () => {
      if (failure !== null) throw failure;
    },
    release: () => {
      unwatch();
      unsubscribe();
      cancelCut();
    },
  };
}

function jobStart<R extends JobResult>(job: Job<R>, values: JobValues, shell: Shell): JobStart {
  return {
    kind: job.kind,
    startedAtMs: clock.now(),
    label: values.label,
    host: shell.hostname,
    pid: shell.pid,
    version: shell.version,
    options: shownOptions({ ...values }, job.specs),
  };
}
