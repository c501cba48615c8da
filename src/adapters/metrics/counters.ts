import { Counter, Histogram, type Registry } from 'prom-client';
import type { Answer } from '../../core/answer.js';
import { isOwnThrottle, type Outcome } from '../../core/outcome.js';
import type { Provider } from '../../core/provider.js';
import type { HeldSummary } from '../../core/holds.js';

/** From loopback to the longest time-out that somebody would set. */
const BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120];

/** What is counted while a run goes on. */
export interface Counters {
  readonly answered: (answer: Answer) => void;
  readonly ended: (provider: Provider, outcome: Outcome) => void;
  /** Takes over totals that somebody else has counted. */
  readonly setHeld: (held: HeldSummary) => void;
}

export function makeCounters(registry: Registry): Counters {
  const registers = [registry];
  const requests = new Counter({
    name: 'nylas_migrate_requests_total',
    help: 'Requests to Nylas of this run, by HTTP status or what befell them on the way.',
    labelNames: ['code'],
    registers,
  });
  const duration = new Histogram({
    name: 'nylas_migrate_request_duration_seconds',
    help: 'How long requests to Nylas took.',
    buckets: BUCKETS_SECONDS,
    registers,
  });
  const attempts = new Counter({
    name: 'nylas_migrate_attempts_total',
    help: 'Submissions of this run, by provider and what came of them.',
    labelNames: ['provider', 'outcome'],
    registers,
  });
  const throttled = new Counter({
    name: 'nylas_migrate_throttled_total',
    help: "Answers 429 of this run: Nylas' own, or a provider's that Nylas handed on.",
    labelNames: ['origin', 'provider'],
    registers,
  });
  const held = new Counter({
    name: 'nylas_migrate_held_seconds_total',
    help: 'How long this run sent nothing, by cause; nothing of that provider where the cause is a provider.',
    labelNames: ['reason', 'provider'],
    registers,
  });
  return {
    answered: (answer) => {
      requests.inc({ code: answer.kind === 'reply' ? String(answer.status) : answer.fault });
      duration.observe(answer.latencyMs / 1000);
      if (isOwnThrottle(answer)) throttled.inc({ origin: 'nylas' });
    },
    ended: (provider, outcome) => {
      attempts.inc({ provider, outcome: outcome.kind });
      if (outcome.kind === 'throttled' && outcome.by === 'provider') {
        throttled.inc({ origin: 'provider', provider });
      }
    },
    setHeld: ({ throttledMs, outageMs, lanes }) => {
      held.reset();
      held.inc({ reason: 'throttled' }, throttledMs / 1000);
      held.inc({ reason: 'outage' }, outageMs / 1000);
      for (const { provider, heldMs } of lanes) held.inc({ reason: 'provider', provider }, heldMs / 1000);
    },
  };
}
