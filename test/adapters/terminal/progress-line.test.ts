import { describe, expect, it } from 'vitest';
import { formatProgress, formatState } from '../../../src/adapters/terminal/progress-line.js';
import type { PaceSnapshot, Snapshot } from '../../../src/ports/progress.js';

const buckets = {
  migrated: 119_140,
  failed: 40_000,
  already_done: 500,
  duplicate: 0,
  skipped: 691,
  waiting: 0,
  in_doubt: 0,
  held_back: 0,
  out_of_scope: 0,
  invalid: 212,
};

function snapshotOf(pace: Partial<PaceSnapshot> = {}, rest: Partial<Snapshot> = {}): Snapshot {
  return {
    balance: { read: 161_986, buckets },
    inFlight: 61,
    inFlightMax: 80,
    nextDueInMs: null,
    waiting: 1,
    pace: {
      ...{ askedPerSecond: 45, targetPerSecond: 45, held: null, heldLanes: [], stoppedLanes: [] },
      ...pace,
    },
    held: { throttledHits: 0, throttledMs: 0, outageMs: 0, lanes: [] },
    share: 0.4,
    elapsedMs: 4_332_000,
    requests: 119_000,
    requestsPerSecond: 44.9,
    latencyP50Ms: 900,
    ...rest,
  };
}

const LANE = { provider: 'microsoft', credentialId: null } as const;

describe('a progress line', () => {
  it('says how far it is, what came of it, how fast it goes, and how long it takes still', () => {
    expect(formatProgress(snapshotOf(), Infinity)).toBe(
      '01:12:12  40 %  119,640 migrated · 40,903 need somebody  44.9/s  left 1 h 48 min  161,986 rows read  61 in flight  p50 0.9s',
    );
  });

  it.each([20, 40, 60, 80, 100, 120, 200])(
    'fits into %d columns, the least important left out',
    (columns) => {
      const line = formatProgress(snapshotOf(), columns);
      expect(line.length).toBeLessThan(columns);
      expect(line).toContain('01:12:12');
    },
  );

  it.each<[Partial<PaceSnapshot>, string]>([
    [{ held: 'outage' }, '44.9/s (Nylas is down: waiting)'],
    [{ held: 'throttled', targetPerSecond: 20 }, '44.9/s (Nylas throttles: waiting)'],
    [{ targetPerSecond: 22.5 }, '44.9/s (for now at most 22.5)'],
    [{ heldLanes: [{ ...LANE, heldMs: 2_000 }] }, '44.9/s (held: microsoft)'],
  ])('says why it holds back: %o', (pace, says) => {
    expect(formatProgress(snapshotOf(pace), Infinity)).toContain(says);
  });

  it('says what is waited for where nothing is on its way, and guesses no end', () => {
    const line = formatProgress(snapshotOf({}, { inFlight: 0, waiting: 4, nextDueInMs: 38_000 }), Infinity);
    expect(line).toContain('40 %  4 waiting, next in 38 s  119,640 migrated');
    expect(line).not.toContain('left');
    const others = formatProgress(snapshotOf({}, { inFlight: 1, waiting: 4, nextDueInMs: 38_000 }), Infinity);
    expect(others).toContain('left');
    // Of all that is told this is wanted the most, on the narrowest terminal too.
    const waiting = snapshotOf({}, { inFlight: 0, waiting: 12_345, nextDueInMs: 98_000 });
    expect(formatProgress(waiting, 60)).toContain('12,345 waiting, next in 1 min 38 s');
  });

  it('does without what is not known', () => {
    const line = formatProgress(snapshotOf({}, { share: null, latencyP50Ms: null }), 200);
    expect(line).not.toMatch(/%|left|p50|█/);
  });
});

it('the state of a run is all of it', () => {
  const heldLanes = [{ ...LANE, credentialId: 'old-app', heldMs: 2_000 }];
  const stoppedLanes = [{ provider: 'zoom', credentialId: null } as const];
  expect(
    formatState(snapshotOf({ targetPerSecond: 40, heldLanes, stoppedLanes }))
      .split('\n')
      .slice(1),
  ).toEqual([
    'In flight 61 of at most 80 at the moment; 1 row waiting.',
    'Rate 40.0/s of 45/s asked for.',
    'Held: microsoft (credential_id old-app) for 2 s.',
    'Stopped: zoom.',
  ]);
  expect(formatState(snapshotOf({ askedPerSecond: 0, targetPerSecond: 0 }))).toContain('Unpaced.');
});
