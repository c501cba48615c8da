import type { StopTime } from '../../core/stop-time.js';
import { clockTime } from '../../core/utc.js';
import { formatDuration } from './format.js';

/** When a run that begins now will stop, such as `stops at 05:00 UTC (06:00 Europe/Berlin), in 15 h 3 min`. */
export function renderStopTime(stopTime: StopTime, nowMs: number): string {
  const at = `stops at ${clockTime(stopTime.atMs, nowMs)}`;
  if (stopTime.by === 'max-duration') return `${at}, in ${formatDuration(stopTime.durationMs)}`;
  return `${at} (${stopTime.asked}), in ${formatDuration(stopTime.atMs - nowMs)}`;
}

/** What stopped a run, with the day: it is read the morning after. */
export function describeStopped(stopTime: StopTime): string {
  const at = clockTime(stopTime.atMs, 0);
  return stopTime.by === 'max-duration'
    ? `Stopped at ${at}, after the ${formatDuration(stopTime.durationMs)} of --max-duration.`
    : `Stopped at ${at}, as --stop-at asked (${stopTime.asked}).`;
}
