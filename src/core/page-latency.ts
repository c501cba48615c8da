import type { LatencyCount } from './statistics.js';

/** How long submissions took, in milliseconds. */
export interface LatencySummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** On a logarithmic scale, without a gap. */
  readonly bins: readonly { readonly fromMs: number; readonly toMs: number; readonly count: number }[];
}

/** Four bins double the time. */
const BINS_PER_DOUBLING = 4;

/** Sums up counts that are sorted by latency; null where there are none. */
export function summarizeLatencies(counts: readonly LatencyCount[]): LatencySummary | null {
  const count = counts.reduce((sum, entry) => sum + entry.count, 0);
  const max = counts.at(-1);
  if (max === undefined) return null;
  return {
    count,
    p50Ms: percentile(counts, count * 0.5),
    p95Ms: percentile(counts, count * 0.95),
    p99Ms: percentile(counts, count * 0.99),
    maxMs: max.latencyMs,
    bins: binsOf(counts),
  };
}

/** The least latency that so many submissions didn't exceed. */
function percentile(counts: readonly LatencyCount[], wanted: number): number {
  let sum = 0;
  for (const { latencyMs, count } of counts) {
    sum += count;
    if (sum >= wanted) return latencyMs;
  }
  return counts.at(-1)?.latencyMs ?? 0;
}

function binsOf(counts: readonly LatencyCount[]): LatencySummary['bins'] {
  const byBin = new Map<number, number>();
  for (const { latencyMs, count } of counts) {
    const bin = Math.floor(Math.log2(Math.max(1, latencyMs)) * BINS_PER_DOUBLING);
    byBin.set(bin, (byBin.get(bin) ?? 0) + count);
  }
  const first = Math.min(...byBin.keys());
  const last = Math.max(...byBin.keys());
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    fromMs: edgeMs(first + index),
    toMs: edgeMs(first + index + 1),
    count: byBin.get(first + index) ?? 0,
  }));
}

function edgeMs(bin: number): number {
  return 2 ** (bin / BINS_PER_DOUBLING);
}
