import { describe, expect, test } from 'vitest';
import { startPacer, type Pacer } from '../src/pacer.js';
import { FakeClock, isDone, seededRandom, settled } from './support/fake-clock.js';

/** Asks for `count` slots and notes who got one, and when. */
function ask(pacer: Pacer, clock: FakeClock, count: number, log: Sent[]): void {
  for (let index = 0; index < count; index += 1) {
    void pacer.slot().then((granted) => log.push({ index, granted, atMs: clock.monotonic() }));
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
  expect(pacer.sent()).toBe(12);
  expect(clock.timers).toBe(0);
});

test('the first request leaves at once, the next only when its time has come', async () => {
  const clock = new FakeClock();
  const pacer = startPacer(1, clock);
  expect(await isDone(pacer.slot())).toBe(true);
  const second = pacer.slot();
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
    await clock.advance(seconds * 1_100);
    expect(log.length).toBe(rate * seconds + 1);
    expect(mostInASecond(log)).toBeLessThanOrEqual(rate);
    const tookMs = (log.at(-1)?.atMs ?? 0) - (log[0]?.atMs ?? 0);
    expect((rate * seconds * 1_000) / tookMs).toBeGreaterThanOrEqual(0.97 * rate);
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
  expect(pacer.sent()).toBe(1_000);
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
  expect(pacer.sent()).toBe(1);
  expect(clock.timers).toBe(0);
  await clock.advance(60_000);
  expect(pacer.sent()).toBe(1);
});

test('the wall clock has no say', async () => {
  const clock = new FakeClock();
  const pacer = startPacer(1, clock);
  await pacer.slot();
  const second = pacer.slot();
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
  void pacer.slot();
  void pacer.slot();
  await clock.advance(100);
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
  expect(await pacer.slot()).toBe(false);
});

test('unpaced, as much is begun as there is', async () => {
  const pacer = startPacer(0, new FakeClock());
  for (let begun = 0; begun < 1_000; begun += 1) pacer.announce();
  expect(await isDone(pacer.ready())).toBe(true);
});
