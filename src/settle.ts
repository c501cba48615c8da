import { doubtful, migrated, recordGrant, waiting, type RecordChange } from './core/change.js';
import { backoffMs } from './core/retry.js';
import type { Scrub } from './core/scrub.js';
import { lookForGrant, type Look } from './look.js';
import { submitRecord } from './submit.js';
import type { Job, JobEnd, Work } from './work.js';

/** A record that used up its attempts, or whose look got no answer, rests at least this long. */
const REST_MS = 60_000;

/**
 * Settles a record in doubt: looks for the grant its lost attempt may have made and adopts it; where there is
 * none, submits again.
 */
export async function settleRecord(work: Work, job: Job): Promise<JobEnd> {
  const usedUp = job.tries.attempts >= work.retry.attemptsMax;
  const nowMs = work.clock.now();
  const notBeforeMs = nowMs + REST_MS + backoffMs(job.tries.attempts + 1, work.clock.random());
  const look = await lookForGrant(work, job, job.doubtSinceMs ?? nowMs, (seen, scrub) =>
    changeAfter(seen, usedUp, notBeforeMs, scrub),
  );
  switch (look.kind) {
    case 'found':
      return { kind: 'migrated' };
    case 'none':
      if (!usedUp) return submitRecord(work, job);
      return { kind: 'later', notBeforeMs, category: 'unavailable', bucket: 'waiting', tries: job.tries };
    case 'unknown':
    case 'stopped':
      return { kind: 'later', notBeforeMs, category: null, bucket: 'in_doubt', tries: job.tries };
  }
}

function changeAfter(look: Look, usedUp: boolean, notBeforeMs: number, scrub: Scrub): RecordChange | null {
  switch (look.kind) {
    case 'found':
      return migrated(recordGrant(look.grant, 'adopted', scrub), false);
    case 'none':
      return usedUp ? waiting('unavailable', notBeforeMs, true) : null;
    case 'unknown':
      return { ...doubtful(notBeforeMs), counts: false };
    case 'stopped':
      return null;
  }
}
