import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CATEGORIES, type Category, type Status } from '../../src/core/category.js';
import {
  planRow,
  type GrantHolder,
  type Plan,
  type PlanView,
  type RetryTarget,
} from '../../src/core/plan.js';
import { someUser } from '../support/users.js';

const NOW_MS = Date.UTC(2026, 0, 1);
const LATER_MS = NOW_MS + 1;
const HOLDER: GrantHolder = { key: 'another-record', grantId: 'grant-9', scope: 'openid' };

const STATUSES = ['unknown', 'pending', 'submitting', 'in_doubt', 'migrated', 'failed', 'undone'] as const;

/** Everything a plan depends on, each in its few cases. */
const CASES = {
  status: STATUSES,
  /** The row's credential against the one that was tried last. */
  credential: ['same', 'changed'],
  /** Another record holds a grant for this mailbox. */
  holder: ['no', 'yes'],
  /** This record or its email is being worked on. */
  busy: ['no', 'yes'],
  /** This file named the record on an earlier line. */
  seen: ['no', 'yes'],
  /** `not_before`: never set, in the past, or still to come. */
  due: ['unset', 'past', 'future'],
  /** `--retry`: not given, given for something else, or for just this. */
  retry: ['none', 'other', 'this'],
  mailbox: ['yes', 'no'],
} as const;

type Cases = typeof CASES;
type Column = keyof Cases;
type Case = { readonly [C in Column]: Cases[C][number] };

/** What is planned: the first line that matches. `-` matches everything, `a/b` either. */
const TABLE = `
  status               credential  holder  busy  seen  due         retry       mailbox   plan

  migrated             -           -       -     no    -           -           -         done
  migrated             -           -       -     yes   -           -           -         duplicate
  -                    -           -       yes   -     -           -           -         wait_for_other

  unknown              -           no      no    -     -           -           -         submit
  unknown              -           yes     no    -     -           -           -         share

  pending              -           yes     no    -     -           -           -         share
  pending              -           no      no    -     future      -           -         wait_until:waiting
  pending              -           no      no    -     unset/past  -           -         submit

  submitting/in_doubt  -           -       no    -     future      -           yes       wait_until:in_doubt
  submitting/in_doubt  -           -       no    -     unset/past  -           yes       settle
  submitting/in_doubt  -           -       no    no    -           none/other  no        unsettled
  submitting/in_doubt  -           -       no    yes   -           none/other  no        duplicate
  submitting/in_doubt  -           -       no    -     future      this        no        wait_until:in_doubt
  submitting/in_doubt  -           -       no    -     unset/past  this        no        submit

  failed               -           yes     no    -     -           -           -         share
  failed               changed     no      no    -     -           -           -         submit
  failed               same        no      no    -     -           this        -         submit
  failed               same        no      no    no    -           none/other  -         skip
  failed               same        no      no    yes   -           none/other  -         duplicate

  undone               -           yes     no    -     -           this        -         share
  undone               -           no      no    -     -           this        -         submit
  undone               -           -       no    no    -           none/other  -         skip
  undone               -           -       no    yes   -           none/other  -         duplicate
`;

interface Line {
  readonly cells: ReadonlyMap<string, string>;
  readonly plan: string;
}

const [HEADER = [], ...ROWS] = TABLE.split('\n')
  .map((line) => line.trim().split(/ {2,}/))
  .filter((cells) => cells.length > 1);
const LINES: readonly Line[] = ROWS.map((row) => ({
  cells: new Map(HEADER.map((name, index) => [name, row[index] ?? ''])),
  plan: row.at(-1) ?? '',
}));

function matches(line: Line, given: Case): boolean {
  return Object.entries(given).every(([column, value]) => {
    const cell = line.cells.get(column) ?? '';
    return cell === '-' || cell.split('/').includes(value);
  });
}

function everyCase(): readonly Case[] {
  const columns = Object.entries(CASES) as [Column, readonly string[]][];
  const all = columns.reduce<readonly Record<string, string>[]>(
    (made, [column, values]) => made.flatMap((one) => values.map((value) => ({ ...one, [column]: value }))),
    [{}],
  );
  return all as unknown as readonly Case[];
}

const EVERY_CASE = everyCase();
const DUE = { unset: null, past: NOW_MS, future: LATER_MS } as const;

function retryTargets(given: Case, category: Category | null): ReadonlySet<RetryTarget> {
  const own: RetryTarget | null =
    given.status === 'failed' ? category : given.status === 'undone' ? 'undone' : 'in_doubt';
  const others = [...CATEGORIES, 'undone' as const, 'in_doubt' as const].filter((target) => target !== own);
  if (given.retry === 'none') return new Set();
  return new Set(given.retry === 'this' && own !== null ? [own] : others);
}

function planOf(given: Case, category: Category | null): Plan {
  const view: PlanView = {
    record: given.status === 'unknown' ? null : recordOf(given.status, given, category),
    holder: given.holder === 'yes' ? HOLDER : null,
    inFlight: given.busy === 'yes',
    seenOnLine: given.seen === 'yes' ? 7 : null,
    fingerprint: () => (given.credential === 'same' ? 'print-1' : 'print-2'),
  };
  const user = given.mailbox === 'yes' ? someUser() : someUser({ email: null });
  return planRow(user, view, { retry: retryTargets(given, category), nowMs: NOW_MS });
}

function recordOf(status: Status, given: Case, category: Category | null): PlanView['record'] {
  const notBeforeMs = DUE[given.due];
  const doubtSinceMs = status === 'in_doubt' || status === 'submitting' ? NOW_MS - 5_000 : null;
  return {
    key: 'account-1',
    status,
    category,
    fingerprint: 'print-1',
    attempts: 1,
    notBeforeMs,
    doubtSinceMs,
  };
}

const PLANS: Readonly<Record<string, Plan>> = {
  submit: { kind: 'submit' },
  settle: { kind: 'settle' },
  share: { kind: 'share', holder: HOLDER },
  wait_for_other: { kind: 'wait_for_other' },
  'wait_until:waiting': { kind: 'wait_until', notBeforeMs: LATER_MS, bucket: 'waiting' },
  'wait_until:in_doubt': { kind: 'wait_until', notBeforeMs: LATER_MS, bucket: 'in_doubt' },
  done: { kind: 'done' },
  duplicate: { kind: 'duplicate', ofLine: 7 },
  skip: { kind: 'skip' },
  unsettled: { kind: 'unsettled' },
};

const nameOf = (line: Line): string => `${[...line.cells.values()].slice(0, -1).join(' ')}: ${line.plan}`;

describe('the table of plans', () => {
  const firstLine = (given: Case): Line | undefined => LINES.find((line) => matches(line, given));

  test('covers every case', () => {
    expect(EVERY_CASE.length).toBe(7 * 2 ** 5 * 3 * 3);
    expect(EVERY_CASE.filter((given) => firstLine(given) === undefined)).toEqual([]);
  });

  test.each(LINES.map((line) => [nameOf(line), line] as const))('%s', (_name, line) => {
    const cases = EVERY_CASE.filter((given) => firstLine(given) === line);
    expect(cases).not.toEqual([]);
    for (const given of cases) {
      for (const category of categoriesOf(given)) {
        expect({ given, category, plan: planOf(given, category) }).toEqual({
          given,
          category,
          plan: PLANS[line.plan],
        });
      }
    }
  });
});

/** The categories that go with a status: the plan must be the same for all of them. */
function categoriesOf({ status }: Case): readonly (Category | null)[] {
  if (status === 'failed') return CATEGORIES;
  return status === 'pending' ? [null, ...CATEGORIES] : [null];
}

describe('for whatever the ledger says', () => {
  const anyCase = fc.constantFrom(...EVERY_CASE);
  const anyCategory = fc.constantFrom(null, ...CATEGORIES);

  test('nothing is submitted twice', () => {
    fc.assert(
      fc.property(anyCase, anyCategory, (given, category) => {
        const { kind } = planOf(given, category);
        const acts = kind === 'submit' || kind === 'settle' || kind === 'share';
        if (given.busy === 'yes') expect(acts).toBe(false);
        if (given.status === 'migrated') expect(acts).toBe(false);
        const isInDoubt = given.status === 'in_doubt' || given.status === 'submitting';
        if (isInDoubt && given.mailbox === 'yes') expect(kind).not.toBe('submit');
        if (isInDoubt && given.retry !== 'this') expect(kind).not.toBe('submit');
      }),
      { numRuns: 3_000 },
    );
  });

  test('nothing is sent before its time', () => {
    fc.assert(
      fc.property(anyCase, anyCategory, (given, category) => {
        fc.pre(given.due === 'future' && given.status !== 'failed' && given.status !== 'undone');
        fc.pre(given.status !== 'unknown');
        expect(planOf(given, category).kind).not.toMatch(/^(submit|settle)$/);
      }),
    );
  });
});

test('a fingerprint is only computed where something hangs on it', () => {
  for (const status of ['pending', 'submitting', 'in_doubt', 'migrated', 'undone'] as const) {
    const view: PlanView = {
      record: {
        key: 'account-1',
        status,
        category: null,
        fingerprint: 'print-1',
        attempts: 1,
        notBeforeMs: null,
        doubtSinceMs: null,
      },
      holder: null,
      inFlight: false,
      seenOnLine: null,
      fingerprint: () => {
        throw new Error('computed');
      },
    };
    expect(() => planRow(someUser(), view, { retry: new Set(), nowMs: NOW_MS })).not.toThrow();
  }
});

test('a record that failed without a category is only tried with another credential', () => {
  const base = {
    holder: 'no',
    busy: 'no',
    seen: 'no',
    due: 'unset',
    retry: 'other',
    mailbox: 'yes',
  } as const;
  expect(planOf({ ...base, status: 'failed', credential: 'same' }, null)).toEqual({ kind: 'skip' });
  expect(planOf({ ...base, status: 'failed', credential: 'changed' }, null)).toEqual({ kind: 'submit' });
});

test('a record without a fingerprint counts as changed', () => {
  const record = {
    key: 'account-1',
    status: 'failed',
    category: 'rejected',
    fingerprint: null,
    attempts: 1,
    notBeforeMs: null,
    doubtSinceMs: null,
  } as const;
  const view = { record, holder: null, inFlight: false, seenOnLine: null, fingerprint: () => 'print-1' };
  expect(planRow(someUser(), view, { retry: new Set(), nowMs: NOW_MS })).toEqual({ kind: 'submit' });
});
