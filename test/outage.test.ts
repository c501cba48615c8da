import { expect, test } from 'vitest';
import { OutageWatch } from '../src/outage.js';
import { makeStopSwitch } from '../src/stop.js';
import { nylasError, reply } from './support/answers.js';
import { FakeClock } from './support/fake-clock.js';

const UNWELL = nylasError(503, 'api.internal_error');
const WELL = reply(200, { data: {} });
const TEN_MINUTES_MS = 600_000;

/** Nylas that answers probes with `probed`, and what the watch did. */
class World {
  readonly clock = new FakeClock();
  readonly stop = makeStopSwitch();
  readonly happened: string[] = [];
  probed = UNWELL;
  readonly watch: OutageWatch;

  constructor() {
    const note = (what: string) => (): void => {
      this.happened.push(what);
    };
    const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
    this.watch = new OutageWatch(
      {
        api: { application: () => Promise.resolve(this.probed) },
        clock: this.clock,
        log,
        pacer: {
          suspend: note('suspend'),
          resume: note('resume'),
          letOne: () => false,
          probe: async (call) => {
            this.happened.push('probe');
            return call(() => undefined);
          },
        },
        stop: this.stop,
        warn: note('told'),
      },
      30 * 60_000,
    );
  }

  fail(times: number): void {
    for (let count = 0; count < times; count += 1) this.watch.submissionEnded(UNWELL);
  }
}

test('an outage holds everything, is probed, and is over once a probe is answered', async () => {
  const world = new World();
  world.fail(20);
  expect(world.happened).toEqual(['suspend', 'error', 'told']);
  await world.clock.advance(TEN_MINUTES_MS);
  expect(world.happened.filter((what) => what === 'probe').length).toBeGreaterThan(2);
  expect(world.happened).not.toContain('resume');
  world.probed = WELL;
  await world.clock.advance(TEN_MINUTES_MS);
  expect(world.happened.slice(-3)).toEqual(['resume', 'info', 'told']);
});

test.each([
  [
    'has ended',
    (world: World) => {
      world.watch.close();
    },
  ],
  [
    'is stopped',
    (world: World) => {
      world.stop.stop({ kind: 'signal', signal: 'SIGTERM' });
    },
  ],
])('nothing is probed, told or logged any more once the job %s', async (_how, end) => {
  const world = new World();
  world.fail(20);
  await world.clock.advance(1);
  world.probed = WELL;
  end(world);
  world.happened.length = 0;
  world.fail(40);
  await world.clock.advance(TEN_MINUTES_MS);
  expect(world.happened).toEqual([]);
  // A timer would keep the process from ending.
  expect(world.clock.timers).toBe(0);
});
