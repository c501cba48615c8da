import { describe, expect, test } from 'vitest';
import type { Category } from '../../src/core/category.js';
import {
  laneEnded,
  laneSilent,
  laneThrottled,
  newLane,
  type Lane,
  type LaneOutcome,
} from '../../src/core/lane.js';

const POLICY = { failureRateMax: 0.5, expectsReauth: false };
const SUCCESS: LaneOutcome = { kind: 'success' };
const failure = (category: Category, mismatchedDomain: string | null = null): LaneOutcome => ({
  kind: 'failure',
  category,
  mismatchedDomain,
});

function after(outcomes: readonly LaneOutcome[], lane = newLane(0), policy = POLICY): Lane {
  return outcomes.reduce((next, outcome) => laneEnded(next, outcome, policy), lane);
}

const times = (count: number, outcome: LaneOutcome): LaneOutcome[] => Array<LaneOutcome>(count).fill(outcome);

describe('a lane without any success', () => {
  test.each<Category>(['needs_reauth', 'needs_admin', 'rejected', 'misconfigured'])(
    'stops after a hundred outcomes of %s',
    (category) => {
      expect(after(times(99, failure(category))).stopped).toBeNull();
      expect(after(times(100, failure(category))).stopped).toEqual({ kind: 'no_success', outcomes: 100 });
    },
  );

  test('counts what earlier runs saw, but wants to see some of it itself: that can have been mended', () => {
    const refusal = failure('needs_reauth');
    expect(after(times(49, refusal), newLane(500)).stopped).toBeNull();
    expect(after(times(50, refusal), newLane(500)).stopped).toMatchObject({ outcomes: 550 });
    expect(after(times(79, refusal), newLane(20)).stopped).toBeNull();
    expect(after(times(80, refusal), newLane(20)).stopped).toMatchObject({ outcomes: 100 });
  });

  test('goes on where grants come back, though for other mailboxes: its credentials work', () => {
    expect(after([{ kind: 'mismatch' }, ...times(150, failure('needs_reauth'))]).stopped).toBeNull();
  });

  test('goes on once there was one, and where none is expected', () => {
    const outcomes = times(150, failure('needs_reauth'));
    expect(after([SUCCESS, ...outcomes]).stopped).toBeNull();
    expect(after(outcomes, newLane(90), { ...POLICY, expectsReauth: true }).stopped).toBeNull();
  });
});

describe('a lane whose rows fail', () => {
  const mixed = (failed: number): LaneOutcome[] => [
    ...times(200 - failed, SUCCESS),
    ...times(failed, failure('rejected')),
  ];

  test('stops above the share of its latest two hundred', () => {
    expect(after(mixed(100)).stopped).toBeNull();
    expect(after(mixed(101)).stopped).toEqual({ kind: 'failure_rate', failures: 101, outcomes: 200 });
  });

  test('does not stop for what people must do themselves, nor for throttling', () => {
    for (const category of ['needs_reauth', 'needs_admin', 'throttled', 'unavailable'] as const) {
      expect(after([SUCCESS, ...times(400, failure(category))]).stopped).toBeNull();
    }
  });
});

test('grants for other mailboxes are failures that stop a lane: the rows are wrong', () => {
  expect(after(times(200, { kind: 'mismatch' })).stopped).toMatchObject({ kind: 'failure_rate' });
});

describe('a client mismatch', () => {
  test('over three domains stops the lane, over one tenant it does not', () => {
    const tenant = times(50, failure('misconfigured', 'a.example'));
    expect(after([SUCCESS, ...tenant]).stopped).toBeNull();
    const more = ['b.example', 'c.example'].map((domain) => failure('misconfigured', domain));
    expect(after([SUCCESS, ...tenant, ...more]).stopped).toEqual({ kind: 'client_mismatch', domains: 3 });
  });

  test('is forgotten with a success', () => {
    const [a, b, c] = ['a.example', 'b.example', 'c.example'].map((domain) =>
      failure('misconfigured', domain),
    );
    if (a === undefined || b === undefined || c === undefined) throw new Error('three');
    expect(after([a, b, SUCCESS, c]).stopped).toBeNull();
  });
});

test('why a lane was stopped first is what is told', () => {
  const stopped = after(times(100, failure('rejected')));
  expect(after(times(300, failure('rejected')), stopped).stopped).toEqual({
    kind: 'no_success',
    outcomes: 100,
  });
});

describe('a provider that throttles', () => {
  const hit = { nowMs: 10_000, sentAtMs: 9_000, retryAfterMs: null, random: 0.5 };

  test('holds its lane, for at least what it says', () => {
    expect(laneThrottled(newLane(0), { ...hit, retryAfterMs: 2_000 }).holdUntilMs).toBe(12_250);
  });

  test('holds it longer each time in a row, until something is taken', () => {
    const once = laneThrottled(newLane(0), hit);
    const twice = laneThrottled(once, { ...hit, nowMs: 20_000, sentAtMs: 19_000 });
    expect([once.holdUntilMs - 10_000, twice.holdUntilMs - 20_000]).toEqual([250, 500]);
    expect(after([SUCCESS], twice).holds).toBe(0);
  });

  test('counts for how long it is held in all, what overlaps once', () => {
    const once = laneThrottled(newLane(0), { ...hit, retryAfterMs: 2_000 });
    const longer = laneThrottled(once, { ...hit, nowMs: 11_000, sentAtMs: 9_500, retryAfterMs: 2_000 });
    expect([once.heldMs, longer.heldMs, longer.holdUntilMs]).toEqual([2_250, 3_250, 13_250]);
    expect(laneThrottled(longer, { ...hit, nowMs: 12_000, sentAtMs: 9_500 }).heldMs).toBe(3_250);
  });

  test('does not hold it longer for requests that had left already', () => {
    const once = laneThrottled(newLane(0), hit);
    expect(laneThrottled(once, { ...hit, nowMs: 10_050, sentAtMs: 9_500 })).toMatchObject({ holds: 1 });
  });
});

test('a provider that leaves Nylas waiting twenty times in a row rests, until anything else comes of it', () => {
  const silence = { nowMs: 10_000, sentAtMs: 9_000, random: 0.5 };
  const silent = (count: number, lane = newLane(0)): Lane =>
    Array.from({ length: count }).reduce<Lane>((next) => laneSilent(next, silence), lane);
  expect(silent(19).holdUntilMs).toBe(-Infinity);
  expect(silent(20).holdUntilMs).toBe(10_250);
  expect(silent(19, after([failure('needs_reauth')], silent(19))).holdUntilMs).toBe(-Infinity);
});
