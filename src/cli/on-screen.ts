import { exitOfVerdict } from '../core/exit-codes.js';
import type { Progress } from '../ports/progress.js';
import type { StopSwitch } from '../stop.js';
import { Notices } from './notices.js';
import { tellStateWhenAsked } from './run-output.js';
import { print, type Shell } from './shell.js';

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
