import type { Provider } from './provider.js';

/** A time in which nothing was let through, in milliseconds of one clock. */
export interface Hold {
  readonly cause: 'throttled' | 'outage';
  readonly fromMs: number;
  readonly toMs: number;
}

/** How long nothing was sent, by cause, and how often Nylas itself said that it was too much. */
export interface HeldSummary {
  readonly throttledHits: number;
  readonly throttledMs: number;
  readonly outageMs: number;
  /** Providers that throttled, or did not answer Nylas: nothing of theirs was sent for so long. */
  readonly lanes: readonly HeldLane[];
}

export interface HeldLane {
  readonly provider: Provider;
  readonly credentialId: string | null;
  readonly heldMs: number;
}

/** What a run asked of Nylas, and what held it; times are Unix milliseconds. */
export interface RunPace extends HeldSummary {
  /** Requests a second; 0: unpaced. */
  readonly askedPerSecond: number;
  /** In their order; the shortest breaks between them are left out where there are too many. */
  readonly holds: readonly Hold[];
}

/** More than a chart can show. */
const HOLDS_MAX = 500;

/** Adds a hold that begins no earlier than the others; what overlaps or touches is one. */
export function addHold(holds: readonly Hold[], hold: Hold, countMax = HOLDS_MAX): readonly Hold[] {
  const last = holds.at(-1);
  if (last?.cause === hold.cause && hold.fromMs <= last.toMs)
    return [...holds.slice(0, -1), { ...last, toMs: Math.max(last.toMs, hold.toMs) }];
  const all = [...holds, hold];
  return all.length > countMax ? withoutShortestBreak(all) : all;
}

/** Joins the two neighbours that lie closest together. */
function withoutShortestBreak(holds: readonly Hold[]): readonly Hold[] {
  const breaks = holds.slice(1).map((hold, index) => hold.fromMs - (holds[index]?.toMs ?? -Infinity));
  const at = breaks.indexOf(Math.min(...breaks));
  return holds.flatMap((hold, index) => {
    if (index === at + 1) return [];
    return index === at ? [{ ...hold, toMs: Math.max(hold.toMs, holds[at + 1]?.toMs ?? 0) }] : [hold];
  });
}

/** Holds by another clock, `offsetMs` ahead of theirs. */
export function shiftHolds(holds: readonly Hold[], offsetMs: number): readonly Hold[] {
  return holds.map(({ cause, fromMs, toMs }) => ({
    cause,
    fromMs: Math.round(fromMs + offsetMs),
    toMs: Math.round(toMs + offsetMs),
  }));
}
