import { UserError } from '../../src/core/errors.js';
import { balances } from '../../src/core/tally.js';
import type { RunResult } from '../../src/migrate.js';
import type { Image, ImageAttempt, ImageRecord } from './ledger-image.js';
import type { Nylas, Submission } from './nylas.js';
import type { People, Person } from './people.js';
import type { RunStory, World } from './world.js';

/** What a check finds wrong. */
type Findings = readonly string[];

/** What must hold after every run, however it ended. */
export function checkRun(story: RunStory, world: World): Findings {
  const { people, nylas, settings, witness, clockWasSet } = world;
  const inputMs = (story.rows / settings.batchSize) * settings.batchDelayMs;
  return [
    ...checkEnd(story),
    ...checkPace(story),
    ...checkProgress(story, inputMs),
    ...checkAttempts(story, people),
    ...checkIntents(story),
    ...checkRefusals(story, people, witness.allSubmissions),
    ...checkGrants(story, people, nylas),
    ...(settings.tellsDate && !clockWasSet ? checkAdoptions(story, world) : []),
    ...(story.end.kind === 'ended' ? checkBooks(story, story.end.result, people.persons.length) : []),
  ];
}

/** The run ends, and not by a bug. */
function checkEnd({ end }: RunStory): Findings {
  if (end.kind === 'stuck') return [`the run doesn't end: ${end.how}`];
  if (end.kind !== 'threw') return [];
  const { error } = end;
  const isExpected = error instanceof UserError && (error.kind === 'refused' || error.kind === 'unfinished');
  return isExpected ? [] : [`the run threw ${error instanceof Error ? String(error.stack) : String(error)}`];
}

/** No second, wherever it starts, holds more than the rate. */
function checkPace({ plan, callsAtMs }: RunStory): Findings {
  const rate = plan.options.ratePerSecond;
  if (rate === 0) return [];
  const early = callsAtMs.findIndex((atMs, index) => atMs - (callsAtMs[index - rate] ?? -Infinity) < 1000);
  return early < 0 ? [] : [`more than ${rate} requests in the second that ends with request ${early + 1}`];
}

const BACKOFF_AND_REST_MS = 180_000;

/** Nothing is waited for that is longer than what is waited for by rule. */
function checkProgress({ plan, beganAtMs, endedAtMs, callsAtMs, end }: RunStory, inputMs: number): Findings {
  if (end.kind === 'stuck') return [];
  const { options, weather, clockSet } = plan;
  const retryAfterMs = Math.max(0, ...weather.throttles.map(({ retryAfterS }) => retryAfterS * 1000));
  // What the ledger says of another record's wait is by the clock on the wall.
  const setBackMs = Math.max(0, -(clockSet?.byMs ?? 0));
  const bound = options.retry.settleDelayMs + retryAfterMs + 3 * inputMs + setBackMs + BACKOFF_AND_REST_MS;
  const moments = [beganAtMs, ...callsAtMs, endedAtMs];
  const gap = moments.findIndex((atMs, index) => atMs - (moments[index - 1] ?? atMs) > bound);
  if (gap < 0) return [];
  const gapMs = (moments[gap] ?? 0) - (moments[gap - 1] ?? 0);
  return [`nothing happens for ${gapMs} ms after ${moments[gap - 1] ?? 0}`];
}

/** Attempts are only ever added, and are bounded. */
function checkAttempts(story: RunStory, people: People): Findings {
  const { before, after, plan } = story;
  const changed = before.attempts.filter((attempt, index) => !isSame(attempt, after.attempts[index]));
  const own = after.attempts.slice(before.attempts.length);
  const counted = countBy(own.filter(isCounted), ({ recordId }) => recordId);
  const { outages, stalls, mishaps } = plan.weather;
  // Twenty in a row without an answer are taken for an outage too, and cost nobody an attempt: many connections can
  // stall at once.
  const rest = mishaps.lost + mishaps.reset + mishaps.unreachable + mishaps.garbled + mishaps.provider_silent;
  const isOutage = outages.length + stalls.length > 0 || mishaps.error + mishaps.hang > 0 || rest >= 0.8;
  const max = isOutage ? 50 : plan.options.retry.attemptsMax;
  const allowed = new Map(
    [...after.records.values()].map(({ key, recordId }) => [recordId, max * people.turnsOf(key)]),
  );
  const over = [...counted].filter(([recordId, count]) => count > (allowed.get(recordId) ?? max));
  return [
    ...changed.map(({ attemptId }) => `attempt ${attemptId} has changed or is gone`),
    ...over.map(([recordId, count]) => `record ${recordId} was submitted ${count} times in one run`),
  ];
}

function isSame(attempt: ImageAttempt, now: ImageAttempt | undefined): boolean {
  return JSON.stringify(attempt) === JSON.stringify(now);
}

const FREE: ReadonlySet<string | null> = new Set(['throttled', 'not_sent', 'unreachable']);

function isCounted({ kind, result }: ImageAttempt): boolean {
  return kind === 'submit' && !FREE.has(result);
}

/** Whatever was sent had its intent committed before. */
function checkIntents({ before, after, submissions }: RunStory): Findings {
  const own = after.attempts.slice(before.attempts.length);
  const meant = countBy(
    own.filter(({ kind, result }) => kind === 'submit' && result !== 'not_sent'),
    ({ recordId }) => recordId,
  );
  const sent = countBy(submissions, ({ body }) => body.state);
  return [...sent].flatMap(([key, count]) => {
    const record = after.records.get(key);
    const intents = record === undefined ? 0 : (meant.get(record.recordId) ?? 0);
    return count > intents ? [`${key} was sent ${count} times, and meant to be sent ${intents} times`] : [];
  });
}

/** Nobody is told to sign in again whose credential has brought a grant, unless another one has spoilt it since. */
function checkRefusals(
  { before, after }: RunStory,
  people: People,
  submissions: readonly Submission[],
): Findings {
  const spoilt = submissions.filter(({ credential }) => credential.fate === 'dead');
  const isSpoilt = ({ credential, leftAtMs }: Submission): boolean =>
    spoilt.some(
      (later) =>
        later.leftAtMs > leftAtMs &&
        later.credential.provider === credential.provider &&
        later.credential.mailbox === credential.mailbox,
    );
  return submissions.flatMap((submission) => {
    const { body, credential, tookAtMs } = submission;
    const { email } = people.personOf(body.state);
    const isOwn = email?.toLowerCase() === credential.mailbox;
    const isTold = after.records.get(body.state)?.category === 'needs_reauth';
    const isNew = before.records.get(body.state)?.category !== 'needs_reauth';
    const isWrong = tookAtMs !== null && isOwn && isTold && isNew && !isSpoilt(submission);
    return when(isWrong, `${body.state} is to sign in again, though there is a grant`);
  });
}

/** Every migrated record has a grant of its own mailbox. */
function checkGrants({ after, plan }: RunStory, people: People, nylas: Nylas): Findings {
  if (plan.options.emailMismatch === 'accept') return [];
  return [...after.records.values()].flatMap((record) => {
    if (record.status !== 'migrated') return [];
    const grant = record.grantId === null ? undefined : nylas.grants.find(record.grantId)?.grant;
    const person = people.personOf(record.key);
    if (grant === undefined) return [`${record.key} has a grant that Nylas doesn't know`];
    const isOwn = grant.provider === record.provider && mailboxesOf(person).has(grant.email ?? '');
    return isOwn ? [] : [`${record.key} (${person.mailbox}) has the grant of ${grant.email ?? 'nobody'}`];
  });
}

/** Nylas' clock is known to some seconds, and its dates are whole ones. */
const ADOPTION_MARGIN_S = 30;

/** What is called adopted was made, or renewed, no earlier than the first attempt was meant that can have done it. */
function checkAdoptions({ before, after }: RunStory, { clock, people, nylas }: World): Findings {
  const records = [...after.records.values()];
  const keyOf = new Map(records.map(({ recordId, key }) => [recordId, key]));
  const meant = after.attempts.filter(({ kind }) => kind === 'submit');
  return records.flatMap(({ key, provider, origin, grantId }) => {
    const isNew = origin === 'adopted' && before.records.get(key)?.grantId !== grantId;
    const grant = isNew && grantId !== null ? nylas.grants.find(grantId)?.grant : undefined;
    if (grant === undefined) return [];
    const ours = meant.filter(({ recordId }) => {
      const person = people.personOf(keyOf.get(recordId) ?? key);
      const mailboxes = [person.email?.toLowerCase(), person.credential.mailbox];
      return person.key === key || (person.provider === provider && mailboxes.includes(grant.email));
    });
    const agoMs = clock.now() - Math.min(...ours.map(({ startedAtMs }) => startedAtMs));
    const firstS = nylas.secondOf(clock.monotonic() - agoMs);
    const isOld = Math.max(grant.created_at, grant.updated_at) < firstS - ADOPTION_MARGIN_S;
    return when(isOld, `${key} has adopted a grant that is older than its first attempt`);
  });
}

/** A row without an email names nobody: then whatever its credential opens is its own. */
function mailboxesOf({ email, credential, mailbox }: Person): ReadonlySet<string> {
  return new Set(email === null ? [credential.mailbox, mailbox] : [email.toLowerCase()]);
}

/** The run's own account of itself agrees with the ledger. */
function checkBooks(story: RunStory, result: RunResult, persons: number): Findings {
  const { before, after, rows, plan } = story;
  const { buckets, read } = result.balance;
  const became = keysOf(after, 'migrated').filter((key) => before.records.get(key)?.status !== 'migrated');
  const doneBefore = keysOf(before, 'migrated').length;
  const submitted = new Set(story.submissions.map(({ body }) => body.state)).size;
  const limit = plan.options.limit ?? Infinity;
  return [
    ...when(
      !result.balanced || !balances(result.balance),
      `the books don't balance: ${JSON.stringify(buckets)}`,
    ),
    ...when(result.input !== null && read !== rows, `${read} of ${rows} rows read`),
    ...when(buckets.migrated !== became.length, `${buckets.migrated} migrated, in truth ${became.length}`),
    ...checkOrigins(became, story, result),
    ...when(
      buckets.already_done > doneBefore,
      `${buckets.already_done} already done, in truth ${doneBefore}`,
    ),
    ...when(buckets.duplicate > rows - persons, `${buckets.duplicate} repeats of ${rows - persons}`),
    ...when(submitted > limit, `${submitted} records submitted, the limit is ${limit}`),
    ...when(keysOf(after, 'submitting').length > 0, 'records are left submitting'),
    ...Object.entries(buckets).flatMap(([name, count]) => when(count < 0, `${count} rows are ${name}`)),
    ...(result.input === null ? [] : checkWhole(story, result)),
  ];
}

/** How those came by their grants who were migrated is what their records say. */
function checkOrigins(became: readonly string[], { after }: RunStory, { origins }: RunResult): Findings {
  const truth = new Map<string, number>();
  for (const key of became) {
    const origin = after.records.get(key)?.origin ?? 'unknown';
    truth.set(origin, (truth.get(origin) ?? 0) + 1);
  }
  return [...new Set([...truth.keys(), ...Object.keys(origins)])].flatMap((name) => {
    const told = new Map<string, number>(Object.entries(origins)).get(name) ?? 0;
    const inTruth = truth.get(name) ?? 0;
    return when(told !== inTruth, `${told} are said to be ${name}, in truth ${inTruth}`);
  });
}

/** Of an input that was read whole, each record's state is where its row was counted. */
function checkWhole({ before, after, rows }: RunStory, { balance }: RunResult): Findings {
  const { buckets } = balance;
  const failed = buckets.failed + buckets.skipped;
  const open = buckets.waiting + buckets.held_back + buckets.in_doubt;
  const truth = countBy([...after.records.values()], ({ status }) => status);
  const hasFailedBefore = keysOf(before, 'failed').length > 0;
  const isRepeating = rows - buckets.invalid > after.records.size;
  const compare = (name: string, count: number, own: number): Findings =>
    when(isRepeating ? count < own : count !== own, `${count} rows are ${name}, and ${own} records`);
  const own = (status: ImageRecord['status']): number => truth.get(status) ?? 0;
  return [
    ...compare('migrated', buckets.migrated + buckets.already_done, own('migrated')),
    ...compare('not migrated', failed + open, own('failed') + own('pending') + own('in_doubt')),
    // What waits with a new credential is still what the old one made of it.
    ...(hasFailedBefore ? [] : compare('failed', failed, own('failed'))),
  ];
}

/** What must hold once nothing is left to do. */
export function checkFinal({ image, people, nylas, settings }: World): Findings {
  const isSpared = settings.options.existing === 'skip';
  return people.persons.flatMap((person) => {
    const record = image.records.get(person.key);
    if (record?.status === 'migrated') return [];
    const state =
      record === undefined ? 'not known' : `${record.status} (${record.category ?? 'no category'})`;
    if (record?.status !== 'failed') return [`${person.key} is ${state} in the end`];
    return when(canBeMigrated(person, nylas, isSpared), `${person.key} could be migrated and is ${state}`);
  });
}

/** `isSpared`: whether a healthy grant that the mailbox has is enough. */
function canBeMigrated({ email, provider, credential }: Person, nylas: Nylas, isSpared: boolean): boolean {
  const { fate, mailbox, worksOnce, token } = credential;
  if (isSpared && email !== null && nylas.healthyGrantOf(provider, email.toLowerCase()) !== null) return true;
  const isOwn = email === null || email.toLowerCase() === mailbox;
  return fate === 'works' && isOwn && !(worksOnce && nylas.isSpent(token));
}

function keysOf({ records }: Image, status: ImageRecord['status']): readonly string[] {
  return [...records.values()].filter((record) => record.status === status).map(({ key }) => key);
}

function countBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): ReadonlyMap<K, number> {
  const counts = new Map<K, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

function when(isWrong: boolean, what: string): Findings {
  return isWrong ? [what] : [];
}
