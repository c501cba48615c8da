import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CATEGORIES, type Category, type Status } from '../../src/core/category.js';
import {
  NO_GRANTS,
  planRow,
  RETRIED_LOSSES,
  type MailboxGrant,
  type Plan,
  type PlanPolicy,
  type PlanView,
  type RecordState,
  type RetryTarget,
  type SeenGrant,
} from '../../src/core/plan.js';

const NOW_MS = Date.UTC(2026, 0, 1);
const LATER_MS = NOW_MS + 1;
const DOUBT_SINCE_MS = NOW_MS - 60_000;
const LAST_ATTEMPT_MS = NOW_MS - 20_000;
/** The first listing of this run. */
const LISTING_ID = 100;
const HOLDER: MailboxGrant = { grantId: 'grant-9', scope: 'openid' };

/** A grant that was last touched so long after a moment of ours, by a clock that agrees with ours. */
function seenAt(atMs: number, rest: Partial<SeenGrant> = {}): SeenGrant {
  const at = Math.floor(atMs / 1000);
  return { grantId: 'grant-7', scope: null, createdAt: at, updatedAt: at, listingId: LISTING_ID, ...rest };
}

/** The earliest second that an attempt of ours can have left on a grant, by a clock that agrees with ours. */
const opensAt = (startedAtMs: number): number => startedAtMs / 1000 - 1;

/** Against the latest attempt, and the earliest that is unsettled. */
const LISTED = { none: null, older: seenAt(DOUBT_SINCE_MS - 3_600_000), newer: seenAt(NOW_MS) } as const;

const STATUSES = ['unknown', 'pending', 'submitting', 'in_doubt', 'migrated', 'failed', 'undone'] as const;

/** Everything a plan depends on, each in its few cases. */
const CASES = {
  status: STATUSES,
  /** The row's credential against the one that was tried last. */
  credential: ['same', 'changed'],
  /** Another record holds a grant for this mailbox. */
  holder: ['no', 'yes'],
  /** What Nylas lists for the mailbox that is valid: nothing, or a grant older or newer than our attempts. */
  listed: ['none', 'older', 'newer'],
  /** `--existing`. */
  existing: ['skip', 'reauth'],
  /** What became of a pending record's attempts; the other statuses imply it. */
  tried: ['never', 'answered', 'lost'],
  /** This record or its email is being worked on. */
  busy: ['no', 'yes'],
  /** This file named the record on an earlier line. */
  named: ['no', 'yes'],
  /** `not_before`: never set, in the past, or still to come. */
  due: ['unset', 'past', 'future'],
  /** `--retry`: not given, given for something else, or for just this. */
  retry: ['none', 'other', 'this'],
} as const;

type Cases = typeof CASES;
type Column = keyof Cases;
type Case = { readonly [C in Column]: Cases[C][number] };

/** What is planned: the first line that matches. `-` matches everything, `a/b` either. */
const TABLE = `
  status               credential  holder  listed       existing  tried           busy  named  due         retry       plan

  migrated             -           -       -            -         -               -     no     -           -           done
  migrated             -           -       -            -         -               -     yes    -           -           duplicate
  pending/submitting   same        -       -            -         -               -     yes    -           -           duplicate
  in_doubt/failed      same        -       -            -         -               -     yes    -           -           duplicate
  undone               same        -       -            -         -               -     yes    -           -           duplicate
  -                    -           -       -            -         -               yes   -      -           -           wait_for_other

  submitting/in_doubt  -           -       -            -         -               no    -      future      -           wait_until:in_doubt
  submitting/in_doubt  -           -       -            -         -               no    -      unset/past  -           settle

  undone               -           -       -            -         -               no    no     -           none/other  skip
  undone               -           -       -            -         -               no    yes    -           none/other  duplicate

  -                    -           yes     -            -         -               no    -      -           -           take:shared

  unknown              -           no      older/newer  skip      -               no    -      -           -           take:existing
  unknown              -           no      -            -         -               no    -      -           -           submit

  pending              -           no      newer        -         answered        no    -      -           -           take:signed_in
  pending              -           no      newer        skip      never           no    -      -           -           take:existing
  pending              -           no      older        skip      -               no    -      -           -           take:existing
  pending              -           no      -            -         -               no    -      future      -           wait_until:waiting
  pending              -           no      -            -         lost            no    -      unset/past  -           settle
  pending              -           no      -            -         never/answered  no    -      unset/past  -           submit

  failed/undone        -           no      newer        -         -               no    -      -           -           take:signed_in
  failed/undone        -           no      older        skip      -               no    -      -           -           take:existing

  failed               changed     no      none/older   -         -               no    -      -           -           submit
  failed               same        no      none/older   -         -               no    -      -           this        submit
  failed               same        no      none/older   -         -               no    -      -           none/other  skip

  undone               -           no      none/older   -         -               no    -      future      this        wait_until:waiting
  undone               -           no      none/older   -         -               no    -      unset/past  this        submit
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
    seen: LISTED[given.listed],
    listed: given.listed !== 'none',
    inFlight: given.busy === 'yes',
    seenOnLine: given.named === 'yes' ? 7 : null,
    isBegun: false,
    doubt: null,
    fingerprint: () => (given.credential === 'same' ? 'print-1' : 'print-2'),
  };
  const existing = given.existing === 'skip' ? 'skip' : 'reauthenticate';
  return planRow(view, policyOf({ retry: retryTargets(given, category), existing }));
}

function policyOf(rest: Partial<PlanPolicy> = {}): PlanPolicy {
  return { retry: new Set(), existing: 'skip', nowMs: NOW_MS, firstListingId: LISTING_ID, ...rest };
}

function recordOf(status: Status, given: Case, category: Category | null): RecordState {
  const tried = status === 'pending' ? given.tried : isUnsettled(status) ? 'lost' : 'answered';
  return {
    key: 'account-1',
    status,
    category,
    fingerprint: 'print-1',
    attempts: tried === 'never' ? 0 : 2,
    lastOpensAt: tried === 'never' ? null : opensAt(LAST_ATTEMPT_MS),
    notBeforeMs: DUE[given.due],
    doubtOpensAt: tried === 'lost' ? opensAt(DOUBT_SINCE_MS) : null,
    emptyLooks: 0,
    grantStatus: null,
  };
}

function isUnsettled(status: Status | 'unknown'): boolean {
  return status === 'in_doubt' || status === 'submitting';
}

const PLANS: Readonly<Record<string, Plan>> = {
  submit: { kind: 'submit' },
  settle: { kind: 'settle' },
  'take:shared': { kind: 'take', origin: 'shared', grant: HOLDER },
  wait_for_other: { kind: 'wait_for_other' },
  'wait_until:waiting': { kind: 'wait_until', notBeforeMs: LATER_MS, bucket: 'waiting' },
  'wait_until:in_doubt': { kind: 'wait_until', notBeforeMs: LATER_MS, bucket: 'in_doubt' },
  done: { kind: 'done' },
  duplicate: { kind: 'duplicate', ofLine: 7 },
  skip: { kind: 'skip' },
};

/** The plan that a word of the table stands for. */
function planNamed(name: string, given: Case): Plan | undefined {
  const seen = LISTED[given.listed];
  const [kind, origin] = name.split(':');
  const takesSeen = kind === 'take' && (origin === 'existing' || origin === 'signed_in');
  return takesSeen && seen !== null ? { kind: 'take', origin, grant: seen } : PLANS[name];
}

const nameOf = (line: Line): string => `${[...line.cells.values()].slice(0, -1).join(' ')}: ${line.plan}`;
const firstLine = (given: Case): Line | undefined => LINES.find((line) => matches(line, given));

describe('the table of plans', () => {
  const casesByLine = new Map<Line | undefined, Case[]>();
  for (const given of EVERY_CASE) {
    const line = firstLine(given);
    const cases = casesByLine.get(line) ?? [];
    cases.push(given);
    casesByLine.set(line, cases);
  }

  test('covers every case', () => {
    expect(EVERY_CASE.length).toBe(7 * 2 ** 5 * 3 ** 4);
    expect(casesByLine.get(undefined)).toBeUndefined();
  });

  test.each(LINES.map((line) => [nameOf(line), line] as const))('%s', (_name, line) => {
    const cases = casesByLine.get(line) ?? [];
    expect(cases).not.toEqual([]);
    const judged = cases.flatMap((given) =>
      categoriesOf(given).map((category) => ({
        given,
        category,
        plan: planOf(given, category),
        expected: planNamed(line.plan, given),
      })),
    );
    expect(judged.filter(({ plan, expected }) => !isDeepStrictEqual(plan, expected))).toEqual([]);
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
        const acts = kind === 'submit' || kind === 'settle' || kind === 'take';
        if (given.busy === 'yes') expect(acts).toBe(false);
        if (given.status === 'migrated') expect(acts).toBe(false);
        const inDoubt = isUnsettled(given.status) || (given.status === 'pending' && given.tried === 'lost');
        if (inDoubt) expect(kind).not.toBe('submit');
      }),
      { numRuns: 3_000 },
    );
  });

  test('a healthy grant gets an older credential only where that was asked for', () => {
    fc.assert(
      fc.property(anyCase, anyCategory, (given, category) => {
        fc.pre(given.existing === 'skip' && (given.listed !== 'none' || given.holder === 'yes'));
        expect(planOf(given, category).kind).not.toBe('submit');
      }),
    );
  });

  test('nothing is sent before its time', () => {
    fc.assert(
      fc.property(anyCase, anyCategory, (given, category) => {
        fc.pre(given.due === 'future' && given.status !== 'failed' && given.status !== 'unknown');
        expect(planOf(given, category).kind).not.toMatch(/^(submit|settle)$/);
      }),
    );
  });
});

const RECORD: RecordState = {
  key: 'account-1',
  status: 'failed',
  category: 'rejected',
  fingerprint: 'print-1',
  attempts: 1,
  lastOpensAt: opensAt(LAST_ATTEMPT_MS),
  notBeforeMs: null,
  doubtOpensAt: null,
  emptyLooks: 0,
  grantStatus: null,
};

function viewOf(record: Partial<RecordState>, rest: Partial<PlanView> = {}): PlanView {
  const fingerprint = (): string => 'print-1';
  const view = { ...NO_GRANTS, inFlight: false, seenOnLine: null, isBegun: false, fingerprint };
  return { ...view, record: { ...RECORD, ...record }, ...rest };
}

describe('a row whose mailbox may have a grant by the lost attempt of another record', () => {
  const doubt = { opensAt: opensAt(DOUBT_SINCE_MS), notBeforeMs: LATER_MS };
  const planOfNew = (rest: Partial<PlanView>): Plan =>
    planRow({ ...viewOf({}, rest), record: null }, policyOf());

  test('waits until that can be settled', () => {
    expect(planOfNew({ doubt })).toEqual({ kind: 'wait_until', notBeforeMs: LATER_MS, bucket: 'waiting' });
  });

  test('looks for it before anything is sent', () => {
    expect(planOfNew({ doubt: { ...doubt, notBeforeMs: NOW_MS } })).toEqual({ kind: 'settle' });
    expect(planRow(viewOf({}, { doubt, fingerprint: () => 'print-2' }), policyOf()).kind).toBe('wait_until');
  });

  test('takes the grant where one is known', () => {
    expect(planOfNew({ doubt, holder: HOLDER }).kind).toBe('take');
  });
});

describe('a row that another line repeats', () => {
  const pending = { status: 'pending', category: 'throttled' } as const;

  test('goes on where it was begun itself', () => {
    const plan = planRow(viewOf(pending, { seenOnLine: 7, isBegun: true }), policyOf());
    expect(plan).toEqual({ kind: 'submit' });
  });

  test('is the repeat where the other line settled the record meanwhile', () => {
    const plan = planRow(viewOf({ status: 'migrated' }, { seenOnLine: 7, isBegun: true }), policyOf());
    expect(plan).toEqual({ kind: 'duplicate', ofLine: 7 });
  });
});

describe('a grant that Nylas lists, against our attempts', () => {
  const originOf = (seen: SeenGrant, policy: Partial<PlanPolicy> = {}): string => {
    const plan = planRow(viewOf({}, { seen, listed: true }), policyOf(policy));
    return plan.kind === 'take' ? plan.origin : plan.kind;
  };

  test.each<readonly [string, SeenGrant, string]>([
    ['made in the second of the attempt', seenAt(LAST_ATTEMPT_MS), 'signed_in'],
    [
      'made in the second before, which a coarse clock can mean',
      seenAt(LAST_ATTEMPT_MS - 1_000),
      'signed_in',
    ],
    ['made before that', seenAt(LAST_ATTEMPT_MS - 2_000), 'existing'],
    ['made long ago, renewed since', seenAt(0, { updatedAt: NOW_MS / 1000 }), 'signed_in'],
    ['made since, never renewed', seenAt(NOW_MS, { updatedAt: null }), 'signed_in'],
    ['of unknown age', seenAt(0, { createdAt: null, updatedAt: null }), 'existing'],
  ])('%s', (_what, seen, origin) => {
    expect(originOf(seen)).toBe(origin);
  });

  test('that only an earlier run listed is asked for before it is taken, and for nothing else', () => {
    const old = { listingId: LISTING_ID - 1 };
    const confirm = { kind: 'confirm', grantId: 'grant-7' };
    for (const seen of [seenAt(0, old), seenAt(NOW_MS, old)]) {
      expect(planRow(viewOf({}, { seen, listed: true }), policyOf())).toEqual(confirm);
      expect(planRow(viewOf({}, { record: null, seen, listed: true }), policyOf())).toEqual(confirm);
      expect(planRow(viewOf({ status: 'migrated' }, { seen, listed: true }), policyOf()).kind).toBe('done');
      expect(planRow(viewOf({}, { seen, holder: HOLDER, listed: true }), policyOf()).kind).toBe('take');
    }
    const reauthenticate = policyOf({ existing: 'reauthenticate' });
    const unknown = viewOf({}, { record: null, seen: seenAt(0, old), listed: true });
    expect(planRow(unknown, reauthenticate)).toEqual({ kind: 'submit' });
  });

  test('made since the earliest lost attempt, though before the latest, is looked at before it is taken', () => {
    const record = {
      status: 'pending',
      category: 'unavailable',
      doubtOpensAt: opensAt(DOUBT_SINCE_MS),
    } as const;
    const between = seenAt(DOUBT_SINCE_MS + 10_000);
    for (const existing of ['skip', 'reauthenticate'] as const) {
      const plan = planRow(viewOf(record, { seen: between, listed: true }), policyOf({ existing }));
      expect(plan).toEqual({ kind: 'settle' });
    }
  });

  test('and is invalid counts as none', () => {
    expect(planRow(viewOf({ fingerprint: 'print-0' }, { listed: true }), policyOf())).toEqual({
      kind: 'submit',
    });
  });
});

test('a fingerprint is only computed where something hangs on it', () => {
  for (const status of ['pending', 'submitting', 'in_doubt', 'migrated', 'undone'] as const) {
    const fingerprint = (): string => {
      throw new Error('computed');
    };
    expect(() => planRow(viewOf({ status, category: null }, { fingerprint }), policyOf())).not.toThrow();
  }
});

test('a record that failed without a category is only tried with another credential', () => {
  const policy = policyOf({ retry: new Set(CATEGORIES) });
  const failed = { status: 'failed', category: null } as const;
  expect(planRow(viewOf(failed), policy)).toEqual({ kind: 'skip' });
  expect(planRow(viewOf(failed, { fingerprint: () => 'print-2' }), policy)).toEqual({ kind: 'submit' });
});

test('a record without a fingerprint counts as changed', () => {
  expect(planRow(viewOf({ fingerprint: null }), policyOf())).toEqual({ kind: 'submit' });
});

describe('a migrated record whose grant was lost', () => {
  const lost = (grantStatus: string, retry: readonly RetryTarget[], rest: Partial<PlanView> = {}): Plan =>
    planRow(
      viewOf({ status: 'migrated', category: null, grantStatus }, rest),
      policyOf({ retry: new Set(retry) }),
    );

  test.each(RETRIED_LOSSES)('is done, unless --retry %s was given', (loss) => {
    expect(lost(loss, [])).toEqual({ kind: 'done' });
    expect(
      lost(
        loss,
        RETRIED_LOSSES.filter((other) => other !== loss),
      ),
    ).toEqual({ kind: 'done' });
    expect(lost(loss, [loss])).toEqual({ kind: 'submit' });
  });

  test.each([null, 'valid', 'changed'])(
    'is done with a grant that is %s, whatever is retried',
    (grantStatus) => {
      const record = { status: 'migrated', category: null, grantStatus } as const;
      expect(planRow(viewOf(record), policyOf({ retry: new Set(RETRIED_LOSSES) }))).toEqual({ kind: 'done' });
    },
  );

  test('takes the grant that its person has made since', () => {
    const seen = { grantId: 'new', scope: null, createdAt: 4e9, updatedAt: 4e9, listingId: 9e15 };
    expect(lost('missing', ['missing'], { seen, listed: true })).toMatchObject({
      kind: 'take',
      origin: 'signed_in',
    });
    // That one is its own: Nylas hasn't noticed yet.
    expect(lost('unusable', ['unusable'], { seen, listed: true })).toEqual({ kind: 'submit' });
  });
});
