import { addHold, type Hold } from './core/holds.js';
import { hasLeft, letGo, meanRate, newPace, nextSlotMs, type Pace } from './core/pace.js';
import { lowered, newThrottle, rateAt, recovered, type Throttle } from './core/throttle.js';
import type { Clock } from './ports/clock.js';
import type { OnLeft } from './ports/nylas.js';

/** The time for which work is begun ahead of its slot. */
const BACKLOG_SECONDS = 0.2;
const BACKLOG_MIN = 4;
/** While the rate climbs, slots are computed anew at least this often. */
const CLIMB_STEP_MS = 50;

/** Hands out the moments at which requests may leave, first come, first served. */
export interface Pacer {
  /**
   * Makes the call in its turn. It must send at once, and say when its request has left: later slots are computed
   * from that, or from when the call ended. Null: the pacer was stopped before.
   */
  send<T>(call: (onLeft: OnLeft) => Promise<T>): Promise<T | null>;
  /** Likewise, but during an outage too, and before all others: for what asks whether it is over. */
  probe<T>(call: (onLeft: OnLeft) => Promise<T>): Promise<T | null>;
  /** Says that a call of `send` will follow as soon as its intent is committed. */
  announce(): void;
  /** Says that one that was announced will not follow. */
  withdraw(): void;
  /**
   * Resolves when no more callers wait, or are announced, than will be served shortly. An intent whose process
   * dies before it was sent is a doubt to settle, so no more are begun than can soon be sent. For one producer.
   */
  ready(): Promise<void>;
  /** Takes in a 429 of Nylas' own: everything holds, and the rate is lowered. `sentAtMs`: when its request left. */
  throttled(hit: { readonly sentAtMs: number; readonly retryAfterMs: number | null }): void;
  /** Nothing but probes leaves until `resume`, after which the rate climbs anew. */
  suspend(): void;
  resume(): void;
  /** Serves the first who waits in spite of it; false: nobody does. */
  letOne(): boolean;
  /** Turns away whoever waits, and everybody after them. */
  stop(): void;
  state(): PacerState;
  /** When nothing was let through so far, in monotonic milliseconds. */
  holds(): readonly Hold[];
}

interface PacerState {
  /** How many requests have been let through. */
  readonly sent: number;
  /** Requests a second, over all that have been let through; null where they span too little time to say. */
  readonly meanPerSecond: number | null;
  /** Breaks between two requests, in all. */
  readonly breaksMs: number;
  /** Requests a second that may leave now; 0: unpaced. */
  readonly targetPerSecond: number;
  /** Why nothing leaves at the moment; null: it does. */
  readonly held: 'throttled' | 'outage' | null;
  readonly throttledHits: number;
  /** How long nothing was let through, by cause. */
  readonly heldMs: { readonly throttled: number; readonly outage: number };
}

/** A pacer for all requests of one application; `ratePerSecond` 0 lets everything through. */
export function startPacer(ratePerSecond: number, clock: Clock): Pacer {
  return new ClockedPacer(ratePerSecond, clock);
}

/** Told when it was let go, monotonic milliseconds; null: it was turned away. */
type Waiter = (letGoAtMs: number | null) => void;

class ClockedPacer implements Pacer {
  readonly #clock: Clock;
  readonly #pace: Pace;
  readonly #waiting: Waiter[] = [];
  readonly #probes: Waiter[] = [];
  readonly #backlogMax: number;
  #throttle: Throttle;
  #cancelTimer: (() => void) | null = null;
  #wakeProducer: (() => void) | null = null;
  #announced = 0;
  #stopped = false;
  #suspendedAtMs: number | null = null;
  #hits = 0;
  #outageMs = 0;
  #throttledMs = 0;
  #holds: readonly Hold[] = [];

  constructor(ratePerSecond: number, clock: Clock) {
    this.#clock = clock;
    this.#pace = newPace(ratePerSecond);
    this.#throttle = newThrottle(ratePerSecond, clock.monotonic());
    this.#backlogMax =
      ratePerSecond === 0 ? Infinity : Math.max(BACKLOG_MIN, Math.ceil(ratePerSecond * BACKLOG_SECONDS));
  }

  announce(): void {
    this.#announced += 1;
  }

  withdraw(): void {
    this.#announced = Math.max(0, this.#announced - 1);
    if (this.#isLow()) this.#wakeProducer?.();
  }

  send<T>(call: (onLeft: OnLeft) => Promise<T>): Promise<T | null> {
    this.#announced = Math.max(0, this.#announced - 1);
    return this.#inTurn(this.#waiting, call);
  }

  probe<T>(call: (onLeft: OnLeft) => Promise<T>): Promise<T | null> {
    return this.#inTurn(this.#probes, call);
  }

  ready(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stopped || this.#hasRoom()) resolve();
      else this.#wakeProducer = resolve;
    });
  }

  throttled({ sentAtMs, retryAfterMs }: { sentAtMs: number; retryAfterMs: number | null }): void {
    const nowMs = this.#clock.monotonic();
    const heldBeforeMs = Math.max(nowMs, this.#throttle.holdUntilMs);
    this.#throttle = lowered(this.#throttle, { nowMs, sentAtMs, retryAfterMs, random: this.#clock.random() });
    this.#throttledMs += Math.max(0, this.#throttle.holdUntilMs - heldBeforeMs);
    this.#hits += 1;
    this.#holds = addHold(this.#holds, {
      cause: 'throttled',
      fromMs: nowMs,
      toMs: this.#throttle.holdUntilMs,
    });
    this.#serveAnew();
  }

  suspend(): void {
    this.#suspendedAtMs ??= this.#clock.monotonic();
  }

  resume(): void {
    if (this.#suspendedAtMs === null) return;
    const nowMs = this.#clock.monotonic();
    this.#outageMs += nowMs - this.#suspendedAtMs;
    this.#holds = this.holds();
    this.#suspendedAtMs = null;
    this.#throttle = recovered(this.#throttle, nowMs);
    this.#serveAnew();
  }

  letOne(): boolean {
    const first = this.#waiting.shift();
    if (first === undefined) return false;
    this.#probes.push(first);
    this.#serveAnew();
    return true;
  }

  stop(): void {
    this.#stopped = true;
    this.#wakeProducer?.();
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    for (const resolve of [...this.#probes.splice(0), ...this.#waiting.splice(0)]) resolve(null);
  }

  state(): PacerState {
    const nowMs = this.#clock.monotonic();
    const isThrottled = this.#throttle.holdUntilMs > nowMs;
    const outageMs = this.#outageMs + (this.#suspendedAtMs === null ? 0 : nowMs - this.#suspendedAtMs);
    return {
      sent: this.#pace.sent,
      meanPerSecond: meanRate(this.#pace),
      breaksMs: this.#pace.breaksMs,
      targetPerSecond: rateAt(this.#throttle, nowMs),
      held: this.#suspendedAtMs !== null ? 'outage' : isThrottled ? 'throttled' : null,
      throttledHits: this.#hits,
      heldMs: { throttled: this.#throttledMs, outage: outageMs },
    };
  }

  holds(): readonly Hold[] {
    const fromMs = this.#suspendedAtMs;
    if (fromMs === null) return this.#holds;
    return addHold(this.#holds, { cause: 'outage', fromMs, toMs: this.#clock.monotonic() });
  }

  async #inTurn<T>(waiting: Waiter[], call: (onLeft: OnLeft) => Promise<T>): Promise<T | null> {
    const letGoAtMs = await this.#queue(waiting);
    if (letGoAtMs === null) return null;
    let isLeaving = true;
    const onLeft = (): void => {
      if (!isLeaving) return;
      isLeaving = false;
      this.#hasLeft(letGoAtMs);
    };
    try {
      return await call(onLeft);
    } finally {
      // What came to nothing counts too: connecting in vain asks something of the other side.
      onLeft();
    }
  }

  #hasLeft(letGoAtMs: number): void {
    hasLeft(this.#pace, letGoAtMs, this.#clock.monotonic());
    if (this.#cancelTimer === null) this.#serve();
  }

  #queue(waiting: Waiter[]): Promise<number | null> {
    return new Promise((resolve) => {
      if (this.#stopped) {
        resolve(null);
        return;
      }
      waiting.push(resolve);
      if (this.#cancelTimer === null || waiting === this.#probes) this.#serveAnew();
    });
  }

  #serveAnew(): void {
    this.#cancelTimer?.();
    this.#serve();
  }

  #serve(): void {
    this.#cancelTimer = null;
    for (;;) {
      const queue = this.#servable();
      if (queue === null) return;
      const nowMs = this.#clock.monotonic();
      const waitMs = this.#nextMs(queue, nowMs) - nowMs;
      if (waitMs > 0) {
        this.#serveAfter(waitMs, nowMs);
        return;
      }
      letGo(this.#pace, nowMs);
      queue.shift()?.(nowMs);
      if (this.#isLow()) this.#wakeProducer?.();
    }
  }

  /** A rate that climbs brings the slot nearer meanwhile; where all that may leave is leaving, none comes before. */
  #serveAfter(waitMs: number, nowMs: number): void {
    if (waitMs === Infinity) return;
    const climbs = rateAt(this.#throttle, nowMs) < this.#pace.ratePerSecond;
    const delayMs = climbs ? Math.min(waitMs, CLIMB_STEP_MS) : waitMs;
    this.#cancelTimer = this.#clock.after(Math.ceil(delayMs), () => {
      this.#serve();
    });
  }

  /** The queue whose turn it is; null: nobody waits who may be served. */
  #servable(): Waiter[] | null {
    if (this.#probes.length > 0) return this.#probes;
    return this.#waiting.length > 0 && this.#suspendedAtMs === null ? this.#waiting : null;
  }

  #nextMs(queue: Waiter[], nowMs: number): number {
    const slotMs = nextSlotMs(this.#pace, rateAt(this.#throttle, nowMs));
    return queue === this.#probes ? slotMs : Math.max(slotMs, this.#throttle.holdUntilMs);
  }

  #hasRoom(): boolean {
    return this.#backlog() < this.#backlogMax;
  }

  /** A producer that was stopped goes on when half of the room is free: what it begins is committed together. */
  #isLow(): boolean {
    return this.#backlog() <= this.#backlogMax / 2;
  }

  #backlog(): number {
    return this.#waiting.length + this.#announced;
  }
}
