import type { RecordChange } from './core/change.js';
import { grantsOf, type Grant } from './core/grant.js';
import type { Answer } from './core/answer.js';
import { evidenceOf, NO_EVIDENCE } from './core/outcome.js';
import type { LegacyUser } from './core/record.js';
import { isEcho, type Scrub } from './core/scrub.js';
import { adoptable, adoptableByState } from './core/settle.js';
import { reread } from './reread.js';
import { conclude, entryOf, type Job, type Work } from './work.js';

/** What a look for the grant of an unsettled attempt came to. */
export type Look =
  /** Made by the attempt, or healthy and older than it: what was there before us, and is spared. */
  | { readonly kind: 'found'; readonly grant: Grant; readonly origin: 'adopted' | 'existing' }
  | { readonly kind: 'none' }
  /** Nylas gave no usable answer: the doubt remains. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'stopped' };

/**
 * Looks for the grant that an attempt of unknown outcome may have made in the second `opensAt` (Nylas' clock) or
 * later: by email, and without a hit by listing what was made since. The look is an attempt of its own in the
 * ledger; `toChange` says what it makes of the record.
 */
export async function lookForGrant(
  work: Work,
  job: Job,
  opensAt: number,
  toChange: (look: Look, scrub: Scrub) => RecordChange | null,
): Promise<Look> {
  const { ledger, clock } = work;
  const id = await ledger.intend(work.runId, 'look_up', entryOf(job, clock.now()));
  const { look, answer } = await lookAround(work, job, opensAt);
  const scrub = work.scrubberOf(job.user.secrets);
  const end = {
    endedAtMs: clock.now(),
    result: RESULTS[look.kind],
    evidence: answer === null ? NO_EVIDENCE : evidenceOf(answer, scrub),
    latencyMs: answer?.latencyMs ?? null,
  };
  await conclude(work, job, id, end, toChange(look, scrub), look.kind === 'found' ? look.grant.id : null);
  return look;
}

const RESULTS: Readonly<Record<Look['kind'], string>> = {
  found: 'found',
  none: 'not_found',
  unknown: 'no_answer',
  stopped: 'not_sent',
};

interface Seen {
  readonly look: Look;
  /** The answer to the look by email, if there was one. */
  readonly answer: Answer | null;
  /** A healthy grant of the mailbox that the attempt didn't make. */
  readonly older: Grant | null;
}

async function lookAround(work: Work, job: Job, opensAt: number): Promise<Seen> {
  const startedMs = work.clock.monotonic();
  const byEmail = await lookByEmail(work, job, opensAt);
  if (byEmail !== null && byEmail.look.kind !== 'none') return byEmail;
  const { answer, older } = byEmail ?? { answer: null, older: null };
  const look = await lookInListing(work, job, opensAt, startedMs);
  const spared = look.kind === 'none' && work.existing === 'skip' ? older : null;
  return { look: spared === null ? look : foundAs('existing', spared, job.user), answer, older };
}

/** Null: there is no email to look by. */
async function lookByEmail(work: Work, job: Job, opensAt: number): Promise<Seen | null> {
  const { email, provider } = job.user;
  if (email === null) return null;
  const answer = await reread(work, (onLeft) => work.api.grantsOf({ email, provider }, onLeft));
  if (answer === null) return { look: { kind: 'stopped' }, answer: null, older: null };
  const listed = answer.kind === 'reply' && answer.status === 200 ? grantsOf(answer.body) : null;
  if (listed === null) return { look: { kind: 'unknown' }, answer, older: null };
  const ours = adoptable(listed, job.user, opensAt);
  return { look: foundAs('adopted', ours, job.user), answer, older: adoptable(listed, job.user, -Infinity) };
}

async function lookInListing(work: Work, job: Job, opensAt: number, startedMs: number): Promise<Look> {
  const listed = await work.refreshGrants(startedMs);
  if (listed === 'stopped') return { kind: 'stopped' };
  // Where grants can't be listed at all, nothing can be found that way.
  if (listed === 'absent') return { kind: 'none' };
  if (listed !== 'whole') return { kind: 'unknown' };
  const { body, provider } = job.user;
  for (;;) {
    const grants = work.ledger.seenByState(body.state, provider);
    const look = foundAs('adopted', adoptableByState(grants, job.user, opensAt), job.user);
    if (look.kind !== 'found') return look;
    // An earlier run can have listed it, and it can be gone since: then it isn't among the seen ones any more.
    const standing = await work.askForGrant(look.grant.id);
    if (standing === 'valid') return look;
    if (standing === 'unknown' || standing === 'stopped') return { kind: standing };
  }
}

/** A grant whose "id" repeats a credential is none. */
function foundAs(origin: 'adopted' | 'existing', grant: Grant | null, user: LegacyUser): Look {
  const isNone = grant === null || isEcho(grant.id, user.secrets);
  return isNone ? { kind: 'none' } : { kind: 'found', grant, origin };
}
