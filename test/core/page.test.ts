import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StateCount } from '../../src/core/ledger-rows.js';
import { summarizeLatencies } from '../../src/core/page-latency.js';
import { providersOf } from '../../src/core/page-providers.js';
import { fairShares } from '../../src/core/page-shares.js';
import { spanOf, timelineOf } from '../../src/core/page-timeline.js';
import { formatShare, todosOf } from '../../src/core/page-todo.js';
import type { DomainCount } from '../../src/core/statistics.js';

describe('shares of a page', () => {
  it('gives small groups all of theirs, and the larger ones the same', () => {
    expect(fairShares([1_000, 3, 500, 0], 203)).toEqual([100, 3, 100, 0]);
    expect(fairShares([1, 2], 10)).toEqual([1, 2]);
  });

  it('never exceeds the room or a group, and leaves no room that somebody wants', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { maxLength: 8 }), fc.nat(1_000), (sizes, room) => {
        const shares = fairShares(sizes, room);
        const wanted = sizes.reduce((sum, size) => sum + size, 0);
        expect(shares.every((share, index) => share <= (sizes[index] ?? 0))).toBe(true);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(Math.min(room, wanted));
      }),
    );
  });
});

describe('latencies', () => {
  it('are told by their percentiles, exactly', () => {
    const counts = Array.from({ length: 100 }, (_, index) => ({ latencyMs: (index + 1) * 10, count: 2 }));
    const summary = summarizeLatencies(counts);
    expect(summary).toMatchObject({ count: 200, p50Ms: 500, p95Ms: 950, p99Ms: 990, maxMs: 1_000 });
  });

  it('are told without a gap, each once', () => {
    const latencies = fc.uniqueArray(fc.nat(60_000), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(latencies, (values) => {
        const counts = [...values].sort((a, b) => a - b).map((latencyMs) => ({ latencyMs, count: 1 }));
        const bins = summarizeLatencies(counts)?.bins ?? [];
        expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
        expect(bins.slice(1).map(({ fromMs }) => fromMs)).toEqual(bins.slice(0, -1).map(({ toMs }) => toMs));
      }),
    );
  });

  it('are nothing where nothing was submitted', () => {
    expect(summarizeLatencies([])).toBeNull();
  });
});

describe('the course of a run', () => {
  it.each([
    [0, 1_000],
    [30_000, 1_000],
    [3_600_000, 120_000],
    [6 * 3_600_000, 600_000],
    [400 * 86_400_000, 7 * 86_400_000],
  ])('that lasted %i ms is divided into steps of %i ms', (lastedMs, slotMs) => {
    const firstAtMs = Date.UTC(2026, 2, 1, 6, 0, 7);
    const activity = { runId: 1, firstAtMs, lastAtMs: firstAtMs + lastedMs, attempts: 1 };
    const span = spanOf(activity);
    expect(span.slotMs).toBe(slotMs);
    expect(span.fromMs % slotMs).toBe(0);
    expect(firstAtMs - span.fromMs).toBeLessThan(slotMs);
  });

  it('has every answer of that run in its step, and steps where nothing came', () => {
    const activity = { runId: 2, firstAtMs: 5_000, lastAtMs: 7_500, attempts: 9 };
    const counts = [
      { runId: 2, slot: 0, outcome: 'granted', count: 3 },
      { runId: 2, slot: 2, outcome: 'look_up', count: 1 },
      { runId: 2, slot: 2, outcome: 'unreachable', count: 1 },
      { runId: 1, slot: 1, outcome: 'granted', count: 99 },
    ];
    const timeline = timelineOf(activity, counts, 45, null);
    expect(timeline.slots.map(({ fromMs, counts: of }) => [fromMs, of.granted, of.look_up, of.lost])).toEqual(
      [
        [5_000, 3, 0, 0],
        [6_000, 0, 0, 0],
        [7_000, 0, 1, 1],
      ],
    );
    expect(timeline).toMatchObject({ achievedPerSecond: 2, askedPerSecond: 45, holds: [] });
    // A break of more than five seconds is no part of the time in which it sent; a shorter one is.
    const resumed = { ...activity, lastAtMs: activity.lastAtMs + 30_000 };
    const later = [...counts, { runId: 2, slot: 32, outcome: 'look_up', count: 1 }];
    expect(timelineOf(resumed, later, 45, null).achievedPerSecond).toBeCloseTo(6 / 3.5);
    const pace = { askedPerSecond: 0, throttledHits: 0, throttledMs: 0, outageMs: 0, lanes: [], holds: [] };
    expect(timelineOf(activity, counts, 45, pace).askedPerSecond).toBeNull();
  });
});

describe('what is to be done', () => {
  const count = (rest: Partial<StateCount>): StateCount => ({
    provider: 'google',
    status: 'failed',
    category: 'needs_admin',
    count: 1,
    ...rest,
  });

  it('says by whom, people first, the most users first, and how many domains that is', () => {
    const domain: DomainCount = {
      status: 'failed',
      category: 'needs_admin',
      domain: 'example.com',
      records: 30_000,
      providers: 'google,microsoft',
      domains: 41,
    };
    const counts = [
      count({ status: 'pending', category: null, count: 99_999 }),
      count({ count: 29_000 }),
      count({ provider: 'microsoft', count: 1_000 }),
      count({ category: 'needs_reauth', count: 31_000 }),
      count({ status: 'migrated', category: null, count: 7 }),
    ];
    const todos = todosOf(counts, [domain], null);
    expect(todos.map(({ title }) => title)).toEqual([
      '31,000 users must sign in again',
      '41 administrators unblock 30,000 users',
      '99,999 users wait for the next run',
    ]);
    expect(todos[1]).toMatchObject({ count: 30_000, domains: [domain], who: 'an administrator' });
    expect(todos[1]?.providers).toHaveLength(2);
  });

  it('is told of each provider, the largest first, those who were held back with those who need somebody', () => {
    const counts = [
      count({ status: 'migrated', category: null, count: 7 }),
      count({ provider: 'zoom', status: 'pending', category: 'misconfigured', count: 2 }),
      count({ provider: 'zoom', status: 'pending', category: null, count: 40 }),
      count({ provider: 'zoom', status: 'pending', category: 'throttled', count: 1 }),
    ];
    const standings = (heldBack: string | null) =>
      providersOf(counts, heldBack).map((row) => [row.provider, ...Object.values(row.counts), row.sum]);
    expect(standings('zoom: it has no connector.')).toEqual([
      ['zoom', 0, 42, 1, 0, 43],
      ['google', 7, 0, 0, 0, 7],
    ]);
    expect(standings(null)[0]).toEqual(['zoom', 0, 2, 41, 0, 43]);
  });

  it('is yours where rows were held back: a rerun alone would not help', () => {
    const counts = [count({ status: 'pending', category: null, count: 5 })];
    const [todo] = todosOf(counts, [], 'zoom: it has no connector.');
    expect(todo).toMatchObject({ who: 'you', remedy: 'mend that, then run again' });
    expect(todo?.why).toBe('not submitted: held back. zoom: it has no connector');
    expect(todo?.title).toBe('5 users were held back');
  });

  it.each([
    [0, 10, '0 %'],
    [10, 10, '100 %'],
    [1, 1_000_000, '0.1 %'],
    [999_999, 1_000_000, '99.9 %'],
    [0, 0, '0 %'],
    [904, 1_000, '90.4 %'],
  ])('%i of %i is %s', (part, whole, share) => {
    expect(formatShare(part, whole)).toBe(share);
  });
});
