import { describe, expect, it } from 'vitest';
import { stopInTime } from '../src/deadline.js';
import { makeStopSwitch } from '../src/stop.js';
import { FakeClock } from './support/fake-clock.js';

const HOUR = 3_600_000;

describe('a run that is to stop', () => {
  it('at a time stops then, and no sooner', async () => {
    const [clock, stop] = [new FakeClock(), makeStopSwitch()];
    const stopTime = { by: 'stop-at', atMs: clock.now() + 2 * HOUR + 1, asked: '06:00 UTC' } as const;
    stopInTime(stopTime, clock, stop);
    await clock.advance(2 * HOUR);
    expect(stop.reason()).toBeNull();
    await clock.advance(1);
    expect(stop.reason()).toEqual({ kind: 'stop_time', ...stopTime });
    expect(clock.timers).toBe(0);
  });

  it('at a time follows a clock that is set, or that went on while the machine slept', async () => {
    const [clock, stop] = [new FakeClock(), makeStopSwitch()];
    stopInTime({ by: 'stop-at', atMs: clock.now() + 2 * HOUR, asked: '06:00 UTC' }, clock, stop);
    clock.setNow(clock.now() + 2 * HOUR);
    await clock.advance(30_000);
    expect(stop.reason()?.kind).toBe('stop_time');
  });

  it('after so long does not care how clocks are set', async () => {
    const [clock, stop] = [new FakeClock(), makeStopSwitch()];
    stopInTime({ by: 'max-duration', atMs: clock.now() + HOUR, durationMs: HOUR }, clock, stop);
    clock.setNow(clock.now() + 24 * HOUR);
    await clock.advance(HOUR - 1);
    expect(stop.reason()).toBeNull();
    await clock.advance(1);
    expect(stop.reason()?.kind).toBe('stop_time');
  });

  it('and ended before leaves no timer behind', async () => {
    const [clock, stop] = [new FakeClock(), makeStopSwitch()];
    const leaveOff = stopInTime(
      { by: 'max-duration', atMs: clock.now() + HOUR, durationMs: HOUR },
      clock,
      stop,
    );
    await clock.advance(HOUR / 2);
    leaveOff();
    expect(clock.timers).toBe(0);
  });
});
