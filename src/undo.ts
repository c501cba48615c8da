import { inParallel } from './caller.js';
import type { Answer } from './core/answer.js';
import { formatCount, formatCounted } from './core/counted.js';
import { evidenceOf, NO_EVIDENCE, refusesKey } from './core/outcome.js';
import { decideRelook, decideReread } from './core/retry.js';
import { scrubberOf } from './core/scrub.js';
import { judgeDeletion, judgeRead, type LeftReason, type UndoTarget } from './core/undo.js';
import type { LeftAlone } from './core/undo-survey.js';
import { LeftCounts } from './core/undo-survey.js';
import type { StopReason, Verdict } from './core/verdict.js';
import type { JobPorts } from './job.js';
import type { JobApi, OnLeft } from './ports/nylas.js';

export interface UndoOptions {
  readonly ratePerSecond: number;
  readonly concurrencyMax: number;
}

/** What became of the grants that an undo was to delete; each is in one of the counts. */
interface UndoCounts {
  readonly grants: number;
  readonly deleted: number;
  /** Not there any more when they were to be deleted. */
  readonly gone: number;
  readonly leftAlone: readonly LeftAlone[];
  /** No usable answer came: Nylas may have deleted them, which the next undo finds out. */
  readonly unanswered: number;
  /** Not begun, or stopped before anything was asked. */
  readonly notReached: number;
  /** The records that have no grant any more. */
  readonly undoneRecords: number;
}

export interface UndoResult {
  readonly counts: UndoCounts;
  readonly stop: StopReason | null;
  readonly verdict: Verdict;
}

/** The grants to delete: how many, and batch by batch. */
interface UndoWork {
  readonly grants: number;
  readonly batches: AsyncIterable<readonly UndoTarget[]>;
}

/** Asks for each grant, and deletes those that nobody has changed meanwhile. Throws UserError where the ledger fails. */
export async function undoGrants(
  ports: JobPorts,
  { grants, batches }: UndoWork,
  options: UndoOptions,
): Promise<UndoResult> {
  const { caller, progress, stop } = ports;
  const tally = new UndoTally(grants);
  const concurrency = concurrencyOf(options);
  const freshMs = freshFor(concurrency, options);
  progress.begin(() => caller.snapshot(tally.describe(), tally.share()));
  for await (const targets of batches) {
    await inParallel(targets, { concurrency, stopping: caller.stopping }, async (target) => {
      tally.add(target, await undoGrant(ports, target, freshMs));
    });
    if (caller.stopping()) break;
  }
  const counts = tally.counts();
  return { counts, stop: stop.reason(), verdict: verdictOf(counts, stop.reason()) };
}

/**
 * So many seconds' worth of requests are begun at once: with more, a grant would wait for longer between the look and
 * its deletion.
 */
const BEGUN_SECONDS = 1;

function concurrencyOf({ ratePerSecond, concurrencyMax }: UndoOptions): number {
  return ratePerSecond === 0
    ? concurrencyMax
    : Math.min(concurrencyMax, Math.ceil(ratePerSecond * BEGUN_SECONDS));
}

const FRESH_MS = 10_000;

/**
 * For how long what Nylas said of a grant is good enough to delete it: as long as its turn takes to come, but not
 * for as long as a hold or an outage can last.
 */
function freshFor(concurrency: number, { ratePerSecond }: UndoOptions): number {
  return FRESH_MS + (ratePerSecond === 0 ? 0 : (1000 * concurrency) / ratePerSecond);
}

type UndoEnd =
  | { readonly result: 'deleted' | 'gone' | 'no_answer' | 'not_sent' | LeftReason; readonly answer: Answer }
  | { readonly result: 'not_sent' | 'no_answer'; readonly answer: Answer | null };

/** One grant: intent committed → asked for → deleted if it is ours still → what it was. */
async function undoGrant(ports: JobPorts, target: UndoTarget, freshMs: number): Promise<UndoEnd> {
  const { ledger, clock, runId, apiKey, log } = ports;
  const { grantId, maker, recordIds } = target;
  const attemptId = await ledger.attempt(runId, 'undo', maker.recordId, clock.now());
  const end = await new Undoing(ports, target, freshMs).toEnd();
  const { result, answer } = end;
  const evidence = answer === null ? NO_EVIDENCE : evidenceOf(answer, scrubberOf([apiKey]));
  log.debug('undo', { attempt: attemptId, grant: grantId, result, ...evidence });
  const isUndone = result === 'deleted' || result === 'gone';
  await ledger.concludeUndo(
    attemptId,
    { endedAtMs: clock.now(), result, evidence, latencyMs: answer?.latencyMs ?? null },
    isUndone ? { grantId, recordIds } : null,
  );
  return end;
}

/** The requests for one grant. */
class Undoing {
  readonly #ports: Pick<JobPorts, 'caller' | 'api' | 'clock' | 'stop' | 'log'>;
  readonly #target: UndoTarget;
  readonly #freshMs: number;
  /** When Nylas last said that it is ours still, in monotonic milliseconds. */
  #oursAtMs = -Infinity;
  #isDeletionSent = false;

  constructor(ports: JobPorts, target: UndoTarget, freshMs: number) {
    this.#ports = ports;
    this.#target = target;
    this.#freshMs = freshMs;
  }

  /** A deletion without a usable answer may have been carried out: the next request asks, and repeats nothing blindly. */
  async toEnd(): Promise<UndoEnd> {
    const { caller, clock } = this.#ports;
    for (let tries = 1; ;) {
      const sent = await this.#sendNext();
      if (sent === null) return this.#stopped(null);
      const { answer } = sent;
      const result = sent.wasDeletion ? this.#afterDeletion(answer) : this.#afterRead(answer);
      if (result === 'delete') continue;
      if (result === 'refused' && (await this.#stopsKey(answer))) return this.#stopped(answer);
      if (result !== 'unknown') return { result, answer };
      const now = { nowMs: serverNowMs(answer, clock.now()), random: clock.random() };
      const next = (sent.wasDeletion ? decideRelook : decideReread)(answer, tries, now);
      if (next === null) return { result: 'no_answer', answer };
      tries += 1;
      await caller.pause(next.delayMs);
    }
  }

  /** What to send is decided when its turn has come: waiting can have made what is known too old. */
  async #sendNext(): Promise<{ readonly answer: Answer; readonly wasDeletion: boolean } | null> {
    const { caller, api, clock } = this.#ports;
    let wasDeletion = false;
    const answer = await caller.send((onLeft) => {
      wasDeletion = clock.monotonic() - this.#oursAtMs <= this.#freshMs;
      return wasDeletion ? this.#delete(api, onLeft) : api.grantById(this.#target.grantId, onLeft);
    });
    return answer === null ? null : { answer, wasDeletion };
  }

  #delete(api: JobApi, onLeft: OnLeft): Promise<Answer> {
    this.#isDeletionSent = true;
    return api.deleteGrant(this.#target.grantId, onLeft);
  }

  #afterDeletion(answer: Answer): 'deleted' | 'gone' | 'refused' | 'unknown' {
    this.#oursAtMs = -Infinity;
    return judgeDeletion(answer);
  }

  #afterRead(answer: Answer): 'delete' | 'deleted' | 'gone' | 'unknown' | LeftReason {
    const judged = judgeRead(answer, this.#target);
    switch (judged.kind) {
      case 'delete':
        this.#oursAtMs = this.#ports.clock.monotonic();
        return 'delete';
      case 'gone':
        return this.#isDeletionSent ? 'deleted' : 'gone';
      case 'leave':
        return judged.reason;
      case 'unknown':
        return 'unknown';
    }
  }

  /** Whether the key is refused, as one other call confirms: that concerns all grants, and the job stops. */
  async #stopsKey(answer: Answer): Promise<boolean> {
    const { caller, api, stop, log } = this.#ports;
    if (!refusesKey(answer)) return false;
    if (stop.reason() !== null) return true;
    const other = await caller.send((onLeft) => api.application(onLeft));
    if (other === null) return true;
    if (!refusesKey(other)) return false;
    log.error('the API key is refused: nothing more is deleted');
    stop.stop({ kind: 'key_refused' });
    return true;
  }

  #stopped(answer: Answer | null): UndoEnd {
    return { result: this.#isDeletionSent ? 'no_answer' : 'not_sent', answer };
  }
}

/** A date in `Retry-After` is by the server's clock. */
function serverNowMs(answer: Answer, nowMs: number): number {
  return answer.kind === 'reply' ? (answer.serverDateMs ?? nowMs) : nowMs;
}

/** Counts what becomes of the grants. */
class UndoTally {
  readonly #grants: number;
  readonly #ends = { deleted: 0, gone: 0, no_answer: 0 };
  readonly #left = new LeftCounts();
  #records = 0;

  constructor(grants: number) {
    this.#grants = grants;
  }

  add({ maker, recordIds }: UndoTarget, { result }: UndoEnd): void {
    if (result === 'not_sent') return;
    if (result !== 'deleted' && result !== 'gone' && result !== 'no_answer') {
      this.#left.add(result, maker.key);
      return;
    }
    this.#ends[result] += 1;
    if (result !== 'no_answer') this.#records += recordIds.length;
  }

  describe(): string {
    const { deleted, gone } = this.#ends;
    const left = this.#left.size;
    const parts = [`${formatCounted(deleted + gone, 'grant')} deleted`];
    if (left > 0) parts.push(`${formatCount(left)} left alone`);
    return parts.join(' · ');
  }

  share(): number {
    return this.#grants === 0 ? 1 : this.#ended() / this.#grants;
  }

  counts(): UndoCounts {
    const { deleted, gone, no_answer: unanswered } = this.#ends;
    return {
      grants: this.#grants,
      deleted,
      gone,
      leftAlone: this.#left.all(),
      unanswered,
      notReached: this.#grants - this.#ended(),
      undoneRecords: this.#records,
    };
  }

  #ended(): number {
    const { deleted, gone, no_answer: unanswered } = this.#ends;
    return deleted + gone + unanswered + this.#left.size;
  }
}

/** What an undo came to; where several apply, the gravest that can be mended first. */
function verdictOf(counts: UndoCounts, stop: StopReason | null): Verdict {
  if (stop?.kind === 'key_refused') return 'refused';
  if (stop?.kind === 'signal') return 'signal';
  if (counts.unanswered + counts.notReached > 0) return 'work_remains';
  return counts.leftAlone.length > 0 ? 'people_remain' : 'done';
}
