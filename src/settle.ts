import { doubtful, migrated, recordGrant, waiting, type RecordChange } from './core/change.js';
import { backoffMs, forgive } from './core/retry.js';
import type { Scrub } from './core/scrub.js';
import { lookForGrant, type Look } from './look.js';
import { submitRecord } from './submit.js';
import type { Job, JobEnd, Work } from './work.js';

/** A record that used up its attempts, or whose look got no answer, rests at least this long. */
const REST_MS = 60_000;
const EMPTY_LOOKS_MIN = 2;

/** What follows a look that found nothing. */
type AfterNone = 'submit' | 'look_again' | 'leave' | 'used_up';

/**
 * Settles a record in doubt: looks for the grant its lost attempt may have made and adopts it, or spares a
 * healthy one that was there before; where there is none, submits again. A token that works only once is sent
 * again after two empty looks, and without an email to look by only when the user said so.
 */
export async function settleRecord(work: Work, given: Job): Promise<JobEnd> {
  const { clock, retry } = work;
  const job = forgiven(work, given);
  const nowMs = clock.now();
  const after = afterNone(work, job);
  const restMs = REST_MS + backoffMs(job.tries.attempts + 1, clock.random());
  const times = { laterMs: nowMs + restMs, lookAgainMs: nowMs + retry.settleDelayMs };
  const look = await lookForGrant(work, job, job.doubtOpensAt ?? work.nylasClock.opensAt(), (seen, scrub) =>
    changeAfter(seen, job, after, times, scrub),
  );
  switch (look.kind) {
    case 'found':
      return { kind: 'migrated', origin: look.origin };
    case 'none':
      return afterEmptyLook(work, job, after, times);
    case 'unknown':
      return later(times.laterMs, job);
    case 'stopped':
      return { kind: 'left', bucket: bucketOf(job) };
  }
}

/** A record that is looked for because of another's attempt only waits. */
function bucketOf({ isInDoubt }: Job): 'waiting' | 'in_doubt' {
  return isInDoubt ? 'in_doubt' : 'waiting';
}

function resting(job: Job, notBeforeMs: number): RecordChange {
  return job.isInDoubt ? { ...doubtful(notBeforeMs), counts: false } : waiting(null, notBeforeMs, false);
}

/** An attempt that ended in an outage costs its record nothing. */
function forgiven(work: Work, job: Job): Job {
  const { countedAtMs } = job.tries;
  const isForgiven = countedAtMs !== null && work.endedInOutage(countedAtMs);
  return isForgiven ? { ...job, tries: forgive(job.tries) } : job;
}

function afterNone(work: Work, job: Job): AfterNone {
  const { provider, mailbox } = job.user;
  const isSingleUse = work.singleUse.has(provider);
  if (isSingleUse && mailbox === null && !work.retryDoubts) return 'leave';
  if (job.tries.attempts >= work.retry.attemptsMax) return 'used_up';
  const looksEnough = !isSingleUse || mailbox === null || job.emptyLooks + 1 >= EMPTY_LOOKS_MIN;
  return looksEnough ? 'submit' : 'look_again';
}

function afterEmptyLook(
  work: Work,
  job: Job,
  after: AfterNone,
  { lookAgainMs }: { readonly lookAgainMs: number },
): JobEnd | Promise<JobEnd> {
  switch (after) {
    case 'submit': {
      const heldMs = work.laneHeldMs(job.user);
      return heldMs > 0 ? later(work.clock.now() + heldMs, job) : submitRecord(work, job);
    }
    case 'look_again':
      return later(lookAgainMs, job);
    case 'leave':
      return { kind: 'left', bucket: 'in_doubt' };
    case 'used_up':
      return { kind: 'left', bucket: 'waiting' };
  }
}

function later(notBeforeMs: number, job: Job): JobEnd {
  return { kind: 'later', notBeforeMs, category: null, bucket: bucketOf(job), tries: job.tries };
}

function changeAfter(
  look: Look,
  job: Job,
  after: AfterNone,
  times: { readonly laterMs: number; readonly lookAgainMs: number },
  scrub: Scrub,
): RecordChange | null {
  switch (look.kind) {
    case 'found':
      return migrated(recordGrant(look.grant, look.origin, scrub), false);
    case 'none':
      // The next run looks again before it sends: that look counts only a settle delay after this one.
      if (after === 'used_up')
        return waiting('unavailable', Math.max(times.laterMs, times.lookAgainMs), job.isInDoubt);
      return after === 'look_again' ? resting(job, times.lookAgainMs) : null;
    case 'unknown':
      return resting(job, times.laterMs);
    case 'stopped':
      return null;
  }
}
