import { clock, openApi, openLog } from '../context.js';
import { scrubberOf } from '../core/scrub.js';
import { startPacer, type Pacer } from '../pacer.js';
import type { Clock, JobApi, Progress, RunLog } from '../ports.js';
import type { StopSwitch } from '../stop.js';
import { readTarget, type Target } from '../target.js';
import type { Connection } from './connection.js';
import { exitOfVerdict } from './exit-codes.js';
import { Notices } from './notices.js';
import { tellStateWhenAsked } from './run-output.js';
import { print, type Shell } from './shell.js';

/** The options that decide how Nylas is talked to. */
interface TalkingValues {
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug' | null;
  readonly logFile: string | null;
  readonly timeout: number;
  readonly rate: number;
}

/** Nylas within reach, and whose key it is. */
export interface Connected {
  readonly target: Target;
  readonly api: JobApi;
  readonly clock: Clock;
  readonly log: RunLog;
  readonly pacer: Pacer;
  readonly stop: StopSwitch;
}

/**
 * Opens the way to Nylas, reads whose key it is, and acts; closes everything again. Null: it was stopped before.
 * Throws UserError where Nylas refuses the key or can't be reached.
 */
export async function connected<T>(
  values: TalkingValues,
  connection: Connection,
  stop: StopSwitch,
  shell: Shell,
  act: (connected: Connected) => Promise<T>,
): Promise<T | null> {
  const log = await openLog({
    level: values.logLevel ?? (values.logFile === null ? 'silent' : 'info'),
    file: values.logFile,
    scrub: scrubberOf([connection.apiKey]),
  });
  const api = await openApi({ ...connection, timeoutMs: values.timeout, version: shell.version });
  const pacer = startPacer(values.rate, clock);
  const unsubscribe = stop.onStop(() => {
    pacer.stop();
  });
  try {
    const target = await readTarget({ api, pacer, clock, stop }, connection.apiUri);
    if (target === null) return null;
    return await act({ target, api, clock, log, pacer, stop });
  } finally {
    unsubscribe();
    api.close();
  }
}

/** Acts with a progress line on the screen: what is said while it is drawn must not be wiped away by it. */
export async function onScreen<S, T>(
  shell: Shell,
  progress: Progress<S>,
  format: (snapshot: S) => string,
  act: (shell: Shell, progress: Progress<S>) => Promise<T>,
): Promise<T> {
  const notices = new Notices(shell.stderr);
  notices.clear = () => {
    progress.clear();
  };
  const spoken = { ...shell, stderr: notices };
  return act(spoken, tellStateWhenAsked(progress, format, spoken));
}

/** Stops at a signal, and says so; returns how to leave off. */
export function followSignals(quiet: boolean, shell: Shell, stop: StopSwitch): () => void {
  return shell.onStopSignal((signal) => {
    if (!quiet) shell.stderr.write(`\n${signal}: finishing what is in flight; once more to leave at once.\n`);
    stop.stop({ kind: 'signal', signal });
  });
}

/** Says that it was stopped before it began; resolves to the exit code and the document that says so. */
export async function sayStopped(
  { json }: { readonly json: boolean },
  shell: Shell,
  stop: StopSwitch,
  nothing: string,
): Promise<{ readonly exitCode: number; readonly document: object }> {
  const reason = stop.reason();
  const verdict = reason?.kind === 'stop_time' ? 'work_remains' : 'signal';
  const exitCode = exitOfVerdict(verdict, reason);
  const document = { verdict, runId: null, exitCode };
  if (json) await print(shell.stdout, JSON.stringify(document, null, 2));
  await print(shell.stderr, `Stopped before anything was ${nothing}: the same command begins again.`);
  return { exitCode, document };
}
