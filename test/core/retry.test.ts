import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/core/answer.js';
import type { Outcome } from '../../src/core/outcome.js';
import {
  backoffMs,
  countTry,
  decideReread,
  decideRetry,
  forgive,
  NO_TRIES,
  parseRetryAfter,
  type Retry,
  type RetryPolicy,
  type Tries,
} from '../../src/core/retry.js';
import { fault, nylasError, page, reply, SENT_AT_MS, someGrant } from '../support/answers.js';

const POLICY: RetryPolicy = { attemptsMax: 5, settleDelayMs: 120_000 };
const DAY_MS = 86_400_000;
const ALMOST_ONE = 1 - 2 ** -53;

const grant = someGrant();
const GRANTED: Outcome = { kind: 'granted', grant, origin: 'created' };
const FINAL: readonly Outcome[] = [
  GRANTED,
  { kind: 'granted_invalid', grant },
  { kind: 'granted_other', grant, origin: 'created' },
  { kind: 'refused', category: 'needs_reauth', scope: 'record' },
  { kind: 'refused', category: 'misconfigured', scope: 'key' },
];
const IN_DOUBT: Outcome = { kind: 'in_doubt' };
const UNREACHABLE: Outcome = { kind: 'unreachable' };
const throttled = (
  retryAfter: string | null = null,
  by: 'application' | 'provider' = 'application',
): Outcome => ({
  kind: 'throttled',
  by,
  retryAfter,
});

/** Decides about the last of several outcomes, counted as they came. */
function after(outcomes: readonly Outcome[], random = 0.5, tries: Tries = NO_TRIES): Retry {
  const counted = outcomes.reduce(countTry, tries);
  return decideRetry(outcomes.at(-1) ?? IN_DOUBT, counted, POLICY, { nowMs: SENT_AT_MS, random });
}

const times = (count: number, outcome: Outcome): readonly Outcome[] => Array<Outcome>(count).fill(outcome);

test('what was answered is final, whatever it took', () => {
  for (const outcome of FINAL) expect(after([throttled(), IN_DOUBT, outcome])).toEqual({ kind: 'final' });
});

test('a doubt is settled, not before the settle delay and never by sending again', () => {
  expect(after([IN_DOUBT])).toEqual({ kind: 'settle', delayMs: 120_000 });
  expect(after(times(9, IN_DOUBT), 0)).toEqual({ kind: 'settle', delayMs: 120_000 });
});

describe('backoff', () => {
  test('is uniform between nothing and a wait that doubles up to its cap', () => {
    const ceilings = [1, 2, 3, 4, 5, 6, 7, 8, 40].map((tryNumber) => backoffMs(tryNumber, ALMOST_ONE));
    expect(ceilings).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(backoffMs(4, 0)).toBe(0);
    expect(backoffMs(4, 0.25)).toBe(1_000);
  });

  test('never leaves its bounds', () => {
    const random = fc.double({ min: 0, max: ALMOST_ONE, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5_000 }), random, (tryNumber, r) => {
        const delayMs = backoffMs(tryNumber, r);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(30_000);
        expect(Number.isInteger(delayMs)).toBe(true);
      }),
    );
  });
});

describe('Retry-After', () => {
  const IN_90_SECONDS = SENT_AT_MS + 90_000;

  test.each<readonly [header: string | null, delayMs: number | null]>([
    ['0', 0],
    ['17', 17_000],
    [' 17 ', 17_000],
    ['1.5', 1_500],
    ['86400', DAY_MS],
    ['86401', DAY_MS],
    ['9'.repeat(400), DAY_MS],
    [new Date(IN_90_SECONDS).toUTCString(), 90_000],
    ['Sunday, 01-Mar-26 12:01:30 GMT', 90_000],
    ['Sun Mar  1 12:01:30 2026', 90_000],
    [new Date(SENT_AT_MS - 5_000).toUTCString(), 0],
    ['Fri, 31 Dec 2099 23:59:59 GMT', DAY_MS],
    [null, null],
    ['', null],
    ['  ', null],
    ['soon', null],
    ['-5', null],
    ['+5', null],
    ['1e3', null],
    ['0x10', null],
    ['Infinity', null],
    ['NaN', null],
    ['17s', null],
    ['17, 18', null],
    ['not before 2099', null],
    ['Sun, 99 Mar 2026 12:01:30 GMT', null],
    ['Sunny, in 2099', null],
  ])('%j is %j', (header, delayMs) => {
    expect(parseRetryAfter(header, SENT_AT_MS)).toBe(delayMs);
  });

  test('whatever a server writes, it is nothing or a wait within a day', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.date().map(String)), (header) => {
        const delayMs = parseRetryAfter(header, SENT_AT_MS) ?? 0;
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(DAY_MS);
      }),
    );
  });
});

describe('throttled', () => {
  test("without the server's word it is tried again on backoff", () => {
    expect(after([throttled()], 0)).toEqual({ kind: 'again', delayMs: 0 });
    expect(after([throttled()], 0.5)).toEqual({ kind: 'again', delayMs: 250 });
    expect(after(times(3, throttled()), 0.5)).toEqual({ kind: 'again', delayMs: 1_000 });
    expect(after([throttled('garbage')], 0.5)).toEqual({ kind: 'again', delayMs: 250 });
  });

  test("the server's word is a floor: jitter only adds", () => {
    expect(after([throttled('17')], 0)).toEqual({ kind: 'again', delayMs: 17_000 });
    expect(after([throttled('17')], 0.5)).toEqual({ kind: 'again', delayMs: 17_250 });
    const date = new Date(SENT_AT_MS + 20_000).toUTCString();
    expect(after([throttled(date)], 0.5)).toEqual({ kind: 'again', delayMs: 20_250 });
  });

  test('a wait beyond a minute leaves the worker', () => {
    expect(after([throttled('60')], 0)).toEqual({ kind: 'again', delayMs: 60_000 });
    expect(after([throttled('60')], 0.5)).toEqual({ kind: 'later', delayMs: 60_250 });
    expect(after([throttled('3600')], 0)).toEqual({ kind: 'later', delayMs: 3_600_000 });
  });

  test('so does the tenth in a row, for a minute at least', () => {
    expect(after(times(9, throttled()), 0)).toEqual({ kind: 'again', delayMs: 0 });
    expect(after(times(10, throttled()), 0)).toEqual({ kind: 'later', delayMs: 60_000 });
    expect(after(times(12, throttled('70')), 0)).toEqual({ kind: 'later', delayMs: 70_000 });
  });

  test('another answer between them starts the row anew', () => {
    expect(after([...times(9, throttled()), IN_DOUBT, throttled()], 0.5)).toEqual({
      kind: 'again',
      delayMs: 250,
    });
  });
});

describe('out of reach', () => {
  test('it is tried again on backoff, and then makes room for a minute', () => {
    expect(after([UNREACHABLE], 0.5)).toEqual({ kind: 'again', delayMs: 250 });
    expect(after(times(4, UNREACHABLE), 0.5)).toEqual({ kind: 'again', delayMs: 2_000 });
    expect(after(times(5, UNREACHABLE), 0.5)).toEqual({ kind: 'later', delayMs: 60_000 });
  });

  test('any answer starts the row anew', () => {
    expect(after([...times(4, UNREACHABLE), throttled(), UNREACHABLE], 0.5).kind).toBe('again');
    expect(after([...times(4, UNREACHABLE), IN_DOUBT, UNREACHABLE], 0.5).kind).toBe('again');
  });
});

test('throttled by its provider a row leaves the worker at once: its lane has the say', () => {
  expect(after([throttled('2', 'provider')], 0.5)).toEqual({ kind: 'later', delayMs: 2_250 });
});

test('an attempt that an outage ended can be forgiven, once', () => {
  const tries = countTry(countTry(NO_TRIES, IN_DOUBT, 1_000), IN_DOUBT, 2_000);
  expect(tries).toMatchObject({ attempts: 2, countedAtMs: 2_000 });
  expect(forgive(tries)).toMatchObject({ attempts: 1, countedAtMs: null });
});

describe('attempts', () => {
  const attempts = (...outcomes: readonly Outcome[]): number => outcomes.reduce(countTry, NO_TRIES).attempts;

  test('count where Nylas may have acted', () => {
    expect(attempts(IN_DOUBT, IN_DOUBT, GRANTED)).toBe(3);
    for (const outcome of FINAL) expect(attempts(outcome)).toBe(1);
  });

  test('throttled and unreached ones are free', () => {
    expect(attempts(...times(50, throttled()), ...times(50, UNREACHABLE), IN_DOUBT)).toBe(1);
  });
});

test('whatever happened, a wait is finite, no shorter than the floor, and short in the worker', () => {
  const outcome = fc.oneof(
    fc.constantFrom(...FINAL, IN_DOUBT, UNREACHABLE),
    fc.integer({ min: 0, max: 200_000 }).map((seconds) => throttled(String(seconds))),
    fc.string().map((text) => throttled(text)),
    fc.integer({ min: 0, max: 200_000 }).map((seconds) => throttled(String(seconds), 'provider')),
  );
  const random = fc.double({ min: 0, max: ALMOST_ONE, noNaN: true });
  fc.assert(
    fc.property(fc.array(outcome, { minLength: 1, maxLength: 30 }), random, (outcomes, r) => {
      const next = after(outcomes, r);
      const last = outcomes.at(-1) ?? IN_DOUBT;
      if (next.kind === 'final') {
        expect(FINAL).toContainEqual(last);
        return;
      }
      expect(next.delayMs).toBeGreaterThanOrEqual(0);
      expect(next.delayMs).toBeLessThanOrEqual(DAY_MS + 30_000);
      if (next.kind === 'again') expect(next.delayMs).toBeLessThanOrEqual(60_000);
      const isOfProvider = last.kind === 'throttled' && last.by === 'provider';
      if (next.kind === 'later' && !isOfProvider) expect(next.delayMs).toBeGreaterThanOrEqual(60_000);
      if (last.kind === 'in_doubt') expect(next.kind).toBe('settle');
      if (last.kind === 'throttled') {
        expect(next.delayMs).toBeGreaterThanOrEqual(parseRetryAfter(last.retryAfter, SENT_AT_MS) ?? 0);
      }
    }),
    { numRuns: 500 },
  );
});

describe('a call that only reads', () => {
  const reread = (answer: Answer, tries = 1, random = 0): number | null =>
    decideReread(answer, tries, { nowMs: SENT_AT_MS, random })?.delayMs ?? null;
  const throttledFor = (retryAfter: string): Answer =>
    nylasError(429, 'nylas_rate_limit_exceeded', { retryAfter });

  test.each<readonly [string, Answer]>([
    ['a time-out', fault('timeout', true)],
    ['a connection that failed', fault('connect', false)],
    ['a 429', nylasError(429, 'nylas_rate_limit_exceeded')],
    ['a 500', nylasError(500, 'api.internal_error')],
    ["a proxy's 502", page(502, '<html>')],
    ['a 504', nylasError(504, 'api.provider_error')],
  ])('is repeated after %s', (_what, answer) => {
    expect(reread(answer)).toBe(0);
    expect(reread(answer, 1, ALMOST_ONE)).toBe(500);
    expect(reread(answer, 4, ALMOST_ONE)).toBe(4_000);
  });

  test.each<readonly [string, Answer]>([
    ['a success', reply(200, { data: [] })],
    ['a page that is no answer', page(200, '<html>')],
    ['a redirect', page(302, '')],
    ['a refusal', nylasError(400, 'api.invalid_request_error')],
    ['a refused key', nylasError(401, 'api.authentication_error')],
    ['nothing there', nylasError(404, 'api.not_found_error')],
  ])('is not repeated after %s', (_what, answer) => {
    expect(reread(answer)).toBeNull();
  });

  test('waits as long as the server said, but no longer than a minute; jitter only adds', () => {
    expect(reread(throttledFor('7'))).toBe(7_000);
    expect(reread(throttledFor('7'), 2, ALMOST_ONE)).toBe(8_000);
    expect(reread(throttledFor('3600'))).toBe(60_000);
    expect(reread(throttledFor('soon'))).toBe(0);
  });

  test('is given up after its sixth try', () => {
    expect(reread(page(503, ''), 5)).not.toBeNull();
    expect(reread(page(503, ''), 6)).toBeNull();
    expect(reread(fault('reset', true), 7)).toBeNull();
  });
});
