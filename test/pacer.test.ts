import { describe, expect, test } from 'vitest';
import { startPacer, type Pacer } from '../src/pacer.js';
import type { OnLeft } from '../src/ports/nylas.js';
import { FakeClock, isDone, seededRandom, settled } from './support/fake-clock.js';

/** Resolves to whether it was let go; it leaves at once. */
async function slot(pacer: Pacer): Promise<boolean> {
  return (await pacer.send(leaveAtOnce)) !== null;
}

function leaveAtOnce(onLeft: OnLeft): Promise<string> {
  onLeft();
  return Promise.resolve('left');
}

/** Asks for `count` slots and notes who got one, and when. */
function ask(pacer: Pacer, clock: FakeClock, count: number, log: Sent[]): void {
  for (let index = 0; index < count; index += 1) {
    void slot(pacer).then((granted) => {
      log.push({ index, granted, atMs: clock.monotonic() });
    });
  }
}

interface Sent {
  readonly index: number;
  readonly granted: boolean;
  readonly atMs: number;
}

function mostInASecond(sent: readonly Sent[]): number {
  return Math.max(
    0,
    ...sent.map(({ atMs }) => sent.filter((s) => s.atMs >= atMs && s.atMs < atMs + 1_000).length),
  );
}

test('first come, first served, each exactly once', async () => {
  const clock = new FakeClock();
  const pacer = startPacer(5, clock);
  const log: Sent[] = [];
  ask(pacer, clock, 12, log);
  await clock.advance(10_000);
  expect(log.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(log.every(({ granted }) => granted)).toBe(true);
  expect(pacer.state().sent).toBe(12);
  expect(clock.timers).toBe(0);
});

test('the first request leaves at once, the next only when its time has come', async () => {
  const clock = new FakeClock();
  const pacer = startPacer(1, clock);
  expect(await isDone(slot(pacer))).toBe(true);
  const second = slot(pacer);
  await clock.advance(1_000);
  expect(await isDone(second)).toBe(false);
  await clock.advance(50);
  expect(await isDone(second)).toBe(true);
});

describe.each([1, 5, 45, 50, 500])('%d a second', (rate) => {
  test('is reached and never exceeded, though timers fire late', async () => {
    const random = seededRandom(7);
    const clock = new FakeClock({ latenessMs: () => random() * 3 });
    const pacer = startPacer(rate, clock);
    const log: Sent[] = [];
    const seconds = rate > 100 ? 4 : 20;
    ask(pacer, clock, rate * seconds + 1, log);
    await clock.advance(seconds * 1_100 + 500);
    expect(log.length).toBe(rate * seconds + 1);
    expect(mostInASecond(log)).toBeLessThanOrEqual(rate);
    const tookMs = (log.at(-1)?.atMs ?? 0) - (log[0]?.atMs ?? 0);
    // A gentle start costs at most half a second of it.
    expect((rate * seconds * 1_000) / (tookMs - 500)).toBeGreaterThanOrEqual(0.97 * rate);
  });
});

describe('what is slow to leave', () => {
  /** A call that leaves when it is told to, and ends when it is told to. */
  function stalling(pacer: Pacer): { leave: () => void; end: () => void } {
    let leave = (): void => undefined;
    let end = (): void => undefined;
    void pacer.send(
      (onLeft) =>
        new Promise<void>((resolve) => {
          leave = onLeft;
          end = resolve;
        }),
    );
    return {
      leave: () => {
        leave();
      },
      end: () => {
        end();
      },
    };
  }

  test('counts from when it left', async () => {
    const clock = new FakeClock();
    const pacer = startPacer(1, clock);
    const first = stalling(pacer);
    const second = slot(pacer);
    await clock.advance(600);
    first.leave();
    await clock.advance(900);
    expect(await isDone(second)).toBe(false);
    await clock.advance(150);
    expect(await isDone(second)).toBe(true);
  });

  test('keeps its place in the second for as long as it takes', async () => {
    const clock = new FakeClock();
    const pacer = startPacer(3, clock);
    const stalled = [stalling(pacer), stalling(pacer), stalling(pacer)];
    const log: Sent[] = [];
    ask(pacer, clock, 5, log);
    await clock.advance(60_000);
    expect(pacer.state().sent).toBe(3);
    expect(clock.timers).toBe(0);
    const leftMs = clock.monotonic();
    for (const each of stalled) each.leave();
    await clock.advance(1_000);
    expect(log).toEqual([]);
    await clock.advance(2_000);
    expect(log.length).toBe(5);
    const left = stalled.map((_, index) => ({ index, granted: true, atMs: leftMs }));
    expect(mostInASecond([...left, ...log])).toBe(3);
  });

  test('and ends without having left, counts from its end', async () => {
    const clock = new FakeClock();
    const pacer = startPacer(1, clock);
    const first = stalling(pacer);
    const second = slot(pacer);
    await clock.advance(15_000);
    first.end();
    await clock.advance(900);
    expect(await isDone(second)).toBe(false);
    await clock.advance(150);
    expect(await isDone(second)).toBe(true);
  });
});

test('a late timer makes nobody send early, and a pause no burst', async () => {
  const clock = new FakeClock();
  const pacer = startPacer(10, clock);
  const log: Sent[] = [];
  ask(pacer, clock, 10, log);
  await clock.advance(60_000);
  ask(pacer, clock, 30, log);
  await clock.advance(200);
  expect(log.length - 10).toBeLessThanOrEqual(4);
  await clock.advance(60_000);
  expect(log.length).toBe(40);
  expect(mostInASecond(log)).toBeLessThanOrEqual(10);
});

test('one timer serves all who wait', async () => {
  const clock = new FakeClock();
  const pacer = startPacer(5, clock);
  ask(pacer, clock, 1_000, []);
  await settled();
  expect(clock.timers).toBe(1);
});

test('unpaced: everything passes at once', async () => {
  const clock = new FakeClock();
  const pacer = startPacer(0, clock);
  const log: Sent[] = [];
  ask(pacer, clock, 1_000, log);
  await settled();
  expect(log.length).toBe(1_000);
  expect(pacer.state().sent).toBe(1_000);
});

test('stopped, it turns away who waits and who comes, and lets no more leave', async () => {
  const clock = new FakeClock();
  const pacer = startPacer(1, clock);
  const log: Sent[] = [];
  ask(pacer, clock, 3, log);
  await settled();
  pacer.stop();
  ask(pacer, clock, 1, log);
  await settled();
  expect(log.map(({ granted }) => granted)).toEqual([true, false, false, false]);
  expect(pacer.state().sent).toBe(1);
  expect(clock.timers).toBe(0);
  await clock.advance(60_000);
  expect(pacer.state().sent).toBe(1);
});

test('the wall clock has no say', async () => {
  const clock = new FakeClock();
  const pacer = startPacer(1, clock);
  await slot(pacer);
  const second = slot(pacer);
  clock.setNow(clock.now() + 3_600_000);
  await clock.advance(500);
  expect(await isDone(second)).toBe(false);
  clock.setNow(0);
  await clock.advance(600);
  expect(await isDone(second)).toBe(true);
});

test('no more is begun than can soon be sent: announced and waiting callers count, sent ones do not', async () => {
  const clock = new FakeClock();
  const pacer = startPacer(45, clock);
  for (let begun = 0; begun < 9; begun += 1) {
    expect(await isDone(pacer.ready())).toBe(true);
    pacer.announce();
  }
  const ready = pacer.ready();
  expect(await isDone(ready)).toBe(false);
  for (let count = 0; count < 4; count += 1) void slot(pacer);
  await clock.advance(1_000);
  expect(await isDone(ready)).toBe(false);
  // Half of them have gone: the next are begun together.
  void slot(pacer);
  await clock.advance(1_000);
  expect(await isDone(ready)).toBe(true);
});

test('what was announced and withdrawn takes up no room', async () => {
  const pacer = startPacer(45, new FakeClock());
  for (let begun = 0; begun < 9; begun += 1) pacer.announce();
  const ready = pacer.ready();
  for (let count = 0; count < 4; count += 1) pacer.withdraw();
  expect(await isDone(ready)).toBe(false);
  pacer.withdraw();
  expect(await isDone(ready)).toBe(true);
});

test('stopping lets the producer go on, to find that nothing may be sent', async () => {
  const clock = new FakeClock();
  const pacer = startPacer(1, clock);
  for (let begun = 0; begun < 4; begun += 1) pacer.announce();
  const ready = pacer.ready();
  expect(await isDone(ready)).toBe(false);
  pacer.stop();
  expect(await isDone(ready)).toBe(true);
  expect(await slot(pacer)).toBe(false);
});

test('unpaced, as much is begun as there is', async () => {
  const pacer = startPacer(0, new FakeClock());
  for (let begun = 0; begun < 1_000; begun += 1) pacer.announce();
  expect(await isDone(pacer.ready())).toBe(true);
});

describe('a 429 of Nylas’ own', () => {
  /** A pacer that has been at its full rate for a while, with a crowd that waits. */
  async function atFullRate(): Promise<{ clock: FakeClock; pacer: Pacer; log: Sent[] }> {
    const clock = new FakeClock();
    const pacer = startPacer(40, clock);
    const log: Sent[] = [];
    ask(pacer, clock, 10_000, log);
    await clock.advance(5_000);
    return { clock, pacer, log };
  }

  test('holds everything briefly, lowers the rate a little, and lets it climb back', async () => {
    const { clock, pacer, log } = await atFullRate();
    const hitMs = clock.monotonic();
    pacer.throttled({ sentAtMs: hitMs - 100, retryAfterMs: null });
    expect(pacer.state()).toMatchObject({ held: 'throttled', throttledHits: 1 });
    await clock.advance(2_000);
    const later = log.filter(({ atMs }) => atMs > hitMs);
    expect((later[0]?.atMs ?? 0) - hitMs).toBeGreaterThanOrEqual(250);
    expect((later[0]?.atMs ?? 0) - hitMs).toBeLessThan(600);
    expect(pacer.state().held).toBeNull();
    expect(pacer.state().targetPerSecond).toBeGreaterThan(37);
    expect(pacer.state().heldMs.throttled).toBeGreaterThanOrEqual(250);
    expect(pacer.holds()).toEqual([
      { cause: 'throttled', fromMs: hitMs, toMs: expect.any(Number) as number },
    ]);
    await clock.advance(20_000);
    expect(pacer.state().targetPerSecond).toBe(40);
  });

  test('with Retry-After holds at least so long', async () => {
    const { clock, pacer, log } = await atFullRate();
    const hitMs = clock.monotonic();
    pacer.throttled({ sentAtMs: hitMs - 100, retryAfterMs: 7_000 });
    await clock.advance(6_900);
    expect(log.filter(({ atMs }) => atMs > hitMs)).toEqual([]);
    await clock.advance(1_000);
    expect(log.filter(({ atMs }) => atMs > hitMs)).not.toEqual([]);
  });
});

describe('suspended', () => {
  test('nothing leaves but probes, and afterwards the rate climbs anew', async () => {
    const clock = new FakeClock();
    const pacer = startPacer(50, clock);
    const log: Sent[] = [];
    await clock.advance(5_000);
    const suspendedAtMs = clock.monotonic();
    pacer.suspend();
    ask(pacer, clock, 2_000, log);
    await clock.advance(60_000);
    expect(log).toEqual([]);
    expect(await isDone(pacer.probe(leaveAtOnce))).toBe(true);
    expect(pacer.state()).toMatchObject({ held: 'outage', heldMs: { outage: 60_000 } });
    const hold = { cause: 'outage', fromMs: suspendedAtMs, toMs: suspendedAtMs + 60_000 };
    expect(pacer.holds()).toEqual([hold]);
    pacer.resume();
    await clock.advance(1_000);
    expect(log.length).toBeGreaterThan(3);
    expect(log.length).toBeLessThan(20);
    await clock.advance(12_000);
    expect(pacer.holds()).toEqual([hold]);
    expect(pacer.state()).toMatchObject({ held: null, targetPerSecond: 50 });
  });

  test('stopped, it turns away probes too', async () => {
    const clock = new FakeClock();
    const pacer = startPacer(1, clock);
    await slot(pacer);
    pacer.suspend();
    const probe = pacer.probe(leaveAtOnce);
    pacer.stop();
    expect(await probe).toBeNull();
  });
});
