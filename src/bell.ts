import type { Clock } from './ports/clock.js';

/** Lets one waiter sleep until a time has come or something has happened. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, or after `delayMs`; at once where a ring came since the last wait. */
  wait(delayMs: number): Promise<void>;
}

export function makeBell(clock: Clock): Bell {
  let rung = false;
  let wake: (() => void) | null = null;
  return {
    ring: () => {
      rung = true;
      wake?.();
    },
    wait: async (delayMs) => {
      if (!rung && delayMs > 0) {
        await new Promise<void>((resolve) => {
          const cancel = Number.isFinite(delayMs) ? clock.after(Math.ceil(delayMs), resolve) : null;
          wake = (): void => {
            cancel?.();
            resolve();
          };
        });
      }
      wake = null;
      rung = false;
    },
  };
}
