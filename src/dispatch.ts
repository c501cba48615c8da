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
import type { RowIssue } from './ports/ledger.js';
import { settleRecord } from './settle.js';
import { submitRecord } from './submit.js';
import { Turns, type TurnsParts } from './turns.js';
import type { Window } from './window.js';
import type { Job, JobEnd, Work } from './work.js';

export interface DispatchOptions extends Pick<TurnsParts, 'waitAtEndMaxMs' | 'standstillMaxMs'> {
  readonly retryTargets: ReadonlySet<RetryTarget>;
  readonly existing: PlanPolicy['existing'];
  /** New submissions of this run, in all and of each provider; null: no limit. */
  readonly limit: number | null;
  readonly limitPerProvider: number | null;
}

/** A record that has waited this often makes way for the end of the run. */
const PARKINGS_MAX = 5;

/** Acts on each row's plan: submits, shares, waits, counts. One a run; `consider` is awaited row by row. */
export class Dispatcher {
  /** When rows that wait have their turn. */
  readonly turns: Turns;
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
    this.turns = new Turns({
      ...parts,
      ...parts.options,
      act: (parked) => this.#act(parked),
      mayNotBegin: (parked) => this.#mayNotBegin(parked),
      leave: (parked) => {
        this.#leave(parked);
      },
    });
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

  /** Plans a row that was just read and acts on it. `seenOnLine`: which earlier line of the file names its record. */
  async consider(user: LegacyUser, seenOnLine: number | null): Promise<void> {
    await this.#act({
      user,
      seenOnLine,
      tries: NO_TRIES,
      hasWaited: false,
      parkings: 0,
      waitedUntilMs: -Infinity,
      bucket: 'held_back',
    });
  }

  /** Leaves what still waits to the next run, and waits for everything that was begun. */
  async finish(): Promise<void> {
    this.turns.leaveAll();
    await this.#window.idle();
    this.turns.leaveAll();
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
    const nowMs = Math.max(this.#work.clock.now(), parked.waitedUntilMs);
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
    const passage = kind === 'settle' ? 'open' : await this.#gate.pass(parked, this.turns.waitMaxMs());
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
        this.turns.tried('ended');
        this.#books.countMigrated(end.origin);
        return;
      case 'failed':
        this.turns.tried('ended');
        this.#books.count('failed');
        return;
      case 'held_back':
        if (end.category === 'misconfigured') this.#misconfigured += 1;
        this.#books.count('held_back');
        return;
      case 'left':
        this.#books.count(end.bucket);
        return;
      case 'later': {
        this.turns.tried('in_vain');
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
    const tooLate = delayMs > this.turns.waitMaxMs();
    if (this.#later.overfull || parked.parkings > PARKINGS_MAX || tooLate) this.#leave(parked);
    else {
      const waits = { ...parked, waitedUntilMs: notBeforeMs };
      this.#later.park(waits, this.#work.clock.monotonic() + delayMs);
    }
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
