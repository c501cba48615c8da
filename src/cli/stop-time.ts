import { clock, renderers } from '../context.js';
import { UserError } from '../core/errors.js';
import { stopTimeOf, type StopAt, type StopTime } from '../core/stop-time.js';
import { stopInTime } from '../deadline.js';
import type { StopSwitch } from '../stop.js';
import type { Shell } from './shell.js';

interface StopTimeValues {
  readonly maxDuration: number | null;
  readonly stopAt: StopAt | null;
}

/** When this run stops, counted from now; null: when it is done. Throws UserError where that has passed. */
export function stopTimeFor({ maxDuration, stopAt }: StopTimeValues): StopTime | null {
  const nowMs = clock.now();
  if (stopAt?.kind === 'moment' && stopAt.atMs <= nowMs) {
    throw new UserError(
      'usage',
      `--stop-at ${stopAt.text} has passed.`,
      'Name a moment to come, or a time of day such as 06:00 UTC, which comes again; nothing was submitted.',
    );
  }
  return stopTimeOf({ maxDurationMs: maxDuration, stopAt }, nowMs);
}

/** Stops a run at its time, and says so then; returns how to leave off. */
export function followStopTime(
  stopTime: StopTime | null,
  quiet: boolean,
  shell: Shell,
  stop: StopSwitch,
): () => void {
  if (stopTime === null) return () => undefined;
  const unsubscribe = stop.onStop(() => {
    if (quiet || stop.reason()?.kind !== 'stop_time') return;
    shell.stderr.write(`\nIts time is up (--${stopTime.by}): finishing what is in flight.\n`);
  });
  const leaveOff = stopInTime(stopTime, clock, stop);
  return () => {
    leaveOff();
    unsubscribe();
  };
}

/** In words, for what a run says when it begins. */
export async function announcedStop(stopTime: StopTime | null): Promise<readonly string[]> {
  return stopTime === null ? [] : [(await renderers.stopTime())(stopTime, clock.now())];
}
