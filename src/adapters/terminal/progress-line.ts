import type { Snapshot } from '../../ports.js';
import { formatCount } from '../../core/counted.js';
import { formatDuration } from './format.js';

const BAR_WIDTH = 20;

/**
 * One line for a run in progress, such as
 * `00:04:12  40 %  161,986 rows  44.9/s  61 in flight  p50 0.9s  left 1 h 48 min   119,640 migrated · …`.
 * What doesn't fit into `columns` is left out, the least important first.
 */
export function formatProgress(snapshot: Snapshot, columns: number): string {
  const { share } = snapshot;
  const parts = [
    clockOf(snapshot.elapsedMs),
    share === null ? null : `${Math.floor(share * 100)} %`,
    `${formatCount(snapshot.balance.read)} rows`,
    outcomes(snapshot),
    `${snapshot.requestsPerSecond.toFixed(1)}/s`,
    leftOf(snapshot),
    `${snapshot.inFlight} in flight`,
    snapshot.latencyP50Ms === null ? null : `p50 ${(snapshot.latencyP50Ms / 1000).toFixed(1)}s`,
  ].filter((part) => part !== null);
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

function outcomes({ balance: { buckets } }: Snapshot): string {
  const done = buckets.migrated + buckets.already_done;
  const people = buckets.failed + buckets.skipped + buckets.invalid;
  return `${formatCount(done)} migrated · ${formatCount(people)} need somebody`;
}

function leftOf({ share, elapsedMs }: Snapshot): string | null {
  if (share === null || share < 0.01 || elapsedMs < 5_000) return null;
  return `left ${formatDuration((elapsedMs * (1 - share)) / share)}`;
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
