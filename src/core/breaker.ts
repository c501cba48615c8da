/**
 * Tells an outage of Nylas from bad luck: submissions in a row that failed to connect or got a 5xx. While it
 * lasts nothing is sent but probes; what was in flight when it began cost its records nothing.
 */
export interface Breaker {
  /** Submissions in a row that got no answer of Nylas' own; while an outage lasts it stays as it was. */
  readonly failuresInRow: number;
  /** When the first of them ended. All times are monotonic milliseconds. */
  readonly failingSinceMs: number | null;
  readonly outage: Outage | null;
  /** When the latest outages that are over began and ended, oldest first. */
  readonly past: readonly { readonly fromMs: number; readonly toMs: number }[];
}

interface Outage {
  /** When the first failure of those that opened it ended. */
  readonly fromMs: number;
  readonly noticedAtMs: number;
  /** Probes in a row that failed. */
  readonly failedProbes: number;
  readonly nextProbeAtMs: number;
}

const FAILURES_IN_ROW = 20;
const PROBE_FIRST_MS = 1_000;
const PROBE_MAX_MS = 30_000;
/** A run that has seen more remembers the latest: attempts that ended longer ago aren't asked about. */
const PAST_MAX = 50;

export const CLOSED: Breaker = { failuresInRow: 0, failingSinceMs: null, outage: null, past: [] };

/** Takes in how a submission ended: with an answer of Nylas' own, a refusal or a 429 included, or without one. */
export function submissionEnded(
  breaker: Breaker,
  end: { readonly answered: boolean; readonly nowMs: number; readonly random: number },
): Breaker {
  // What was in flight when it began says nothing about whether it is over: probes do.
  if (breaker.outage !== null) return breaker;
  if (end.answered) return { ...CLOSED, past: breaker.past };
  const failuresInRow = breaker.failuresInRow + 1;
  const failingSinceMs = breaker.failingSinceMs ?? end.nowMs;
  if (failuresInRow < FAILURES_IN_ROW) return { ...breaker, failuresInRow, failingSinceMs };
  const outage = {
    fromMs: failingSinceMs,
    noticedAtMs: end.nowMs,
    failedProbes: 0,
    nextProbeAtMs: end.nowMs + probeDelayMs(0, end.random),
  };
  return { ...breaker, failuresInRow, failingSinceMs, outage };
}

/** Takes in a probe's end: a good one ends the outage, another one puts the next probe off. */
export function probeEnded(
  breaker: Breaker,
  probe: { readonly answered: boolean; readonly nowMs: number; readonly random: number },
): Breaker {
  const { outage, past } = breaker;
  if (outage === null) return breaker;
  if (probe.answered) {
    const over = { fromMs: outage.fromMs, toMs: probe.nowMs };
    return { ...CLOSED, past: [...past, over].slice(-PAST_MAX) };
  }
  const failedProbes = outage.failedProbes + 1;
  const nextProbeAtMs = probe.nowMs + probeDelayMs(failedProbes, probe.random);
  return { ...breaker, outage: { ...outage, failedProbes, nextProbeAtMs } };
}

/** Whether an attempt that ended then ended in an outage, and so costs its record nothing. */
export function endedInOutage({ outage, past }: Breaker, endedAtMs: number): boolean {
  if (outage !== null && endedAtMs >= outage.fromMs) return true;
  return past.some(({ fromMs, toMs }) => endedAtMs >= fromMs && endedAtMs <= toMs);
}

/** Exponential; half of it is jitter, so that a probe is never at once. */
function probeDelayMs(failedProbes: number, random: number): number {
  const ceilingMs = Math.min(PROBE_MAX_MS, PROBE_FIRST_MS * 2 ** failedProbes);
  return Math.round((ceilingMs * (1 + random)) / 2);
}
