import type { Answer } from './core/answer.js';
import type { LaneOutcome } from './core/lane.js';
import { isProviderSilent, type Outcome } from './core/outcome.js';
import type { LegacyUser } from './core/record.js';
import { parseRetryAfter } from './core/retry.js';
import type { RefusalWatch } from './guard.js';
import type { Lanes } from './lanes.js';
import type { OutageWatch } from './outage.js';
import type { Clock } from './ports/clock.js';
import type { RunObserver } from './ports/observer.js';

interface Watchers {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly lanes: Lanes;
  readonly outage: OutageWatch;
  readonly refused: RefusalWatch;
  readonly observer?: RunObserver | undefined;
}

/** Hands on how each submission ended to whoever judges more than its record: lanes, outage, key and connectors. */
export function watchOutcomes(
  watchers: Watchers,
): (user: LegacyUser, outcome: Outcome, answer: Answer) => void {
  const { clock, lanes, outage, refused, observer } = watchers;
  return (user, outcome, answer) => {
    const sentAtMs = clock.monotonic() - answer.latencyMs;
    observer?.ended(user.provider, outcome);
    outage.submissionEnded(answer);
    if (isProviderSilent(answer)) lanes.silent(user, sentAtMs);
    const laneOutcome = laneOutcomeOf(user, outcome);
    if (laneOutcome !== null) lanes.ended(user, laneOutcome);
    if (outcome.kind === 'throttled' && outcome.by === 'provider') {
      lanes.throttled(user, sentAtMs, retryAfterMs(outcome.retryAfter, answer, clock));
    }
    if (outcome.kind === 'refused') refused(outcome.scope, user);
  };
}

/** A date in `Retry-After` is by the server's clock. */
function retryAfterMs(header: string | null, answer: Answer, clock: Pick<Clock, 'now'>): number | null {
  const serverDateMs = answer.kind === 'reply' ? answer.serverDateMs : null;
  return parseRetryAfter(header, serverDateMs ?? clock.now());
}

/** Null: it says nothing about whether the lane's rows have a chance. */
function laneOutcomeOf(user: LegacyUser, outcome: Outcome): LaneOutcome | null {
  const failure = { kind: 'failure', mismatchedDomain: null } as const;
  switch (outcome.kind) {
    case 'granted':
      return { kind: 'success' };
    case 'granted_invalid':
      return { ...failure, category: 'needs_reauth' };
    case 'granted_other':
      return { kind: 'mismatch' };
    case 'refused': {
      const mismatchedDomain = outcome.scope === 'client' ? domainOf(user) : null;
      return { ...failure, category: outcome.category, mismatchedDomain };
    }
    case 'throttled':
    case 'unreachable':
    case 'in_doubt':
      return null;
  }
}

function domainOf({ mailbox, key }: LegacyUser): string {
  return mailbox?.split('@').at(-1) ?? key;
}
