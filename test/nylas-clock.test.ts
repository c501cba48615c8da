import { describe, expect, test } from 'vitest';
import { NylasClock } from '../src/nylas-clock.js';
import { fault, reply } from './support/answers.js';
import { FakeClock } from './support/fake-clock.js';

const NOW_MS = Date.UTC(2026, 2, 1, 12);
const NOW_S = NOW_MS / 1000;
const HOUR_S = 3_600;

/** An answer that took no time, by a clock that is so far ahead of ours. */
const answerOf = (clock: FakeClock, aheadS: number) =>
  reply(200, {}, { sentAtMs: clock.now(), latencyMs: 0, serverDateMs: clock.now() + aheadS * 1000 });

function start(aheadS: number | null): { clock: FakeClock; nylas: NylasClock } {
  const clock = new FakeClock({ nowMs: NOW_MS });
  const nylas = new NylasClock(clock);
  if (aheadS !== null) nylas.observe(answerOf(clock, aheadS));
  return { clock, nylas };
}

describe('the clock of Nylas', () => {
  test.each([
    ['agrees with ours', 0],
    ['is ahead', HOUR_S],
    ['is behind', -HOUR_S],
  ])('that %s tells what a request can leave on a grant', async (_what, aheadS) => {
    const { clock, nylas } = start(aheadS);
    const startedMs = clock.monotonic();
    await clock.advance(5_000);
    nylas.observe(answerOf(clock, aheadS));
    expect(nylas.opensAt(startedMs)).toBe(NOW_S + aheadS - 1);
    expect(nylas.madeSince(startedMs)).toEqual({
      opensAt: NOW_S + aheadS - 1,
      closesAt: NOW_S + aheadS + 6,
    });
  });

  test.each([
    ['back', -HOUR_S],
    ['forward', HOUR_S],
  ])('is not moved by ours being set %s, before an answer has told of it and after', async (_how, byS) => {
    const { clock, nylas } = start(0);
    await clock.advance(10_000);
    clock.setNow(clock.now() + byS * 1000);
    expect(nylas.opensAt()).toBe(NOW_S + 10 - 1);
    await clock.advance(10_000);
    nylas.observe(answerOf(clock, -byS));
    expect(nylas.opensAt()).toBe(NOW_S + 20 - 1);
    expect(nylas.opensAt(clock.monotonic() - 20_000)).toBe(NOW_S - 1);
  });

  test('is taken to agree with ours while nothing is known of it, and nothing is called new', () => {
    const { nylas } = start(null);
    nylas.observe(fault('reset', true));
    nylas.observe(reply(200, {}));
    expect(nylas.opensAt()).toBe(NOW_S - 1);
    expect(nylas.madeSince(0)).toBeNull();
  });
});
