import type { StopReason } from './core/verdict.js';
import type { Clock } from './ports/clock.js';

/** Stops a run once, for the first reason given. */
export interface StopSwitch {
  readonly reason: () => StopReason | null;
  stop(reason: StopReason): void;
  /** Calls back when the run is stopped, or at once where it is; returns how to unsubscribe. */
  onStop(callback: () => void): () => void;
}

export function makeStopSwitch(): StopSwitch {
  let stopped: StopReason | null = null;
  const callbacks = new Set<() => void>();
  return {
    reason: () => stopped,
    stop: (reason) => {
      if (stopped !== null) return;
      stopped = reason;
      for (const callback of callbacks) callback();
      callbacks.clear();
    },
    onStop: (callback) => {
      if (stopped !== null) {
        callback();
        return () => undefined;
      }
      callbacks.add(callback);
      return () => {
        callbacks.delete(callback);
      };
    },
  };
}

/** Waits for so long, but no longer than until the run is stopped: not at all where it is. */
export function pauseUntilStop(clock: Clock, stop: StopSwitch, delayMs: number): Promise<void> {
  if (stop.reason() !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const unsubscribe = stop.onStop(() => {
      cancel();
      resolve();
    });
    const cancel = clock.after(delayMs, () => {
      unsubscribe();
      resolve();
    });
  });
}
