import { describe, expect, it } from 'vitest';
import { MetricsRefresh } from '../src/metrics-refresh.js';
import type { LedgerStanding, MetricsFigures } from '../src/ports/observer.js';
import type { Progress, Snapshot } from '../src/ports/progress.js';
import { FakeClock } from './support/fake-clock.js';

const nothing = (): void => undefined;
const STANDING: LedgerStanding = { counts: [], lastSuccessAtMs: null, isHeld: true };
const BARE: Progress = { begin: nothing, clear: nothing, end: nothing };

/** Only what the refreshing itself reads of a snapshot. */
const snapshotAt = (share: number, elapsedMs: number): Snapshot => ({ share, elapsedMs }) as Snapshot;

interface Story {
  readonly clock: FakeClock;
  readonly refresh: MetricsRefresh;
  readonly written: MetricsFigures[];
  readonly warnings: unknown[];
  ledgerReads: number;
  failing: boolean;
  standing: LedgerStanding | null;
  /** How long reading the ledger takes. */
  readMs: number;
}

function begin(): Story {
  const clock = new FakeClock();
  const story: Omit<Story, 'refresh'> = {
    ...{ clock, written: [], warnings: [], ledgerReads: 0, failing: false, standing: STANDING, readMs: 0 },
  };
  let busyMs = 0;
  const refresh = new MetricsRefresh({
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic() + busyMs,
      after: (delayMs, callback) => clock.after(delayMs, callback),
    },
    metrics: {
      answered: nothing,
      ended: nothing,
      write: (figures) => {
        if (story.failing) return Promise.reject(new Error('no room'));
        story.written.push(figures);
        return Promise.resolve();
      },
    },
    readLedger: () => {
      story.ledgerReads += 1;
      busyMs += story.readMs;
      return Promise.resolve(story.standing);
    },
    warn: (error) => story.warnings.push(error),
  });
  return Object.assign(story, { refresh });
}

describe('the figures of a run', () => {
  it('are written when it begins, every fifteen seconds, and when it has ended', async () => {
    const { clock, refresh, written } = begin();
    const progress = refresh.beside(BARE);
    refresh.begun(3);
    progress.begin(() => snapshotAt(0.5, 10_000));
    await clock.advance(0);
    expect(written).toMatchObject([{ runId: 3, exitCode: null, estimatedEndAtMs: clock.now() + 10_000 }]);
    await clock.advance(45_000);
    expect(written).toHaveLength(4);
    progress.end();
    await clock.advance(60_000);
    await refresh.finish(7);
    expect(written).toHaveLength(5);
    expect(written[4]).toMatchObject({ exitCode: 7, endedAtMs: clock.now(), estimatedEndAtMs: null });
    expect(written[4]?.snapshot).toMatchObject({ share: 0.5 });
    expect(clock.timers).toBe(0);
  });

  it('are written for a run that failed before it began, without what is not known', async () => {
    const story = begin();
    story.standing = null;
    await story.refresh.finish(4);
    expect(story.written).toMatchObject([{ exitCode: 4, runId: null, snapshot: null, ledger: null }]);
  });

  it('are left alone where another run has the ledger', async () => {
    const { refresh, written } = begin();
    await refresh.finish(2);
    expect(written).toEqual([]);
  });

  it('warn once where the file cannot be written, and are written again when it can', async () => {
    const story = begin();
    story.failing = true;
    story.refresh.begun(1);
    story.refresh.beside(BARE).begin(() => snapshotAt(0, 0));
    await story.clock.advance(60_000);
    expect(story.warnings).toHaveLength(1);
    story.failing = false;
    await story.clock.advance(15_000);
    expect(story.written).toHaveLength(1);
    await story.refresh.finish(0);
    expect(story.warnings).toHaveLength(1);
  });

  it('say when a user last got a grant', async () => {
    const { clock, refresh, written } = begin();
    refresh.begun(1);
    refresh.ended('google', { kind: 'in_doubt' });
    await refresh.finish(7);
    expect(written.at(-1)?.lastGrantAtMs).toBeNull();
    const grant = { id: 'g' } as never;
    refresh.ended('google', { kind: 'granted', grant, origin: 'created' });
    const atMs = clock.now();
    await clock.advance(5_000);
    await refresh.finish(0);
    expect(written.at(-1)?.lastGrantAtMs).toBe(atMs);
  });

  it('count a large ledger seldom: half a percent of the time is enough for it', async () => {
    const story = begin();
    story.readMs = 1_000;
    story.refresh.begun(1);
    story.refresh.beside(BARE).begin(() => snapshotAt(0, 0));
    await story.clock.advance(190_000);
    expect(story.written).toHaveLength(13);
    expect(story.ledgerReads).toBe(1);
    await story.clock.advance(20_000);
    expect(story.ledgerReads).toBe(2);
  });
});
