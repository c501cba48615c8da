import type { LimitFunction } from 'p-limit';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { openWindow } from '../src/window.js';
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

describe('a full window', () => {
  test('accepts the next task only when another has ended', async () => {
    const window = openWindow(2, ignore);
    const [a, b, c] = [makeTask(), makeTask(), makeTask()];
    await window.start(a.run);
    await window.start(b.run);
    const third = window.start(c.run);
    expect(await isDone(third)).toBe(false);
    expect([a.ran, b.ran, c.ran]).toEqual([true, true, false]);
    a.end();
    expect(await isDone(third)).toBe(true);
    await settled();
    expect(c.ran).toBe(true);
    expect(window.inFlight()).toBe(2);
    b.end();
    c.end();
    await window.idle();
    expect(window.inFlight()).toBe(0);
  });

  test('p-limit never holds more than may run, and all that may run does', async () => {
    const random = seededRandom(3);
    const window = openWindow(7, ignore);
    let running = 0;
    let mostRunning = 0;
    let mostHeld = 0;
    for (let count = 0; count < 500; count += 1) {
      await window.start(async () => {
        running += 1;
        mostRunning = Math.max(mostRunning, running);
        for (let ticks = random() * 20; ticks > 0; ticks -= 1) await Promise.resolve();
        if (random() < 0.2) await settled();
        running -= 1;
      });
      mostHeld = Math.max(mostHeld, held());
      expect(held()).toBeLessThanOrEqual(window.inFlight());
    }
    await window.idle();
    expect(mostRunning).toBe(7);
    expect(mostHeld).toBe(7);
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
    expect(window.inFlight()).toBe(0);
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
  const window = openWindow(2, () => seen.push(window.inFlight()));
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
