import pLimit from 'p-limit';

/**
 * The work in flight, bounded twice: so many requests at once, and a few more tasks than that, which write down
 * what they are about to send or what came of it meanwhile. A task is accepted only when it may run at once, so
 * that p-limit's own queue, which has no bound, never holds more than those few.
 */
export interface Window {
  /** Resolves when the task has been started, not when it is over. Rejects with an earlier task's failure. */
  start(task: () => Promise<void>): Promise<void>;
  /** Makes a request as soon as one more may be in flight. */
  send<T>(request: () => Promise<T>): Promise<T>;
  /** How many tasks are running. */
  tasks(): number;
  /** How many requests are in flight, those included that wait for their slot. */
  requests(): number;
  /** Lets so many requests be in flight from now on; those that are, are left alone. */
  resize(concurrency: number): void;
  /** Resolves when nothing runs. Rejects with the first failure of a task. */
  idle(): Promise<void>;
}

/** Two groups of the ledger's: one that is being filled while the other is being committed. */
export const TASKS_AHEAD = 128;

/**
 * Opens a window for one producer, which awaits each `start` before the next. `onEnd` follows every task; `onFull`
 * comes when a request must wait for another's end.
 */
export function openWindow(concurrency: number, onEnd: () => void, onFull?: () => void): Window {
  const limit = pLimit(concurrency);
  let running = 0;
  let failure: { readonly error: unknown } | null = null;
  let wake: (() => void) | null = null;

  const change = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const raise = (): void => {
    if (failure !== null) throw failure.error;
  };
  const run = async (task: () => Promise<void>): Promise<void> => {
    running += 1;
    try {
      await task();
    } catch (error) {
      failure ??= { error };
    } finally {
      running -= 1;
      wake?.();
      onEnd();
    }
  };

  return {
    start: async (task) => {
      while (running >= limit.concurrency + TASKS_AHEAD && failure === null) await change();
      raise();
      void run(task);
    },
    send: (request) => {
      if (limit.activeCount >= limit.concurrency) onFull?.();
      return limit(request);
    },
    tasks: () => running,
    requests: () => limit.activeCount,
    resize: (count) => {
      if (count === limit.concurrency) return;
      limit.concurrency = count;
      wake?.();
      if (limit.pendingCount > 0) onFull?.();
    },
    idle: async () => {
      while (running > 0) await change();
      raise();
    },
  };
}
