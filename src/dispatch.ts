import { fingerprintOf } from './core/fingerprint.js';
import {
  planRow,
  retryTargetOf,
  type Plan,
  type PlanPolicy,
  type PlanView,
  type RetryTarget,
} from './core/plan.js';
import type { Provider } from './core/provider.js';
import type { LegacyUser } from './core/record.js';
import { NO_TRIES } from './core/retry.js';
import { SeenKeys } from './core/seen.js';
import type { Asked } from './core/unmatched.js';
import type { Books } from './books.js';
import type { Bell } from './bell.js';
import { InFlight } from './in-flight.js';
import { LaneGate } from './lane-gate.js';
import type { Lanes } from './lanes.js';
import type { Later, Parked } from './later.js';
import { LeftRows } from './core/left-rows.js';
import type { LedgerView } from './ledger-view.js';
import type { RowIssue } from './ports.js';
import { settleRecord } from './settle.js';
import { submitRecord } from './submit.js';
import type { Window } from './window.js';
import type { Job, JobEnd, Work } from './work.js';

export interface DispatchOptions {
  readonly retryTargets: ReadonlySet<RetryTarget>;
  readonly existing: PlanPolicy['existing'];
  /** New submissions of this run, in all and of each provider; null: no limit. */
  readonly limit: number | null;
  readonly limitPerProvider: number | null;
  /** At the end of the input, rows whose time comes later than this are left to the next run. */
  readonly waitAtEndMaxMs: number;
}

/** A record that has waited this often makes way for the end of the run. */
const PARKINGS_MAX = 5;

/** Acts on each row's plan: submits, shares, waits, counts. One a run; `consider` is awaited row by row. */
export class Dispatcher {
  readonly #work: Work;
  readonly #options: DispatchOptions;
  readonly #view: LedgerView;
  readonly #window: Window;
  readonly #later: Later;
  readonly #bell: Bell;
  readonly #books: Books;
  readonly #asked: Asked;
  readonly #firstListingId: () => number;
  readonly #inFlight = new InFlight();
  readonly #lanes: Lanes;
  readonly #gate: LaneGate;
  readonly #startedByProvider = new Map<Provider, number>();
  #started = 0;
  #misconfigured = 0;
  #draining = false;
  #leftRows = new LeftRows();
  /** Lines that had their turn before the first one that names their record, which waited. */
  readonly #repeats = new SeenKeys();

  constructor(parts: {
    readonly work: Work;
    readonly options: DispatchOptions;
    readonly view: LedgerView;
    readonly window: Window;
    readonly later: Later;
    readonly bell: Bell;
    readonly books: Books;
    readonly lanes: Lanes;
    readonly asked: Asked;
    /** The first listing of this run: what it or a later one brought is there. */
    readonly firstListingId: () => number;
  }) {
    this.#work = parts.work;
    this.#options = parts.options;
    this.#view = parts.view;
    this.#window = parts.window;
    this.#later = parts.later;
    this.#bell = parts.bell;
    this.#books = parts.books;
    this.#lanes = parts.lanes;
    const { clock, stopping } = parts.work;
    this.#gate = new LaneGate({ ...parts, clock, stopping });
    this.#asked = parts.asked;
    this.#firstListingId = parts.firstListingId;
  }

  /** Whether `--limit` has been reached: no further row is read. */
  get limitReached(): boolean {
    return this.#options.limit !== null && this.#started >= this.#options.limit;
  }

  get misconfigured(): number {
    return this.#misconfigured;
  }

  /** The rows that were left out since this was last asked, for another pass over the input. */
  takeLeftRows(): LeftRows {
    const left = this.#leftRows;
    this.#leftRows = new LeftRows();
    return left;
  }

  /** How many rows are left to another pass. */
  get leftRows(): number {
    return this.#leftRows.size;
  }

  /** Serves those that wait until there is room for as many again, or the run is stopped. */
  async serveUntilRoom(): Promise<void> {
    if (this.#later.size > this.#later.capacity / 2) this.#leaveBeyond();
    while (this.#later.size > this.#later.capacity / 2 && !this.#work.stopping()) await this.#serveNext();
  }

  /** Plans a row that was just read and acts on it. `seenOnLine`: which earlier line of the file names its record. */
  async consider(user: LegacyUser, seenOnLine: number | null): Promise<void> {
    await this.#act({
      user,
      seenOnLine,
      tries: NO_TRIES,
      hasWaited: false,
      parkings: 0,
      bucket: 'held_back',
    });
  }

  /** Serves those that wait until that is settled, which it may be at once: an input can keep silent for long. */
  async serveMeanwhile(settling: Promise<unknown>): Promise<void> {
    const waiting = new Set([settling]);
    const settle = (): void => {
      waiting.clear();
      this.#bell.ring();
    };
    settling.then(settle, settle);
    while (waiting.size > 0) {
      const parked = this.#takeDue();
      if (parked !== null) await this.#act(parked);
      else await this.#bell.wait(this.#later.nextDueMs() - this.#work.clock.monotonic());
    }
  }

  /** Plans again parked rows whose time has come: while the input is read no more than it brings. */
  async serveDue(countMax: number): Promise<void> {
    for (let served = 0; served < countMax; served += 1) {
      const parked = this.#takeDue();
      if (parked === null) return;
      await this.#act(parked);
    }
  }

  /** A row for which there is room (those woken before it can have left theirs unused), or whose time has come. */
  #takeDue(): Parked | null {
    this.#lanes.wakeCrowds();
    return this.#later.takeDue(this.#work.clock.monotonic());
  }

  /** The input has ended: serves what waits within bounds, until nothing is left or the run is stopped. */
  async drain(): Promise<void> {
    this.#draining = true;
    const { stopping } = this.#work;
    this.#leaveBeyond();
    const isLeft = (): boolean => !stopping() && (this.#later.size > 0 || this.#window.tasks() > 0);
    while (isLeft()) await this.#serveNext();
  }

  /** What comes later than a run waits for at its end holds up neither that nor another pass. */
  #leaveBeyond(): void {
    const horizonMs = this.#work.clock.monotonic() + this.#options.waitAtEndMaxMs;
    for (const parked of this.#later.takeBeyond(horizonMs)) this.#leave(parked);
  }

  async #serveNext(): Promise<void> {
    await this.serveDue(Infinity);
    const isLeft = this.#later.size > 0 || this.#window.tasks() > 0;
    // Serving can have been the last of it: then nothing would ring.
    if (isLeft) await this.#bell.wait(this.#later.nextDueMs() - this.#work.clock.monotonic());
  }

  /** Leaves what still waits to the next run, and waits for everything that was begun. */
  async finish(): Promise<void> {
    for (const parked of this.#later.takeAll()) this.#leave(parked);
    await this.#window.idle();
    for (const parked of this.#later.takeAll()) this.#leave(parked);
    await this.#books.settle();
  }

  async #act(parked: Parked): Promise<void> {
    const { user } = parked;
    const known = this.#view.of(user);
    if (known.record !== null) this.#asked.record(known.record);
    let computed: string | null = null;
    const fingerprint = (): string => (computed ??= this.#fingerprint(user));
    const view = {
      ...known,
      inFlight: this.#inFlight.blocks(user),
      seenOnLine: parked.seenOnLine ?? this.#repeats.firstLine(user.key),
      isBegun: parked.parkings > 0,
      fingerprint,
    };
    const { retryTargets: retry, existing } = this.#options;
    const nowMs = this.#work.clock.now();
    const policy = { retry, existing, nowMs, firstListingId: this.#firstListingId() };
    await this.#carryOut(planRow(view, policy), parked, view);
  }

  #fingerprint(user: LegacyUser): string {
    return fingerprintOf(user, this.#work.ledger.fingerprintKey);
  }

  async #carryOut(plan: Plan, parked: Parked, view: PlanView): Promise<void> {
    switch (plan.kind) {
      case 'submit':
      case 'settle':
        return this.#begin(plan.kind, parked, view);
      case 'take':
        this.#takeTurn(parked);
        this.#books.take(parked.user, plan.grant, plan.origin, view.fingerprint());
        return;
      case 'confirm':
        return this.#confirm(plan.grantId, parked);
      case 'wait_for_other':
        return this.#parkBehind(parked);
      case 'wait_until':
        this.#parkUntil({ ...parked, bucket: plan.bucket }, plan.notBeforeMs);
        return;
      case 'duplicate':
        this.#books.note(duplicateOf(parked.user, plan.ofLine), 'duplicate');
        return;
      case 'done':
        this.#books.leave(parked.user, 'already_done');
        return;
      case 'skip':
        this.#books.leave(parked.user, 'skipped');
        return;
    }
  }

  async #begin(kind: 'submit' | 'settle', parked: Parked, view: PlanView): Promise<void> {
    const { user } = parked;
    // A look-up asks Nylas alone, and needs no lane.
    const passage = kind === 'settle' ? 'open' : await this.#gate.pass(parked, this.#holdMaxMs());
    if (passage === 'parked') return;
    if (passage === 'left_out') {
      this.#leaveOut(parked);
      return;
    }
    if (this.#holdsBack(parked, view)) return;
    if (parked.parkings === 0) this.#countStart(user.provider);
    const end = this.#inFlight.begin(user);
    const endInLane = this.#lanes.begin(user);
    this.#takeTurn(parked);
    const job = jobOf(parked, view);
    const run = kind === 'settle' ? settleRecord : submitRecord;
    await this.#work.pacerReady();
    await this.#window.start(async () => {
      try {
        const came = await run(this.#work, job);
        this.#view.touch(user);
        this.#count(parked, came);
      } finally {
        endInLane();
        end();
      }
    });
  }

  /** Once the input has ended nothing waits for longer than that. */
  #holdMaxMs(): number {
    return this.#draining ? this.#options.waitAtEndMaxMs : Infinity;
  }

  /** Asks whether a grant that an earlier run saw is still there, and plans the row again. */
  async #confirm(grantId: string, parked: Parked): Promise<void> {
    const held = { ...parked, bucket: 'held_back' as const };
    if (this.#work.stopping()) {
      this.#leave(held);
      return;
    }
    const { user } = parked;
    const end = this.#inFlight.begin(user);
    await this.#window.start(async () => {
      try {
        const came = await this.#work.confirmGrant(grantId);
        this.#view.touch(user);
        if (came === 'known') this.#later.park(held, -Infinity);
        else this.#leave(held);
      } finally {
        end();
      }
    });
  }

  /** Whether the row must not be begun in this run, and has been put down as held back. */
  #holdsBack(parked: Parked, view: PlanView): boolean {
    if (!this.#mayNotBegin(parked)) return false;
    this.#view.touch(parked.user);
    const isDoubt = view.record?.status === 'in_doubt';
    this.#leave(isDoubt ? { ...parked, bucket: 'in_doubt' } : parked);
    return true;
  }

  #mayNotBegin(parked: Parked): boolean {
    const { provider } = parked.user;
    if (this.#lanes.isStopped(parked.user) || this.#work.stopping()) return true;
    // Rows that were put aside before they were begun can come back when the limit has been reached.
    if (parked.parkings > 0) return false;
    const begun = this.#startedByProvider.get(provider) ?? 0;
    return this.limitReached || begun >= (this.#options.limitPerProvider ?? Infinity);
  }

  /** Another pass over the input takes it up again, if it is the row that was read last: those come in order. */
  #leaveOut(parked: Parked): void {
    if (parked.hasWaited) {
      this.#leave(parked);
      return;
    }
    this.#leftRows.add(parked.user.line, parked.user.key);
    this.#books.holdForNow(parked.user, this.#fingerprint(parked.user));
  }

  /** From now on what is known of the record comes from this row. */
  #takeTurn({ user, seenOnLine }: Parked): void {
    this.#view.touch(user);
    if (seenOnLine !== null) this.#repeats.add(user.key, user.line);
  }

  #countStart(provider: Provider): void {
    this.#started += 1;
    this.#startedByProvider.set(provider, (this.#startedByProvider.get(provider) ?? 0) + 1);
  }

  #count(parked: Parked, end: JobEnd): void {
    switch (end.kind) {
      case 'migrated':
      case 'failed':
        this.#books.count(end.kind);
        return;
      case 'held_back':
        if (end.category === 'misconfigured') this.#misconfigured += 1;
        this.#books.count('held_back');
        return;
      case 'left':
        this.#books.count(end.bucket);
        return;
      case 'later': {
        // A provider that throttles says nothing about the record, however often.
        const counts = end.category === 'throttled' ? 0 : 1;
        const parkings = Math.max(1, parked.parkings + counts);
        this.#parkUntil({ ...parked, tries: end.tries, parkings, bucket: end.bucket }, end.notBeforeMs);
        return;
      }
    }
  }

  #parkUntil(parked: Parked, notBeforeMs: number): void {
    const delayMs = notBeforeMs - this.#work.clock.now();
    const tooLate = this.#draining && delayMs > this.#options.waitAtEndMaxMs;
    if (this.#later.overfull || parked.parkings > PARKINGS_MAX || tooLate) this.#leave(parked);
    else this.#later.park(parked, this.#work.clock.monotonic() + delayMs);
  }

  /** Waits for whatever works on this record or its mailbox; with no room to wait in, the reading waits. */
  async #parkBehind(parked: Parked): Promise<void> {
    const blockers = this.#inFlight.ended(parked.user);
    if (this.#later.full) {
      await blockers;
      return this.#act(parked);
    }
    const waits = { ...parked, bucket: 'held_back' as const };
    this.#later.park(waits, Infinity);
    void blockers.then(() => {
      this.#later.release(waits);
      this.#bell.ring();
    });
  }

  #leave(parked: Parked): void {
    if (parked.bucket === 'held_back') {
      this.#books.hold(parked.user, this.#fingerprint(parked.user));
    } else {
      this.#books.count(parked.bucket);
    }
  }
}

function jobOf({ user, tries }: Parked, { record, listed, doubt, fingerprint }: PlanView): Job {
  const isInDoubt = record !== null && retryTargetOf(record) === 'in_doubt';
  return {
    user,
    tries,
    isInDoubt,
    fingerprint: fingerprint(),
    doubtOpensAt: record?.doubtOpensAt ?? doubt?.opensAt ?? null,
    emptyLooks: record?.emptyLooks ?? 0,
    wasThere: listed,
  };
}

function duplicateOf(user: LegacyUser, ofLine: number): RowIssue {
  const { line, key, accountId, email, provider, carried } = user;
  const message = `the same user as line ${ofLine}`;
  const reasons = [{ code: 'duplicate', message }];
  return { kind: 'duplicate', line, key, accountId, email, provider, carried, reasons };
}
