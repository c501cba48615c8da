import type { StopTime } from './stop-time.js';
import type { Balance } from './tally.js';

/** How a run ended, in the terms of the exit-code table. */
export type Verdict = 'bug' | 'refused' | 'signal' | 'work_remains' | 'people_remain' | 'done';

/** Why a run stopped before the end of its input. */
export type StopReason =
  | { readonly kind: 'signal'; readonly signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM' }
  /** By the program that embeds it. */
  | { readonly kind: 'abort' }
  | { readonly kind: 'limit'; readonly limit: number }
  /** The time came that `--stop-at` or `--max-duration` named. */
  | ({ readonly kind: 'stop_time' } & StopTime)
  | { readonly kind: 'key_refused' }
  /** Nylas did not answer for longer than the run was told to wait. */
  | { readonly kind: 'outage'; readonly lastedMs: number }
  | { readonly kind: 'input'; readonly message: string; readonly next: string }
  /** The ledger, or a bug: the run ends with that error. */
  | { readonly kind: 'failure' };

/** What a run came to; where several apply, the gravest that can be mended first. */
export function verdictOf(facts: {
  readonly balance: Balance;
  readonly balanced: boolean;
  readonly stop: StopReason | null;
  readonly stoppedLanes: number;
  readonly misconfigured: number;
  readonly okIfAttention: boolean;
}): Verdict {
  const { buckets } = facts.balance;
  if (!facts.balanced) return 'bug';
  const refused = facts.stop?.kind === 'key_refused' || facts.stop?.kind === 'input';
  if (refused || facts.stoppedLanes > 0 || facts.misconfigured > 0) return 'refused';
  if (facts.stop?.kind === 'signal') return 'signal';
  if (buckets.held_back + buckets.waiting + buckets.in_doubt > 0 || facts.stop !== null)
    return 'work_remains';
  const people = buckets.failed + buckets.skipped + buckets.invalid;
  return people > 0 && !facts.okIfAttention ? 'people_remain' : 'done';
}
