import { newPace, nextSlotMs, recordSend, type Pace } from './core/pace.js';
import type { Clock } from './ports.js';

/** Hands out the moments at which requests may leave, first come, first served. */
export interface Pacer {
  /** Resolves when the caller may send, which it must then do at once; false: the pacer was stopped. */
  slot(): Promise<boolean>;
  /** Turns away whoever waits, and everybody after them. */
  stop(): void;
  /** How many requests have been let through. */
  sent(): number;
}

/** A pacer for all requests of one application; `ratePerSecond` 0 lets everything through. */
export function startPacer(ratePerSecond: number, clock: Clock): Pacer {
  const pace: Pace = newPace(ratePerSecond);
  const waiting: ((granted: boolean) => void)[] = [];
  let cancelTimer: (() => void) | null = null;
  let stopped = false;

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
    }
  };

  return {
    slot: () =>
      new Promise((resolve) => {
        if (stopped) {
          resolve(false);
          return;
        }
        waiting.push(resolve);
        if (cancelTimer === null) serve();
      }),
    stop: () => {
      stopped = true;
      cancelTimer?.();
      cancelTimer = null;
      for (const resolve of waiting.splice(0)) resolve(false);
    },
    sent: () => pace.sent,
  };
}
