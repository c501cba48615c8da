import type { JobSnapshot, PaceSnapshot, Snapshot } from '../../ports/progress.js';
import { formatCount, formatCounted } from '../../core/counted.js';
import { laneTitle } from '../../core/lane-stop.js';
import { leftMs } from '../../core/left-time.js';
import { formatDuration } from './format.js';

const BAR_WIDTH = 20;

/**
 * One line for a run in progress, such as
 * `00:04:12  40 %  119,640 migrated · 40,903 need somebody  44.9/s  left 1 h 48 min  161,986 rows read  61 in flight …`.
 * What doesn't fit into `columns` is left out, the least important first.
 */
export function formatProgress(snapshot: Snapshot, columns: number): string {
  const { share } = snapshot;
  const parts = [
    clockOf(snapshot.elapsedMs),
    share === null ? null : `${Math.floor(share * 100)} %`,
    ...(isOnlyWaiting(snapshot)
      ? [restOf(snapshot), outcomes(snapshot), rateOf(snapshot)]
      : [outcomes(snapshot), rateOf(snapshot), restOf(snapshot)]),
    `${formatCount(snapshot.balance.read)} rows read`,
    `${snapshot.inFlight} in flight`,
    snapshot.latencyP50Ms === null ? null : `p50 ${(snapshot.latencyP50Ms / 1000).toFixed(1)}s`,
  ].filter((part) => part !== null);
  return withBar(share, parts, columns);
}

/** The same for another job, such as `00:01:12  40 %  12,400 grants listed  44.9/s  left 1 min 48 s`. */
export function formatJobProgress(snapshot: JobSnapshot, columns: number): string {
  const { share, done, elapsedMs, requestsPerSecond, pace } = snapshot;
  const parts = [
    clockOf(elapsedMs),
    share === null ? null : `${Math.floor(share * 100)} %`,
    done,
    rateOf({ requestsPerSecond, pace }),
    leftOf(snapshot),
  ].filter((part) => part !== null);
  return withBar(share, parts, columns);
}

/** The same, whole, for whoever asks with a signal. */
export function formatJobState(snapshot: JobSnapshot): string {
  return formatJobProgress(snapshot, Infinity);
}

function withBar(share: number | null, parts: readonly string[], columns: number): string {
  const line = fitted(parts, columns - 1);
  const bar = share === null || !Number.isFinite(columns) ? '' : barOf(share);
  return bar !== '' && line.length + bar.length + 2 < columns ? `${bar}  ${line}` : line;
}

function fitted(parts: readonly string[], width: number): string {
  let line = '';
  for (const part of parts) {
    const longer = line === '' ? part : `${line}  ${part}`;
    if (longer.length > width) break;
    line = longer;
  }
  return line;
}

function rateOf({ requestsPerSecond, pace }: Pick<Snapshot, 'requestsPerSecond' | 'pace'>): string {
  return `${requestsPerSecond.toFixed(1)}/s${reasonOf(pace)}`;
}

/** Why it isn't as fast as was asked for, where the tool itself holds back. */
function reasonOf({ askedPerSecond, targetPerSecond, held, heldLanes }: PaceSnapshot): string {
  if (held === 'outage') return ' (Nylas is down: waiting)';
  if (held === 'throttled') return ' (Nylas throttles: waiting)';
  if (targetPerSecond < askedPerSecond) return ` (for now at most ${targetPerSecond.toFixed(1)})`;
  return heldLanes.length === 0 ? '' : ` (held: ${heldLanes.map(laneTitle).join(', ')})`;
}

/** The whole state of a run, for whoever asks with a signal. */
export function formatState(snapshot: Snapshot): string {
  const { inFlight, inFlightMax, waiting, nextDueInMs, pace } = snapshot;
  const held = pace.heldLanes.map((lane) => `${laneTitle(lane)} for ${formatDuration(lane.heldMs)}`);
  const lines = [
    formatProgress(snapshot, Infinity),
    `In flight ${inFlight} of at most ${inFlightMax} at the moment; ${waitingFor(waiting, nextDueInMs)}.`,
    pace.askedPerSecond === 0
      ? 'Unpaced.'
      : `Rate ${pace.targetPerSecond.toFixed(1)}/s of ${pace.askedPerSecond}/s asked for.`,
    held.length === 0 ? null : `Held: ${held.join(', ')}.`,
    pace.stoppedLanes.length === 0 ? null : `Stopped: ${pace.stoppedLanes.map(laneTitle).join(', ')}.`,
  ];
  return lines.filter((line) => line !== null).join('\n');
}

function outcomes({ balance: { buckets } }: Snapshot): string {
  const done = buckets.migrated + buckets.already_done;
  const people = buckets.failed + buckets.skipped + buckets.invalid;
  return `${formatCount(done)} migrated · ${formatCount(people)} need somebody`;
}

/** Where nothing is on its way, what is waited for: how long that takes says nothing of the rest. */
function restOf(snapshot: Snapshot): string | null {
  const { waiting, nextDueInMs } = snapshot;
  if (!isOnlyWaiting(snapshot) || nextDueInMs === null) return leftOf(snapshot);
  return `${formatCount(waiting)} waiting, next in ${formatDuration(nextDueInMs)}`;
}

function isOnlyWaiting({ inFlight, waiting, nextDueInMs }: Snapshot): boolean {
  return inFlight === 0 && waiting > 0 && nextDueInMs !== null;
}

function waitingFor(waiting: number, nextDueInMs: number | null): string {
  const rows = `${formatCounted(waiting, 'row')} waiting`;
  return waiting === 0 || nextDueInMs === null
    ? rows
    : `${rows}, the next for ${formatDuration(nextDueInMs)}`;
}

/** While something holds a provider, or all, it doesn't go on as before. */
function leftOf(snapshot: Pick<Snapshot, 'share' | 'elapsedMs' | 'pace'>): string | null {
  const { held, heldLanes } = snapshot.pace;
  const left = held === null && heldLanes.length === 0 ? leftMs(snapshot) : null;
  return left === null ? null : `left ${formatDuration(left)}`;
}

function barOf(share: number): string {
  const full = Math.round(share * BAR_WIDTH);
  return '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
}

function clockOf(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
