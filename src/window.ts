import pLimit from 'p-limit';

/**
 * The work in flight, bounded: a task is accepted only when it may run at once, so that p-limit's own queue,
 * which has no bound, stays empty.
 */
export interface Window {
  /** Resolves when the task has been started, not when it is over. Rejects with an earlier task's failure. */
  start(task: () => Promise<void>): Promise<void>;
  /** How many tasks are running. */
  inFlight(): number;
  /** Lets so many run at once from now on; those that run are left alone. */
  resize(concurrency: number): void;
  /** Resolves when nothing runs. Rejects with the first failure of a task. */
  idle(): Promise<void>;
}

/**
 * Opens a window for one producer, which awaits each call before the next. `onEnd` follows every task; `onFull`
 * comes each time that a task must wait for another's end.
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
      await limit(task);
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
      while (running >= limit.concurrency && failure === null) {
        onFull?.();
        await change();
      }
      raise();
      void run(task);
    },
    inFlight: () => running,
    resize: (count) => {
      if (count === limit.concurrency) return;
      limit.concurrency = count;
      wake?.();
    },
    idle: async () => {
      while (running > 0) await change();
      raise();
    },
  };
}
