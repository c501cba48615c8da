import type { Answer } from './core/answer.js';
import { UserError } from './core/errors.js';
import { grantOf, grantsOf, type Grant } from './core/grant.js';
import { keepable } from './core/listed.js';
import { isNotFound, refusesKey } from './core/outcome.js';
import { UNKNOWN_SKEW, windowOpensAt } from './core/skew.js';
import type { Ledger } from './ports/ledger.js';
import type { GrantPage, NylasApi } from './ports/nylas.js';
import { reread, type ReadingWork } from './reread.js';

/**
 * What came of a listing. `refused`: Nylas refuses the key; `absent`: what answers knows no such call, so it
 * can't be Nylas itself.
 */
export type Listed = 'whole' | 'stopped' | 'failed' | 'refused' | 'absent';

/** Whether a grant that was listed once is there now. `unknown`: Nylas gave no usable answer. */
export type Standing = 'valid' | 'invalid' | 'gone' | 'unknown' | 'stopped';

/** Ten million grants of Nylas' page size: a listing that goes on for longer has no end. */
const PAGES_MAX = 50_000;

/** Pages in a row without anything new: what answers has no further ones. */
const BARREN_MAX = 2;

/** So many grants are asked for by their ids before everything is listed: the application may have millions. */
const ASKED_MAX = 100;

interface Moment {
  readonly monotonicMs: number;
  /** Unix milliseconds by our clock. */
  readonly atMs: number;
}

/** The part of a run's work that listing needs. */
export type ListingWork = ReadingWork & {
  readonly ledger: Pick<
    Ledger,
    | 'see'
    | 'listedUntil'
    | 'setListedUntil'
    | 'renewedUntil'
    | 'setRenewedUntil'
    | 'lastListing'
    | 'listingOf'
    | 'confirm'
    | 'forget'
  >;
  readonly api: Pick<NylasApi, 'listGrants' | 'grantById'>;
};

/**
 * Keeps the ledger's copy of the application's grants up to date: what was there before us, and what a lost
 * answer made. Each listing brings only what is new since the last one.
 */
export class GrantIndex {
  /** What a listing of this run brought has a later id, what was asked for by its own id this one or a later one. */
  readonly firstListingId: number;
  readonly #work: ListingWork;
  /** When the newest whole listing began, in monotonic milliseconds. */
  #freshSinceMs = -Infinity;
  #lastListingId: number;
  #whole: Promise<Listed> | null = null;
  #running: { readonly startedMs: number; readonly end: Promise<Listed> } | null = null;
  #isClosed = false;
  #confirmed = 0;

  constructor(work: ListingWork) {
    this.#work = { ...work, stopping: () => this.#isClosed || work.stopping() };
    // Neither this run's listings nor those of earlier ones are told apart by a clock that can be set back.
    this.firstListingId = Math.max(work.clock.now(), work.ledger.lastListing()) + 1;
    this.#lastListingId = this.firstListingId;
  }

  /** Makes sure that a listing begun at `sinceMs` (monotonic) or later is in the ledger; listings are shared. */
  async refresh(sinceMs: number): Promise<Listed> {
    while (this.#freshSinceMs < sinceMs) {
      const listed = await this.#share(sinceMs);
      if (listed !== 'whole') return listed;
    }
    return 'whole';
  }

  /**
   * As `refresh`, and what was renewed since that was last read: its `created_at` is old, and `since` knows nothing
   * else.
   */
  async refreshWhole(sinceMs: number): Promise<Listed> {
    const { ledger } = this.#work;
    const begun = this.#moment();
    const renewedUntil = ledger.renewedUntil();
    const isFirst = ledger.listedUntil() === null;
    const listed = await this.refresh(sinceMs);
    if (listed !== 'whole') return listed;
    // The first listing brings everything.
    const renewed = isFirst ? listed : await this.#readRenewed(renewedUntil ?? 0);
    if (renewed === 'whole') await ledger.setRenewedUntil(this.#knownUntil(begun));
    return renewed;
  }

  /** Asks for no further page: listing that goes on ends as if the run were stopping. */
  close(): void {
    this.#isClosed = true;
  }

  /**
   * Finds out whether a grant that an earlier run listed is there still, and keeps that in the ledger. A few are asked
   * for by their ids. Whoever wants to know of more has everything listed anew, which answers for nearly all others;
   * only what that doesn't bring is asked for by its id.
   */
  async confirm(grantId: string): Promise<'known' | 'unknown'> {
    this.#confirmed += 1;
    if (this.#confirmed > ASKED_MAX) {
      await this.listAll();
      const listingId = this.#work.ledger.listingOf(grantId);
      if (listingId !== null && listingId >= this.firstListingId) return 'known';
    }
    const standing = await this.ask(grantId);
    return standing === 'unknown' || standing === 'stopped' ? 'unknown' : 'known';
  }

  /** Asks for one grant, and keeps in the ledger what came of it. */
  async ask(grantId: string): Promise<Standing> {
    const { ledger, api } = this.#work;
    const answer = await reread(this.#work, (onLeft) => api.grantById(grantId, onLeft));
    if (answer === null) return 'stopped';
    if (isNotFound(answer)) {
      await ledger.forget(grantId);
      return 'gone';
    }
    const grant = answer.kind === 'reply' && answer.status === 200 ? grantOf(answer.body) : null;
    if (grant?.id !== grantId) return 'unknown';
    await ledger.confirm(grantId, keepable(grant)?.status ?? null, this.#lastListingId);
    return grant.status === 'invalid' ? 'invalid' : 'valid';
  }

  /** A listing that began too early is waited for, and followed by another. */
  async #share(sinceMs: number): Promise<Listed> {
    if (this.#running !== null) {
      const { startedMs, end } = this.#running;
      const listed = await end;
      return startedMs >= sinceMs ? listed : 'whole';
    }
    const begun = this.#moment();
    const end = this.#list(begun).finally(() => {
      this.#running = null;
    });
    this.#running = { startedMs: begun.monotonicMs, end };
    return end;
  }

  async #list(begun: Moment): Promise<Listed> {
    const { ledger } = this.#work;
    const since = ledger.listedUntil();
    const listed = await this.#readPages((offset) => ({ order: 'made', since, offset }));
    if (listed !== 'whole') return listed;
    await ledger.setListedUntil(this.#knownUntil(begun));
    this.#freshSinceMs = begun.monotonicMs;
    return 'whole';
  }

  #moment(): Moment {
    const { clock } = this.#work;
    return { monotonicMs: clock.monotonic(), atMs: clock.now() };
  }

  /**
   * What a listing that began then has brought for certain, in seconds by Nylas' clock: early enough for whatever was
   * being made at that moment, and no later than by our clock. One wrong `Date` must not hide from all later runs
   * what was made meanwhile.
   */
  #knownUntil({ monotonicMs, atMs }: Moment): number {
    const byNylas = this.#work.nylasClock.opensAt(monotonicMs);
    return Math.max(0, Math.min(byNylas, windowOpensAt(atMs, UNKNOWN_SKEW)));
  }

  /** Lists everything anew, whatever was listed before: what is there now has `firstListingId` or a later one. */
  listAll(): Promise<Listed> {
    return (this.#whole ??= this.#readPages((offset) => ({ order: 'made', since: null, offset })));
  }

  /** Brings the grants that were renewed since (Unix seconds): newest first, until a page holds only older ones. */
  #readRenewed(since: number): Promise<Listed> {
    return this.#readPages(
      (offset) => ({ order: 'renewed', since: null, offset }),
      (grants) => grants.some(({ updatedAt }) => updatedAt !== null && updatedAt >= since),
    );
  }

  /**
   * Reads on until a page is empty or isn't wanted, whatever a page's size, or two in a row bring nothing new: one can
   * repeat the last, where so much was made meanwhile that stands before it.
   */
  async #readPages(
    pageAt: (offset: number) => GrantPage,
    isWanted: (grants: readonly Grant[]) => boolean = () => true,
  ): Promise<Listed> {
    const { ledger, api } = this.#work;
    const listingId = (this.#lastListingId += 1);
    let barren = 0;
    for (let offset = 0, pages = 0; pages < PAGES_MAX; pages += 1) {
      if (this.#work.stopping()) return 'stopped';
      const page = pageAt(offset);
      const answer = await reread(this.#work, (onLeft) => api.listGrants(page, onLeft));
      if (answer === null) return 'stopped';
      const grants = answer.kind === 'reply' && answer.status === 200 ? grantsOf(answer.body) : null;
      if (grants === null) return whyNoPage(answer);
      const kept = grants.map(keepable).filter((grant) => grant !== null);
      const brought = await ledger.see(kept, listingId);
      barren = brought === 0 ? barren + 1 : 0;
      if (grants.length === 0 || barren === BARREN_MAX || !isWanted(grants)) return 'whole';
      offset += grants.length;
    }
    return 'failed';
  }
}

/**
 * Lists the grants that are there before the first submission. Resolves to a warning where that can't be done
 * and the run may go on all the same. Throws UserError where it must not.
 */
export async function listBeforehand(index: GrantIndex, nowMs: number): Promise<string | null> {
  const listed = await index.refreshWhole(nowMs);
  switch (listed) {
    case 'whole':
    case 'stopped':
      return null;
    case 'absent':
      return 'What answers there can’t list grants: healthy ones that exist already would not be spared.';
    case 'refused':
      throw new UserError(
        'refused',
        'Nylas refuses to list the grants that exist already: the API key is not accepted for that.',
        'Check NYLAS_API_KEY and its application; nothing was submitted.',
      );
    case 'failed':
      throw new UserError(
        'unfinished',
        'The grants that exist already could not be listed: Nylas gave no usable answer.',
        'Run the same command again later; nothing was submitted.',
      );
  }
}

function whyNoPage(answer: Answer): Listed {
  if (refusesKey(answer)) return 'refused';
  return answer.kind === 'reply' && (answer.status === 404 || answer.status === 405) ? 'absent' : 'failed';
}
