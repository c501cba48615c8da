import { shiftHolds, type HeldSummary, type RunPace } from './core/holds.js';
import type { Tally } from './core/tally.js';
import type { Dispatcher } from './dispatch.js';
import type { Feed } from './feed.js';
import type { Flow } from './flow.js';
import type { Lanes, StoppedLane } from './lanes.js';
import type { Later } from './later.js';
import type { Meter } from './meter.js';
import type { Pacer } from './pacer.js';
import type { Clock } from './ports/clock.js';
import type { PaceSnapshot, Snapshot } from './ports/progress.js';
import type { Window } from './window.js';

export interface RunViewParts {
  readonly tally: Tally;
  readonly window: Pick<Window, 'requests' | 'tasks'>;
  readonly flow: Pick<Flow, 'max'>;
  readonly later: Pick<Later, 'size' | 'nextDueMs'>;
  readonly dispatcher: Pick<Dispatcher, 'leftRows'>;
  readonly feed: Pick<Feed, 'share'>;
  readonly clock: Clock;
  readonly pacer: Pick<Pacer, 'state' | 'holds'>;
  readonly lanes: Pick<Lanes, 'held' | 'heldInAll'>;
  readonly meter: Pick<Meter, 'measured'>;
  readonly askedPerSecond: number;
  readonly stoppedLanes: readonly StoppedLane[];
}

/** A run as it stands, for whoever watches it; it changes nothing. */
export class RunView {
  readonly #parts: RunViewParts;

  constructor(parts: RunViewParts) {
    this.#parts = parts;
  }

  snapshot(): Snapshot {
    const { tally, window, flow, later, dispatcher, feed, meter } = this.#parts;
    const waiting = later.size + dispatcher.leftRows;
    return {
      balance: tally.balance(),
      inFlight: window.requests(),
      inFlightMax: flow.max,
      waiting,
      nextDueInMs: this.#nextDueInMs(),
      pace: this.#paceNow(),
      held: this.held(),
      share: feed.share(window.tasks() + waiting),
      ...meter.measured(),
    };
  }

  /** How long nothing was let through, and why. */
  held(): HeldSummary {
    const { pacer, lanes } = this.#parts;
    const { throttledHits, heldMs } = pacer.state();
    return {
      throttledHits,
      throttledMs: Math.round(heldMs.throttled),
      outageMs: Math.round(heldMs.outage),
      lanes: lanes.heldInAll(),
    };
  }

  /** What was asked of Nylas and what held it, for the ledger to keep. */
  pace(): RunPace {
    const { clock, pacer, askedPerSecond } = this.#parts;
    const offsetMs = clock.now() - clock.monotonic();
    return { askedPerSecond, ...this.held(), holds: shiftHolds(pacer.holds(), offsetMs) };
  }

  #nextDueInMs(): number | null {
    const { later, clock } = this.#parts;
    const inMs = later.nextDueMs() - clock.monotonic();
    return Number.isFinite(inMs) ? Math.max(0, Math.round(inMs)) : null;
  }

  #paceNow(): PaceSnapshot {
    const { pacer, lanes, askedPerSecond, stoppedLanes } = this.#parts;
    const { targetPerSecond, held } = pacer.state();
    return { askedPerSecond, targetPerSecond, held, heldLanes: lanes.held(), stoppedLanes };
  }
}
