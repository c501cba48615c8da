import { meanRate, newPace, nextSlotMs, recordSend, type Pace } from './core/pace.js';
import type { Clock } from './ports.js';

/** The time for which work is begun ahead of its slot. */
const BACKLOG_SECONDS = 0.2;
const BACKLOG_MIN = 4;

/** Hands out the moments at which requests may leave, first come, first served. */
export interface Pacer {
  /** Resolves when the caller may send, which it must then do at once; false: the pacer was stopped. */
  slot(): Promise<boolean>;
  /** Says that a call to `slot` will follow as soon as its intent is committed. */
  announce(): void;
  /**
   * Resolves when no more callers wait, or are announced, than will be served shortly. An intent whose process
   * dies before it was sent is a doubt to settle, so no more are begun than can soon be sent. For one producer.
   */
  ready(): Promise<void>;
  /** Turns away whoever waits, and everybody after them. */
  stop(): void;
  /** How many requests have been let through. */
  sent(): number;
  /** Requests a second, over all that have been let through; null where they span too little time to say. */
  meanRate(): number | null;
}

/** A pacer for all requests of one application; `ratePerSecond` 0 lets everything through. */
export function startPacer(ratePerSecond: number, clock: Clock): Pacer {
  const pace: Pace = newPace(ratePerSecond);
  const waiting: ((granted: boolean) => void)[] = [];
  let cancelTimer: (() => void) | null = null;
  const backlogMax =
    ratePerSecond === 0 ? Infinity : Math.max(BACKLOG_MIN, Math.ceil(ratePerSecond * BACKLOG_SECONDS));
  let wakeProducer: (() => void) | null = null;
  let announced = 0;
  let stopped = false;
  const hasRoom = (): boolean => waiting.length + announced < backlogMax;

  const serve = (): void => {
    cancelTimer = null;
    while (waiting.length > 0) {
      const nowMs = clock.monotonic();
      const waitMs = nextSlotMs(pace) - nowMs;
      if (waitMs > 0) {
        cancelTimer = clock.after(Math.ceil(waitMs), serve);
        return;
      }
      recordSend(pace, nowMs);
      waiting.shift()?.(true);
      if (hasRoom()) wakeProducer?.();
    }
  };

  return {
    announce: () => {
      announced += 1;
    },
    slot: () =>
      new Promise((resolve) => {
        announced = Math.max(0, announced - 1);
        if (stopped) {
          resolve(false);
          return;
        }
        waiting.push(resolve);
        if (cancelTimer === null) serve();
      }),
    ready: () =>
      new Promise((resolve) => {
        if (stopped || hasRoom()) resolve();
        else wakeProducer = resolve;
      }),
    stop: () => {
      stopped = true;
      wakeProducer?.();
      cancelTimer?.();
      cancelTimer = null;
      for (const resolve of waiting.splice(0)) resolve(false);
    },
    sent: () => pace.sent,
    meanRate: () => meanRate(pace),
  };
}
