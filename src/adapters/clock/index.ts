import { performance } from 'node:perf_hooks';
import type { Clock } from '../../ports/clock.js';

/** The machine's clocks, timers and randomness. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(delayMs, TIMER_MAX_MS));
    return () => {
      clearTimeout(timer);
    };
  },
};

/** setTimeout fires at once beyond 2^31 - 1 ms; callers look at the clock again when they are called. */
const TIMER_MAX_MS = 2_147_483_647;
