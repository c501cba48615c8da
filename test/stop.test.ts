import { describe, expect, it } from 'vitest';
import { makeStopSwitch, pauseUntilStop } from '../src/stop.js';
import { FakeClock, isDone } from './support/fake-clock.js';

describe('a pause', () => {
  it('ends after its time', async () => {
    const clock = new FakeClock();
    const pause = pauseUntilStop(clock, makeStopSwitch(), 1_000);
    await clock.advance(999);
    expect(await isDone(pause)).toBe(false);
    await clock.advance(1);
    expect(await isDone(pause)).toBe(true);
  });

  it('ends when the run is stopped, and leaves no timer behind', async () => {
    const clock = new FakeClock();
    const stop = makeStopSwitch();
    const pause = pauseUntilStop(clock, stop, 1_000);
    stop.stop({ kind: 'failure' });
    expect(await isDone(pause)).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it('is none where the run has been stopped already, as while an answer was awaited that must be repeated', async () => {
    const clock = new FakeClock();
    const stop = makeStopSwitch();
    stop.stop({ kind: 'failure' });
    expect(await isDone(pauseUntilStop(clock, stop, 1_000))).toBe(true);
    expect(clock.timers).toBe(0);
  });
});
