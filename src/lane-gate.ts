import type { Bell } from './bell.js';
import type { Lanes } from './lanes.js';
import type { Later, Parked } from './later.js';
import type { Clock } from './ports/clock.js';

export interface LaneGateParts {
  readonly lanes: Lanes;
  readonly later: Later;
  readonly bell: Bell;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly stopping: () => boolean;
}

/** What becomes of a row at its lane's gate: it goes on, was put aside, or found no room to wait in. */
export type Passage = 'open' | 'parked' | 'left_out';

/** A lane without room that has begun or ended something so lately is waited for: putting the row aside costs more. */
const QUICK_MS = 50;
/** One that hasn't for so long stands still. */
const STANDSTILL_MS = 1_000;

/** Keeps the rows of a lane that is held, or has its share of the window, from holding up the others. */
export class LaneGate {
  readonly #parts: LaneGateParts;

  constructor(parts: LaneGateParts) {
    this.#parts = parts;
  }

  /**
   * Puts a row aside while its lane has no room. With no room to wait in either, it is left out where other lanes
   * have work, and holds up the reading where they don't. Nothing waits for a hold of more than `holdMaxMs`.
   */
  async pass(parked: Parked, holdMaxMs = Infinity): Promise<Passage> {
    for (;;) {
      const heldMs = this.#heldMs(parked);
      const passage = this.#passageOf(parked, heldMs, holdMaxMs);
      if (typeof passage === 'string') return passage;
      await this.#parts.bell.wait(passage.waitMs);
    }
  }

  #passageOf(
    parked: Parked,
    heldMs: number | null,
    holdMaxMs: number,
  ): Passage | { readonly waitMs: number } {
    const { lanes, stopping } = this.#parts;
    const { user } = parked;
    if (stopping() || lanes.isStopped(user)) return 'open';
    if (heldMs === null && !lanes.isCrowded(user)) return 'open';
    if (heldMs === null && lanes.isMoving(user, QUICK_MS)) return { waitMs: QUICK_MS };
    if (heldMs !== null && heldMs > holdMaxMs) return 'left_out';
    if (this.#isRoomFor(parked)) {
      this.#park(parked, heldMs);
      return 'parked';
    }
    const standsStill = heldMs !== null || !lanes.isMoving(user, STANDSTILL_MS);
    return standsStill && lanes.othersWork(user) ? 'left_out' : { waitMs: heldMs ?? STANDSTILL_MS };
  }

  /** For how long the lane is held still; null: it isn't. */
  #heldMs({ user }: Parked): number | null {
    const heldMs = this.#parts.lanes.heldUntilMs(user) - this.#parts.clock.monotonic();
    return heldMs > 0 ? heldMs : null;
  }

  /** Rows that come back from waiting or from being in flight have room of their own. */
  #isRoomFor(parked: Parked): boolean {
    const { later } = this.#parts;
    return !(parked.hasWaited ? later.overfull : later.full);
  }

  /** For a time, or (null) until there is room in the lane. */
  #park(parked: Parked, heldMs: number | null): void {
    const { lanes, later, clock } = this.#parts;
    later.park(parked, heldMs === null ? Infinity : clock.monotonic() + heldMs);
    if (heldMs !== null) return;
    lanes.whenRoom(parked.user, () => {
      later.release(parked);
    });
  }
}
