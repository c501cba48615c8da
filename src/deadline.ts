import type { StopTime } from './core/stop-time.js';
import type { Clock } from './ports/clock.js';
import type { StopSwitch } from './stop.js';

/** So often the clock is looked at: it can be set, and a machine can sleep. */
const LOOK_EVERY_MS = 30_000;

/**
 * Stops a run at its time; returns how to leave off. A time of day is awaited by the wall clock, a duration by the
 * one that only ever grows.
 */
export function stopInTime(stopTime: StopTime, clock: Clock, stop: StopSwitch): () => void {
  const endMs = clock.monotonic() + stopTime.atMs - clock.now();
  const leftMs = (): number =>
    stopTime.by === 'max-duration' ? endMs - clock.monotonic() : stopTime.atMs - clock.now();
  let cancel = (): void => undefined;
  const look = (): void => {
    const left = leftMs();
    if (left <= 0) stop.stop({ kind: 'stop_time', ...stopTime });
    else cancel = clock.after(Math.min(left, LOOK_EVERY_MS), look);
  };
  look();
  return () => {
    cancel();
  };
}
