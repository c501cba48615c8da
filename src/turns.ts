import type { Bell } from './bell.js';
import type { Lanes } from './lanes.js';
import type { Later, Parked } from './later.js';
import type { Window } from './window.js';
import type { Work } from './work.js';

export interface TurnsParts {
  readonly later: Later;
  readonly bell: Bell;
  readonly lanes: Pick<Lanes, 'wakeCrowds'>;
  readonly window: Pick<Window, 'tasks'>;
  readonly work: Pick<Work, 'clock' | 'stopping'>;
  /** At the end of the input, rows whose time comes later than this are left to the next run. */
  readonly waitAtEndMaxMs: number;
  /** So are all that wait, and all that is still to be read, where for so long everything was tried in vain. */
  readonly standstillMaxMs: number;
  /** Plans a row again, and acts on it. */
  readonly act: (parked: Parked) => Promise<void>;
  /** Whether the row will not be begun in this run: nothing is won by waiting for its time. */
  readonly mayNotBegin: (parked: Parked) => boolean;
  /** Leaves a row to the next run. */
  readonly leave: (parked: Parked) => void;
}

/** Gives rows that wait their turn: beside the reading, while that has nothing to bring, and at its end. */
export class Turns {
  readonly #parts: TurnsParts;
  #draining = false;
  /**
   * Between when and when records were tried and none has come to its end, monotonic milliseconds; null: one has. Not
   * up to now: while the input keeps silent nothing is tried.
   */
  #vain: { readonly fromMs: number; readonly toMs: number } | null = null;

  constructor(parts: TurnsParts) {
    this.#parts = parts;
  }

  /** Says that a record has come to its end, or that it must be tried again. */
  tried(came: 'ended' | 'in_vain'): void {
    const nowMs = this.#parts.work.clock.monotonic();
    this.#vain = came === 'ended' ? null : { fromMs: this.#vain?.fromMs ?? nowMs, toMs: nowMs };
  }

  /** A provider can throttle for ever: a run that only waits for it is of no use to anybody. */
  get standsStill(): boolean {
    return this.#vain !== null && this.#vain.toMs - this.#vain.fromMs > this.#parts.standstillMaxMs;
  }

  /** For how long a row may wait. */
  waitMaxMs(): number {
    if (this.standsStill) return 0;
    return this.#draining ? this.#parts.waitAtEndMaxMs : Infinity;
  }

  /** Plans again parked rows whose time has come: while the input is read no more than it brings. */
  async serveDue(countMax: number): Promise<void> {
    for (let served = 0; served < countMax; served += 1) {
      const parked = this.#takeDue();
      if (parked === null) return;
      await this.#parts.act(parked);
    }
  }

  /** Serves those that wait until that is settled, which it may be at once: an input can keep silent for long. */
  async serveMeanwhile(settling: Promise<unknown>): Promise<void> {
    const { bell, act } = this.#parts;
    const waiting = new Set([settling]);
    const settle = (): void => {
      waiting.clear();
      bell.ring();
    };
    settling.then(settle, settle);
    while (waiting.size > 0) {
      const parked = this.#takeDue();
      if (parked !== null) await act(parked);
      else await this.#waitForNext();
    }
  }

  /** Serves those that wait until there is room for as many again, or the run is stopped. */
  async serveUntilRoom(): Promise<void> {
    const { later, work } = this.#parts;
    const isShort = (): boolean => later.size > later.capacity / 2;
    while (isShort() && !work.stopping()) await this.#serveNext();
  }

  /** The input has ended: serves what waits within bounds, until nothing is left or the run is stopped. */
  async drain(): Promise<void> {
    this.#draining = true;
    while (!this.#parts.work.stopping() && this.#isLeft()) await this.#serveNext();
  }

  /** Leaves everything that still waits. */
  leaveAll(): void {
    for (const parked of this.#parts.later.takeAll()) this.#parts.leave(parked);
  }

  /** What comes later than a run waits for at its end, or in vain, holds up neither that nor another pass. */
  #leaveHopeless(): void {
    const { later, work, waitAtEndMaxMs, mayNotBegin, leave } = this.#parts;
    const horizonMs = work.clock.monotonic() + waitAtEndMaxMs;
    for (const parked of later.takeTimed((each, dueMs) => dueMs > horizonMs || mayNotBegin(each)))
      leave(parked);
  }

  async #serveNext(): Promise<void> {
    this.#leaveHopeless();
    await this.serveDue(Infinity);
    // What was served can have been the last that a limit allows.
    this.#leaveHopeless();
    // Serving can have been the last of it: then nothing would ring.
    if (this.#isLeft()) await this.#waitForNext();
  }

  #isLeft(): boolean {
    return this.#parts.later.size > 0 || this.#parts.window.tasks() > 0;
  }

  async #waitForNext(): Promise<void> {
    const { bell, later, work } = this.#parts;
    await bell.wait(later.nextDueMs() - work.clock.monotonic());
  }

  /** A row for which there is room (those woken before it can have left theirs unused), or whose time has come. */
  #takeDue(): Parked | null {
    const { lanes, later, work } = this.#parts;
    lanes.wakeCrowds();
    return later.takeDue(work.clock.monotonic());
  }
}
