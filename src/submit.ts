import type { Answer } from './core/answer.js';
import { doubtful, migrated, recordGrant, refused, waiting, type RecordChange } from './core/change.js';
import { isLedgerFailure } from './core/errors.js';
import { foldEmail, grantOf, type Grant } from './core/grant.js';
import {
  classifyOutcome,
  evidenceOf,
  expectedMailboxes,
  NO_EVIDENCE,
  type Evidence,
  type Outcome,
} from './core/outcome.js';
import type { LegacyUser } from './core/record.js';
import { countTry, decideRetry, type Retry, type Tries } from './core/retry.js';
import { isEcho, type Scrub } from './core/scrub.js';
import { lookForGrant, type Look } from './look.js';
import type { OnLeft } from './ports/nylas.js';
import { conclude, entryOf, type Job, type JobEnd, type Work } from './work.js';

/** Submits one record until its outcome is final, it must wait, or the run stops. */
export async function submitRecord(work: Work, job: Job): Promise<JobEnd> {
  let { tries } = job;
  for (;;) {
    const attempt = await attemptOnce(work, job);
    if (attempt === null) return { kind: 'held_back', category: null };
    tries = countTry(tries, attempt.outcome, work.clock.monotonic());
    work.onOutcome(job.user, attempt.outcome, attempt.answer);
    const now = { nowMs: serverNowMs(work, attempt.answer), random: work.clock.random() };
    const next = decideRetry(attempt.outcome, tries, work.retry, now);
    const change = changeOf(work, job, attempt, next);
    await concludeSent(work, job, attempt, change);
    if (next.kind !== 'again') return endOf(change, tries);
    await work.pause(next.delayMs);
    if (work.stopping()) return { kind: 'held_back', category: change.category };
  }
}

/** A date in `Retry-After` is by the server's clock. */
function serverNowMs(work: Work, answer: Answer): number {
  return answer.kind === 'reply' ? (answer.serverDateMs ?? work.clock.now()) : work.clock.now();
}

interface Attempt {
  readonly id: number;
  /** What the answer said; a look can make another outcome of a refusal. */
  readonly result: Outcome['kind'];
  readonly outcome: Outcome;
  readonly answer: Answer;
  readonly evidence: Evidence;
  readonly scrub: Scrub;
}

/** Intent committed → slot → send → what it was. Null: the run, or the lane, stopped before anything was sent. */
async function attemptOnce(work: Work, job: Job): Promise<Attempt | null> {
  const { ledger, api, clock, nylasClock } = work;
  work.announce();
  const id = await ledger.intend(work.runId, 'submit', entryOf(job, clock.now()), nylasClock.opensAt());
  let startedMs = Infinity;
  const submit = (onLeft: OnLeft): Promise<Answer> => {
    startedMs = clock.monotonic();
    return api.submit(job.user.body, () => {
      // What was made while a connection stalled isn't ours.
      startedMs = clock.monotonic();
      onLeft();
    });
  };
  const answer = await work.send(submit, () => !work.isLaneStopped(job.user));
  if (answer === null) {
    await concludeUnsent(work, job, id);
    return null;
  }
  const scrub = work.scrubberOf(job.user.secrets);
  const window = nylasClock.madeSince(startedMs);
  const classified = withoutEcho(classifyOutcome(answer, job.user, window), job.user, scrub);
  const outcome = await believe(work, job, withOrigin(classified, job));
  const result = classified.kind === 'refused' ? 'refused' : outcome.kind;
  return { id, result, outcome, answer, evidence: evidenceOf(answer, scrub), scrub };
}

/** A "grant id" that repeats a credential is none: nothing of that answer is believed. */
function withoutEcho(outcome: Outcome, user: LegacyUser, scrub: Scrub): Outcome {
  // What all secrets together leave alone repeats none of them.
  if (!('grant' in outcome) || scrub(outcome.grant.id) === outcome.grant.id) return outcome;
  return isEcho(outcome.grant.id, user.secrets) ? { kind: 'in_doubt' } : outcome;
}

/** What Nylas had before us isn't ours, however its dates look. */
function withOrigin(outcome: Outcome, job: Job): Outcome {
  if (!job.wasThere || (outcome.kind !== 'granted' && outcome.kind !== 'granted_other')) return outcome;
  return { ...outcome, origin: 'reauthenticated' };
}

/** Settles what one answer leaves open: whose mailbox it is, and whether a refusal follows a lost success. */
async function believe(work: Work, job: Job, outcome: Outcome): Promise<Outcome> {
  if (outcome.kind === 'granted_other') return resolveMailbox(work, job, outcome);
  if (outcome.kind !== 'refused' || job.doubtOpensAt === null) return outcome;
  const look = await lookForGrant(work, job, job.doubtOpensAt, () => null).catch(stoppedByLedger);
  switch (look.kind) {
    case 'found':
      return { kind: 'granted', grant: look.grant, origin: look.origin };
    case 'none':
      return outcome;
    case 'unknown':
    case 'stopped':
      return { kind: 'in_doubt' };
  }
}

/** A look that can't be written down ends like one that the run has no time for: what was sent is still told. */
function stoppedByLedger(error: unknown): Look {
  if (isLedgerFailure(error)) return { kind: 'stopped' };
  throw error;
}

/** Another mailbox answered: it is the same person's where it is one of the grant's aliases. */
async function resolveMailbox(
  work: Work,
  job: Job,
  outcome: Extract<Outcome, { kind: 'granted_other' }>,
): Promise<Outcome> {
  if (work.emailMismatch === 'accept') return { ...outcome, kind: 'granted' };
  const answer = await work.send((onLeft) => work.api.grantById(outcome.grant.id, onLeft));
  if (answer === null) return outcome;
  const aliases = answer.kind === 'reply' ? (grantOf(answer.body)?.aliases ?? []) : [];
  const expected = expectedMailboxes(job.user);
  const known = aliases.some((alias) => expected.has(foldEmail(alias)));
  return known ? { ...outcome, kind: 'granted' } : outcome;
}

function changeOf(work: Work, job: Job, attempt: Attempt, next: Retry): RecordChange {
  const { outcome, scrub } = attempt;
  const keep = (grant: Grant): ReturnType<typeof recordGrant> =>
    recordGrant(grant, 'origin' in outcome ? outcome.origin : null, scrub);
  const notBeforeMs = work.clock.now() + ('delayMs' in next ? next.delayMs : 0);
  switch (outcome.kind) {
    case 'granted':
      return migrated(keep(outcome.grant), true);
    case 'granted_invalid':
      return refused('needs_reauth', keep(outcome.grant));
    case 'granted_other':
      return refused('email_mismatch', keep(outcome.grant));
    case 'refused':
      return refused(outcome.category, null);
    case 'throttled':
      return waiting('throttled', notBeforeMs, job.isInDoubt);
    case 'unreachable':
      return waiting('unavailable', notBeforeMs, job.isInDoubt);
    case 'in_doubt':
      return doubtful(notBeforeMs);
  }
}

async function concludeSent(work: Work, job: Job, attempt: Attempt, change: RecordChange): Promise<void> {
  const { id, result, answer, evidence } = attempt;
  work.log.debug('attempt', { attempt: id, result, status: change.status, ...evidence });
  const end = { endedAtMs: work.clock.now(), result, evidence, latencyMs: answer.latencyMs };
  await conclude(work, job, id, end, change, change.grant?.id ?? null);
}

async function concludeUnsent(work: Work, job: Job, attemptId: number): Promise<void> {
  await work.ledger.conclude(
    attemptId,
    { endedAtMs: work.clock.now(), result: 'not_sent', evidence: NO_EVIDENCE, latencyMs: null },
    waiting(null, null, job.isInDoubt),
  );
}

function endOf(change: RecordChange, tries: Tries): JobEnd {
  const { category } = change;
  if (change.status === 'migrated') return { kind: 'migrated', origin: change.grant?.origin ?? null };
  if (change.status === 'failed' && category !== null) return { kind: 'failed', category };
  if (category === 'misconfigured') return { kind: 'held_back', category };
  const bucket = change.status === 'in_doubt' ? 'in_doubt' : 'waiting';
  return { kind: 'later', notBeforeMs: change.notBeforeMs ?? 0, category, bucket, tries };
}
