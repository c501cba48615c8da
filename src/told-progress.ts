import type { Clock } from './ports/clock.js';
import type { Progress, Snapshot } from './ports/progress.js';

const EVERY_MS = 1_000;

/** Tells a run's snapshots to a callback: once a second, and as it stands at its end. */
export function toldProgress(tell: (snapshot: Snapshot) => void, clock: Pick<Clock, 'after'>): Progress {
  let snapshot: (() => Snapshot) | null = null;
  let cancel = (): void => undefined;
  const tick = (): void => {
    if (snapshot === null) return;
    tell(snapshot());
    cancel = clock.after(EVERY_MS, tick);
  };
  return {
    begin: (taken) => {
      snapshot = taken;
      cancel = clock.after(EVERY_MS, tick);
    },
    clear: () => undefined,
    end: () => {
      cancel();
      if (snapshot !== null) tell(snapshot());
      snapshot = null;
    },
  };
}
