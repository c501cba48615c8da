import type { RecordChange } from './core/change.js';
import { grantsOf, type Grant } from './core/grant.js';
import type { Answer } from './core/answer.js';
import { evidenceOf, NO_EVIDENCE } from './core/outcome.js';
import { scrubberOf, type Scrub } from './core/scrub.js';
import { adoptable } from './core/settle.js';
import { windowOpensAt } from './core/skew.js';
import { entryOf, observe, type Job, type Work } from './work.js';

/** What a look for the grant of an unsettled attempt came to. */
export type Look =
  | { readonly kind: 'found'; readonly grant: Grant }
  | { readonly kind: 'none' }
  /** Nylas gave no usable answer: the doubt remains. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'stopped' };

/**
 * Looks by email for the grant that an attempt of unknown outcome, started at `sinceMs` (our clock), may have
 * made. The look is an attempt of its own in the ledger; `toChange` says what it makes of the record.
 */
export async function lookForGrant(
  work: Work,
  job: Job,
  sinceMs: number,
  toChange: (look: Look, scrub: Scrub) => RecordChange | null,
): Promise<Look> {
  const { email, provider } = job.user;
  if (email === null) return { kind: 'unknown' };
  const { ledger, clock } = work;
  const id = await ledger.intend(work.runId, 'look_up', entryOf(job, clock.now()));
  const answer = (await work.pacer.slot()) ? await work.api.grantsOf({ email, provider }) : null;
  if (answer !== null) observe(work, answer);
  const look: Look = answer === null ? { kind: 'stopped' } : read(work, job, sinceMs, answer);
  const scrub = scrubberOf([...job.user.secrets, work.apiKey]);
  await ledger.conclude(
    id,
    {
      endedAtMs: clock.now(),
      result: RESULTS[look.kind],
      evidence: answer === null ? NO_EVIDENCE : evidenceOf(answer, scrub),
      latencyMs: answer?.latencyMs ?? null,
    },
    toChange(look, scrub),
  );
  return look;
}

const RESULTS: Readonly<Record<Look['kind'], string>> = {
  found: 'found',
  none: 'not_found',
  unknown: 'no_answer',
  stopped: 'not_sent',
};

function read(work: Work, job: Job, sinceMs: number, answer: Answer): Look {
  const listed = answer.kind === 'reply' && answer.status === 200 ? grantsOf(answer.body) : null;
  if (listed === null) return { kind: 'unknown' };
  const grant = adoptable(listed, job.user, windowOpensAt(sinceMs, work.skew));
  return grant === null ? { kind: 'none' } : { kind: 'found', grant };
}
