import { describe, expect, test } from 'vitest';
import { BUCKETS, type Bucket } from '../../src/core/tally.js';
import { verdictOf, type StopReason, type Verdict } from '../../src/core/verdict.js';

interface Facts {
  readonly counts?: Partial<Record<Bucket, number>>;
  readonly balanced?: boolean;
  readonly stop?: StopReason;
  readonly stoppedLanes?: number;
  readonly misconfigured?: number;
  readonly ok?: boolean;
}

function verdict(facts: Facts): Verdict {
  const none = Object.fromEntries(BUCKETS.map((bucket) => [bucket, 0])) as Record<Bucket, number>;
  const buckets = { ...none, ...facts.counts };
  return verdictOf({
    balance: { read: 0, buckets },
    balanced: facts.balanced ?? true,
    stop: facts.stop ?? null,
    stoppedLanes: facts.stoppedLanes ?? 0,
    misconfigured: facts.misconfigured ?? 0,
    okIfAttention: facts.ok ?? false,
  });
}

const SIGNAL: StopReason = { kind: 'signal', signal: 'SIGTERM' };
const TIME: StopReason = { kind: 'stop_time', by: 'max-duration', atMs: 7_200_000, durationMs: 7_200_000 };
const LIMIT: StopReason = { kind: 'limit', limit: 5 };
const KEY: StopReason = { kind: 'key_refused' };
const INPUT: StopReason = { kind: 'input', message: 'changed', next: 'look' };

describe('one thing at a time', () => {
  test.each<readonly [Facts, Verdict]>([
    [{}, 'done'],
    [{ counts: { migrated: 9, already_done: 9, duplicate: 9, out_of_scope: 9 } }, 'done'],
    [{ counts: { failed: 1 } }, 'people_remain'],
    [{ counts: { skipped: 1 } }, 'people_remain'],
    [{ counts: { invalid: 1 } }, 'people_remain'],
    [{ counts: { failed: 1, skipped: 1, invalid: 1 }, ok: true }, 'done'],
    [{ counts: { waiting: 1 } }, 'work_remains'],
    [{ counts: { in_doubt: 1 } }, 'work_remains'],
    [{ stop: TIME }, 'work_remains'],
    [{ stop: TIME, stoppedLanes: 1 }, 'refused'],
    [{ counts: { held_back: 1 } }, 'work_remains'],
    [{ counts: { waiting: 1 }, ok: true }, 'work_remains'],
    [{ stop: LIMIT }, 'work_remains'],
    [{ stop: SIGNAL }, 'signal'],
    [{ stop: KEY }, 'refused'],
    [{ stop: INPUT }, 'refused'],
    [{ stoppedLanes: 1 }, 'refused'],
    [{ misconfigured: 1 }, 'refused'],
    [{ balanced: false }, 'bug'],
  ])('%j: %s', (facts, expected) => {
    expect(verdict(facts)).toBe(expected);
  });
});

describe('where several apply', () => {
  /** Each of these hides all that follow. */
  const ORDER: readonly (readonly [Facts, Verdict])[] = [
    [{ balanced: false }, 'bug'],
    [{ stoppedLanes: 1 }, 'refused'],
    [{ stop: SIGNAL }, 'signal'],
    [{ counts: { held_back: 1, failed: 1 } }, 'work_remains'],
    [{ counts: { failed: 1 } }, 'people_remain'],
  ];

  test.each(ORDER.map(([, expected], index) => [expected, index] as const))(
    '%s goes before',
    (expected, index) => {
      const facts = ORDER.slice(index).reduceRight<Facts>((all, [one]) => ({ ...all, ...one }), {});
      expect(verdict(facts)).toBe(expected);
    },
  );
});
