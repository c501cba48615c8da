import type { LimitFunction } from 'p-limit';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { openWindow, TASKS_AHEAD, type Window } from '../src/window.js';
import { isDone, seededRandom, settled } from './support/fake-clock.js';

/** The limits that windows opened, to see what p-limit holds. */
const limits: LimitFunction[] = vi.hoisted(() => []);

vi.mock(import('p-limit'), async (original) => {
  const real = await original();
  return {
    ...real,
    default: (concurrency) => {
      const limit = real.default(concurrency);
      limits.push(limit);
      return limit;
    },
  };
});

beforeEach(() => {
  limits.length = 0;
});

const ignore = (): void => undefined;
const held = (): number => limits.reduce((sum, limit) => sum + limit.activeCount + limit.pendingCount, 0);

/** A task that runs until it is told to end. */
function makeTask(): {
  readonly run: () => Promise<void>;
  end: () => void;
  fail: (error: Error) => void;
  ran: boolean;
} {
  const { promise, resolve, reject } = defer();
  const task = {
    ran: false,
    end: resolve,
    fail: reject,
    run: (): Promise<void> => {
      task.ran = true;
      return promise;
    },
  };
  return task;
}

function defer(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve: () => void = ignore;
  let reject: (error: Error) => void = ignore;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Starts as many tasks that don't end as a window takes beside `free` others. */
async function fill(
  window: Window,
  concurrency: number,
  free: number,
): Promise<ReturnType<typeof makeTask>[]> {
  const tasks = Array.from({ length: concurrency + TASKS_AHEAD - free }, makeTask);
  for (const task of tasks) await window.start(task.run);
  return tasks;
}

describe('a full window', () => {
  test('accepts the next task only when another has ended', async () => {
    const window = openWindow(2, ignore);
    const [first, ...others] = await fill(window, 2, 0);
    const last = makeTask();
    const starting = window.start(last.run);
    expect(await isDone(starting)).toBe(false);
    expect(last.ran).toBe(false);
    first?.end();
    expect(await isDone(starting)).toBe(true);
    await settled();
    expect(last.ran).toBe(true);
    expect(window.tasks()).toBe(2 + TASKS_AHEAD);
    for (const task of [...others, last]) task.end();
    await window.idle();
    expect(window.tasks()).toBe(0);
  });

  test('makes a request only when fewer than that are in flight, and says that it waits', async () => {
    let waits = 0;
    const window = openWindow(1, ignore, () => (waits += 1));
    const [a, b] = [makeTask(), makeTask()];
    void window.send(a.run);
    const second = window.send(b.run);
    await settled();
    expect([a.ran, b.ran, waits, window.requests()]).toEqual([true, false, 1, 1]);
    a.end();
    await settled();
    expect(b.ran).toBe(true);
    b.end();
    await second;
    expect(window.requests()).toBe(0);
  });

  test('that is made wider lets those in that wait, and says so where that is not all of them', async () => {
    let waits = 0;
    const window = openWindow(1, ignore, () => (waits += 1));
    const tasks = Array.from({ length: 4 }, makeTask);
    for (const task of tasks) void window.send(task.run);
    window.resize(3);
    await settled();
    expect(tasks.map(({ ran }) => ran)).toEqual([true, true, true, false]);
    expect(waits).toBe(3 + 1);
  });

  test('p-limit never holds more than a few that may not be sent yet, and all that may be sent is', async () => {
    const random = seededRandom(3);
    const window = openWindow(7, ignore);
    let running = 0;
    let mostRunning = 0;
    let mostHeld = 0;
    for (let count = 0; count < 500; count += 1) {
      await window.start(async () => {
        await window.send(async () => {
          running += 1;
          mostRunning = Math.max(mostRunning, running);
          for (let ticks = random() * 20; ticks > 0; ticks -= 1) await Promise.resolve();
          if (random() < 0.2) await settled();
          running -= 1;
        });
      });
      mostHeld = Math.max(mostHeld, held());
      expect(held()).toBeLessThanOrEqual(window.tasks());
    }
    await window.idle();
    expect(mostRunning).toBe(7);
    expect(mostHeld).toBe(7 + TASKS_AHEAD);
    expect(limits).toHaveLength(1);
  });
});

describe('a task that fails', () => {
  test('surfaces at the next start, which then runs nothing', async () => {
    const window = openWindow(5, ignore);
    const [bad, next] = [makeTask(), makeTask()];
    await window.start(bad.run);
    bad.fail(new Error('first'));
    await settled();
    await expect(window.start(next.run)).rejects.toThrow('first');
    expect(next.ran).toBe(false);
  });

  test('surfaces in a start that waits for room', async () => {
    const window = openWindow(1, ignore);
    const [bad, next] = [makeTask(), makeTask()];
    await fill(window, 1, 1);
    await window.start(bad.run);
    const waiting = window.start(next.run);
    bad.fail(new Error('first'));
    await expect(waiting).rejects.toThrow('first');
    expect(next.ran).toBe(false);
  });

  test('surfaces in idle, which waits for the others, and it is the first that counts', async () => {
    const window = openWindow(3, ignore);
    const [good, first, second] = [makeTask(), makeTask(), makeTask()];
    for (const task of [good, first, second]) await window.start(task.run);
    first.fail(new Error('first'));
    await settled();
    second.fail(new Error('second'));
    const idle = window.idle().catch((error: unknown) => error);
    expect(await isDone(idle)).toBe(false);
    good.end();
    expect(await idle).toEqual(new Error('first'));
    expect(window.tasks()).toBe(0);
  });

  test('a throw before the first await is a failure like any other', async () => {
    const window = openWindow(2, ignore);
    await window.start(() => {
      throw new Error('at once');
    });
    await expect(window.idle()).rejects.toThrow('at once');
  });
});

test('the end of every task is told, after it has left the window', async () => {
  const seen: number[] = [];
  const window = openWindow(2, () => seen.push(window.tasks()));
  const [a, b] = [makeTask(), makeTask()];
  await window.start(a.run);
  await window.start(b.run);
  b.fail(new Error('told as well'));
  await settled();
  a.end();
  await expect(window.idle()).rejects.toThrow('told as well');
  expect(seen).toEqual([1, 0]);
});

test('a window in which nothing runs is idle', async () => {
  expect(await isDone(openWindow(3, ignore).idle())).toBe(true);
});
