import type { Hold, RunPace } from './holds.js';
import { breakMs } from './pace.js';
import type { RunActivity, SlotCount, Span } from './statistics.js';

/** What a request came to, as charts tell outcomes apart. */
export const OUTCOMES = ['granted', 'refused', 'throttled', 'lost', 'look_up'] as const;

export type ChartOutcome = (typeof OUTCOMES)[number];

export interface TimelineSlot {
  readonly fromMs: number;
  readonly toMs: number;
  readonly counts: Readonly<Record<ChartOutcome, number>>;
}

/** One run over its time. */
export interface Timeline {
  readonly runId: number;
  readonly slotMs: number;
  /** Without a gap, from the first request to the last. */
  readonly slots: readonly TimelineSlot[];
  /** Requests a second; null: unpaced. */
  readonly askedPerSecond: number | null;
  /** Answers a second, from the first request to the last without the breaks; null where that is under a second. */
  readonly achievedPerSecond: number | null;
  readonly pace: RunPace | null;
  readonly holds: readonly Hold[];
}

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
/** Widths that a clock's face knows. */
export const SLOTS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200].map(
  (seconds) => seconds * SECOND_MS,
);
/** As many bars as a narrow screen can show. */
const SLOTS_MAX = 60;

/** Divides a run's time. */
export function spanOf({ runId, firstAtMs, lastAtMs }: RunActivity): Span {
  const lastedMs = Math.max(1, lastAtMs - firstAtMs);
  const fits = SLOTS_MS.find((slotMs) => Math.ceil(lastedMs / slotMs) < SLOTS_MAX);
  const slotMs = fits ?? Math.ceil(lastedMs / SLOTS_MAX / DAY_MS) * DAY_MS;
  return { runId, fromMs: Math.floor(firstAtMs / slotMs) * slotMs, slotMs };
}

const CHARTED: Readonly<Record<string, ChartOutcome>> = {
  granted: 'granted',
  granted_other: 'refused',
  granted_invalid: 'refused',
  refused: 'refused',
  throttled: 'throttled',
  look_up: 'look_up',
};

/** A run's requests over its time; what isn't known by name came to nothing trustworthy. */
export function timelineOf(
  activity: RunActivity,
  counts: readonly SlotCount[],
  askedPerSecond: number,
  pace: RunPace | null,
): Timeline {
  const { runId, fromMs, slotMs } = spanOf(activity);
  const ofRun = counts.filter((entry) => entry.runId === runId);
  const last = Math.max(0, ...ofRun.map(({ slot }) => slot));
  const slots = Array.from({ length: last + 1 }, (_, slot) => ({
    fromMs: fromMs + slot * slotMs,
    toMs: fromMs + (slot + 1) * slotMs,
    counts: countsOf(ofRun.filter((entry) => entry.slot === slot)),
  }));
  const asked = pace?.askedPerSecond ?? askedPerSecond;
  return {
    runId,
    slotMs,
    slots,
    askedPerSecond: asked === 0 ? null : asked,
    achievedPerSecond: achieved(activity, ofRun, { slotMs, breakMs: breakMs(asked) }),
    pace,
    holds: pace?.holds ?? [],
  };
}

function countsOf(entries: readonly SlotCount[]): Readonly<Record<ChartOutcome, number>> {
  const counts = { granted: 0, refused: 0, throttled: 0, lost: 0, look_up: 0 };
  for (const { outcome, count } of entries) counts[CHARTED[outcome] ?? 'lost'] += count;
  return counts;
}

function achieved(
  { firstAtMs, lastAtMs }: RunActivity,
  counts: readonly SlotCount[],
  { slotMs, breakMs: longMs }: { readonly slotMs: number; readonly breakMs: number },
): number | null {
  const used = [...new Set(counts.map(({ slot }) => slot))].sort((a, b) => a - b);
  const gapsMs = used.slice(1).map((slot, index) => (slot - (used[index] ?? 0) - 1) * slotMs);
  const breaksMs = gapsMs.filter((gapMs) => gapMs > longMs).reduce((sum, gapMs) => sum + gapMs, 0);
  const lastedMs = lastAtMs - firstAtMs - breaksMs;
  const answers = counts.reduce((sum, { count }) => sum + count, 0);
  return lastedMs < SECOND_MS ? null : (answers * SECOND_MS) / lastedMs;
}
