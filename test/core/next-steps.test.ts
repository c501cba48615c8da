import { describe, expect, it } from 'vitest';
import type { Category, Status } from '../../src/core/category.js';
import { runCommand } from '../../src/core/next-command.js';
import type { Aftermath, StateCount } from '../../src/core/ledger-rows.js';
import { needsSomebody, nextSteps, type LastRun, type StepsContext } from '../../src/core/next-steps.js';

const NOW_MS = Date.UTC(2026, 2, 1, 6, 12);
const LATER_MS = Date.UTC(2026, 2, 1, 6, 19, 30);
const NO_WAITS = { earliestNotBeforeMs: null, doubtsWithoutMailbox: 0 };
const RUN: LastRun = {
  runId: 7,
  state: 'finished',
  host: 'worker-1',
  pid: 4711,
  startedAtMs: Date.UTC(2026, 2, 1, 5),
  endedHow: 'done',
  heldBack: null,
  input: { name: 'users.csv', isCommand: false, options: [], narrowing: [] },
  connection: [],
  leftOut: { unknown: 0, waiting: 0, misconfigured: 0, doubtsWithoutMailbox: 0 },
};

const NO_AFTERMATH: Aftermath = { lost: { missing: 0, invalid: 0, unusable: 0, changed: 0 }, held: 0 };

function context(rest: Partial<StepsContext> = {}, run: Partial<LastRun> = {}): StepsContext {
  const lastRun = { ...RUN, ...run };
  return {
    ledgerPath: 'migration.db',
    nowMs: NOW_MS,
    waits: NO_WAITS,
    aftermath: NO_AFTERMATH,
    invalidRows: 0,
    lastRun,
    ...rest,
  };
}

function narrowed(leftOut: Partial<LastRun['leftOut']>): Partial<LastRun> {
  const input = { ...RUN.input, options: ['--carry', 'user_id'], narrowing: ['--provider', 'google'] };
  return { input, leftOut: { ...RUN.leftOut, ...leftOut } };
}

function count(status: Status, category: Category | null, number = 1, provider = 'google'): StateCount {
  return { provider, status, category, count: number };
}

/** `say → command`, as short as it can be read. */
function told(counts: readonly StateCount[], about: StepsContext): string[] {
  return nextSteps(counts, about).map(({ say, command }) => (command === null ? say : `${say} → ${command}`));
}

const DONE = count('migrated', null, 5);
const WAITS = { earliestNotBeforeMs: LATER_MS, doubtsWithoutMailbox: 0 };

const NOTHING_LEFT = [
  'Nothing is left to do; who has which grant → nylas-migrate report --out report.csv',
  'Now and then: whether those grants are there still, and whose have become invalid → nylas-migrate verify',
];

describe('what to do next', () => {
  it.each<[string, readonly StateCount[], StepsContext, readonly string[]]>([
    [
      'nothing was ever run',
      [],
      context({ lastRun: null }),
      ['Nothing has been run yet → nylas-migrate check users.csv'],
    ],
    ['the file held nobody', [], context(), ['Nothing: the input of the last run held nobody to migrate']],
    ['everybody has a grant', [DONE], context(), NOTHING_LEFT],
    [
      'everybody was undone',
      [count('undone', null, 2)],
      context(),
      [
        '2 records were undone, and no run submits them again by itself; to make their grants anew → nylas-migrate run users.csv --retry undone',
      ],
    ],
    [
      'a run is going on',
      [DONE, count('submitting', null, 12), count('pending', 'throttled')],
      context({ waits: WAITS }, { state: 'running' }),
      ['Run 7 (process 4711 on worker-1, since 05:00 UTC) is going on: let it finish'],
    ],
    [
      'a run died',
      [DONE, count('submitting', null)],
      context({}, { state: 'died' }),
      [
        'Run 7 (process 4711 on worker-1, since 05:00 UTC) died; the same command resumes it → nylas-migrate run users.csv',
      ],
    ],
    [
      'a run died, and a connector is broken',
      [count('pending', 'misconfigured', 6, 'yahoo'), count('in_doubt', null, 3)],
      context({}, { state: 'died', connection: ['--region', 'eu'] }),
      [
        'Run 7 (process 4711 on worker-1, since 05:00 UTC) died; the same command resumes it. Before that, fix the connector of yahoo, or the API key (6 records wait for it) → nylas-migrate run users.csv',
      ],
    ],
    [
      'records wait for a time',
      [count('pending', 'throttled', 117), count('in_doubt', null, 3)],
      context({ waits: WAITS, ledgerPath: 'acme.db' }),
      ['Run again after 06:20 UTC (120 records wait) → nylas-migrate run users.csv --ledger acme.db'],
    ],
    [
      'their time has come',
      [count('in_doubt', null)],
      context({ waits: { earliestNotBeforeMs: NOW_MS - 1, doubtsWithoutMailbox: 0 } }),
      ['Run again (1 record waits) → nylas-migrate run users.csv'],
    ],
    [
      'the input was not read to its end',
      [DONE],
      context({}, { state: 'unfinished', endedHow: 'failure' }),
      ['Run again (the last run did not reach the end of its input) → nylas-migrate run users.csv'],
    ],
    [
      'connectors are broken',
      [count('pending', 'misconfigured', 2), count('pending', 'misconfigured', 1, 'zoom')],
      context(),
      [
        'Fix the connector of google, zoom, or the API key (3 records wait for it), then run again → nylas-migrate run users.csv',
      ],
    ],
    [
      'a provider was held back for its connector',
      [
        count('pending', 'misconfigured', 2, 'zoom'),
        count('pending', null, 40, 'zoom'),
        count('pending', null, 5),
      ],
      context({}, { state: 'unfinished', endedHow: 'refused', heldBack: 'zoom: it has no connector' }),
      [
        'Fix the connector of zoom, or the API key (42 records wait for it), then run again → nylas-migrate run users.csv',
      ],
    ],
    [
      'a doubt has nothing to be looked up by',
      [count('in_doubt', null, 2, 'zoom')],
      context({ waits: { earliestNotBeforeMs: null, doubtsWithoutMailbox: 2 } }),
      [
        '2 records in doubt without an email to look up by; to submit again, at the risk of a second grant → nylas-migrate run users.csv --retry in_doubt',
      ],
    ],
    [
      'a run was about some providers only',
      [DONE],
      context({}, narrowed({ unknown: 34 })),
      [
        '34 rows without a grant were left out by --provider google; to migrate the rest too → nylas-migrate run users.csv --carry user_id',
      ],
    ],
    [
      'records wait on both sides of what was left out',
      [count('pending', 'throttled', 3), count('in_doubt', null, 2), count('pending', 'misconfigured', 1)],
      context({}, narrowed({ waiting: 4, misconfigured: 1 })),
      [
        'Run again (1 record waits) → nylas-migrate run users.csv --carry user_id --provider google',
        '5 rows without a grant were left out by --provider google; to migrate the rest too → nylas-migrate run users.csv --carry user_id',
      ],
    ],
    [
      'only what was left out waits',
      [count('in_doubt', null, 1, 'zoom')],
      context(
        { waits: { earliestNotBeforeMs: null, doubtsWithoutMailbox: 1 } },
        narrowed({ doubtsWithoutMailbox: 1 }),
      ),
      [
        '1 row without a grant was left out by --provider google; to migrate the rest too → nylas-migrate run users.csv --carry user_id',
      ],
    ],
    ['everybody who was left out has a grant', [DONE], context({}, narrowed({})), NOTHING_LEFT],
    [
      'a run stopped at its limit, and records wait',
      [DONE, count('pending', 'throttled', 2)],
      context({ waits: WAITS }, { state: 'unfinished', endedHow: 'limit' }),
      ['Run again (the last run stopped at its limit, and 2 records wait) → nylas-migrate run users.csv'],
    ],
    [
      'a run held rows back',
      [count('pending', null, 2)],
      context({}, { state: 'unfinished', endedHow: 'refused' }),
      ['Mend what the last run was stopped for, then run again → nylas-migrate run users.csv'],
    ],
    [
      'the input broke off',
      [DONE, count('pending', 'throttled', 2)],
      context({ waits: WAITS }, { state: 'unfinished', endedHow: 'input' }),
      [
        'Mend the input, then run again: the last run could not read it to its end → nylas-migrate run users.csv',
      ],
    ],
    [
      'people must act',
      [
        count('failed', 'needs_reauth', 71_220),
        count('failed', 'email_mismatch', 361),
        count('failed', 'blocked'),
      ],
      context({ aftermath: { ...NO_AFTERMATH, held: 301 } }),
      [
        'Decide about the mailboxes that answered for others (301 records) → nylas-migrate resolve --list',
        'Ask these people to sign in again (71,220 records) → nylas-migrate report --by person --category needs_reauth --out sign-in-again.csv',
        "Ask Nylas' support about the blocked accounts (1 record) → nylas-migrate report --category blocked --out blocked.csv",
        'Another mailbox answered, and was rejected: fix these rows, or ask these people to sign in (60 records) → nylas-migrate resolve --list',
      ],
    ],
    [
      'grants were lost since, whoever the last run was about',
      [DONE],
      context(
        { aftermath: { lost: { missing: 3, invalid: 2, unusable: 1, changed: 0 }, held: 0 } },
        narrowed({}),
      ),
      [
        'Make the grants anew that are gone at Nylas, unless that was meant (3 records) → nylas-migrate run users.csv --carry user_id --retry missing',
        'Ask these people to sign in again: their grants are invalid; or, if your CSV holds newer credentials (2 records) → nylas-migrate run users.csv --carry user_id --retry invalid',
        'Ask these people to sign in again: their grants can’t be used; or, if your CSV holds newer credentials (1 record) → nylas-migrate run users.csv --carry user_id --retry unusable',
      ],
    ],
    [
      'rows could not be submitted',
      [DONE],
      context({ invalidRows: 8, ledgerPath: 'my ledgers/acme.db' }),
      [
        "Fix the rows that could not be submitted, then run again (8 rows) → nylas-migrate report --select invalid --out invalid.csv --ledger 'my ledgers/acme.db'",
      ],
    ],
  ])('where %s', (_where, counts, about, steps) => {
    expect(told(counts, about)).toEqual(steps);
  });

  it('names the day of a time that is not today', () => {
    const waits = { earliestNotBeforeMs: NOW_MS + 86_400_000, doubtsWithoutMailbox: 0 };
    expect(told([count('pending', null)], context({ waits }))[0]).toContain('after 2026-03-02 06:12 UTC');
  });

  it.each([
    [{ name: 'standard input', isCommand: false, options: [], narrowing: [] }, 'nylas-migrate run -'],
    [
      { name: 'my users.csv', isCommand: false, options: [], narrowing: [] },
      "nylas-migrate run 'my users.csv'",
    ],
    [
      {
        name: 'age -d users.csv.age',
        isCommand: true,
        options: ['--carry', 'user_id'],
        narrowing: ['--sample', '1%'],
      },
      "nylas-migrate run --input-command 'age -d users.csv.age' --carry user_id --sample 1%",
    ],
  ])('repeats how the input was given: %o', (input, command) => {
    expect(runCommand(input, 'migration.db')).toBe(command);
  });
});

describe('who must act', () => {
  it('is said for each provider and category, the most first', () => {
    const counts = [
      DONE,
      count('failed', 'email_mismatch', 361),
      count('failed', 'needs_reauth', 71_220, 'microsoft'),
      count('pending', 'throttled', 117),
      count('pending', 'misconfigured', 9),
      count('in_doubt', null, 4),
      count('pending', null, 2_431),
      count('submitting', 'needs_reauth', 1),
    ];
    expect(
      needsSomebody(counts, context({ waits: WAITS })).map(
        ({ count: number, provider, category, who, next }) => [number, provider, category, who, next],
      ),
    ).toEqual([
      [71_220, 'microsoft', 'needs_reauth', 'the user', 'report --category needs_reauth'],
      [2_431, 'google', 'not_submitted', 'nobody', 'run again'],
      [361, 'google', 'email_mismatch', 'you', 'resolve --list'],
      [117, 'google', 'throttled', 'nobody', 'run again after 06:20 UTC'],
      [9, 'google', 'misconfigured', 'you', 'fix it, then run again'],
      [4, 'google', 'in_doubt', 'nobody', 'run again after 06:20 UTC'],
    ]);
  });

  it('is you where the last run held rows back for what must be mended', () => {
    const after = context({}, { endedHow: 'refused', heldBack: 'zoom: no connector' });
    expect(needsSomebody([count('pending', null, 41)], after)).toMatchObject([
      { count: 41, category: 'not_submitted', what: 'held back, not submitted', who: 'you' },
    ]);
  });
});
