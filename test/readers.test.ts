import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openReader } from '../src/adapters/sqlite/reader.js';
import { renderExplanation } from '../src/adapters/terminal/explain.js';
import { renderRunSummary } from '../src/adapters/terminal/run-summary.js';
import { renderStatus } from '../src/adapters/terminal/status.js';
import { refused } from '../src/core/change.js';
import { NO_EVIDENCE } from '../src/core/outcome.js';
import type { RunSummary } from '../src/core/run-summary.js';
import { explainUser } from '../src/explain.js';
import type { LedgerReader } from '../src/ports/ledger-reader.js';
import { reportOf } from '../src/report.js';
import { statusOf } from '../src/status.js';
import { summarizeRun } from '../src/summarize-run.js';
import { BEGAN_AT_MS, entryOf, issueOf, makeFolder, Story } from './support/ledger.js';
import { userError } from './support/user-error.js';

const NOW_MS = BEGAN_AT_MS + 10 * 60_000;
const ESCAPE = '\u001b[31m';
const EVERYTHING = { select: null, category: null, columns: null };

let folder: ReturnType<typeof makeFolder>;
let path: string;
let reader: LedgerReader | null = null;

beforeEach(() => {
  folder = makeFolder();
  path = folder.path('acme.db');
});

afterEach(() => {
  reader?.close();
  reader = null;
  folder.remove();
});

function read(): LedgerReader {
  reader?.close();
  reader = openReader(path);
  return reader;
}

/** A run of seven rows that met everything. */
async function tellStory(): Promise<Story> {
  const story = new Story(path, { label: 'canary', options: { only: 'keys.txt' } });
  await story.migrate({ key: 'ada', line: 2, carried: { user_id: '1' } });
  await story.refuse({ key: 'bob', provider: 'microsoft', line: 3 }, 'needs_reauth', {
    errorType: 'token.exchange_failed',
    errorMessage: `AADSTS700082 ${ESCAPE}expired`,
    providerError: '{"error":"invalid_grant"}',
    requestId: 'req-7',
    fastlyId: 'fastly-7',
  });
  await story.throttle({ key: 'eve', line: 4 }, NOW_MS + 8 * 60_000);
  const grant = { id: 'grant-9', status: 'valid', email: 'mallory@example.com', scope: null, origin: null };
  await story.submit({ key: 'joe', line: 5 }, 'granted_other', {}, refused('email_mismatch', grant));
  const { ledger, runId } = story;
  await ledger.note(runId, issueOf({ line: 6, kind: 'duplicate', key: 'ada', email: 'ada@example.com' }));
  const reasons = ['the email is none', 'the provider is missing'].map((message) => ({ code: 'x', message }));
  await ledger.note(runId, issueOf({ line: 7, reasons }));
  await ledger.note(runId, issueOf({ line: 8, kind: 'out_of_scope', key: 'zoe' }));
  return story;
}

describe('the report', () => {
  it('has an answer for every row of the file', async () => {
    (await tellStory()).endAndClose();
    const columns = 'source_line,status,grant_id,error_message,user_id';
    const report = reportOf(read(), { ...EVERYTHING, columns });
    expect([...report.rows].map((row) => row.join('|'))).toEqual([
      '2|migrated|grant-of-ada||1',
      `3|failed||AADSTS700082 ${ESCAPE}expired|`,
      '4|pending|||',
      '5|failed|grant-9||',
      '6|duplicate|grant-of-ada|the email is none|',
      '7|invalid||the email is none; the provider is missing|',
      '8|out_of_scope||the email is none|',
    ]);
    expect(report.ledger.applicationId).toBe('app-1');
  });

  it('has the rows of the last run only, and of earlier runs their records', async () => {
    (await tellStory()).endAndClose();
    new Story(path).endAndClose();
    const report = reportOf(read(), { ...EVERYTHING, columns: 'source_line' });
    expect([...report.rows].flat()).toEqual([2, 3, 4, 5]);
  });

  it.each([
    [{ select: 'invalid,pending', category: null }, [4, 7]],
    [{ select: null, category: 'needs_reauth,throttled' }, [3, 4]],
    [{ select: 'failed', category: 'throttled' }, []],
  ])('can be narrowed: %o', async (wishes, lines) => {
    (await tellStory()).endAndClose();
    const report = reportOf(read(), { ...wishes, columns: 'source_line' });
    expect([...report.rows].flat()).toEqual(lines);
  });

  it('knows the carried columns, and no others', async () => {
    (await tellStory()).endAndClose();
    const open = read();
    expect(() => reportOf(open, { ...EVERYTHING, columns: 'user' })).toThrow(userError('usage', 'user_id'));
    expect(reportOf(open, EVERYTHING).columns.at(-1)).toBe('user_id');
  });
});

describe('the status', () => {
  it('counts, balances, and says who must act and what comes next', async () => {
    (await tellStory()).endAndClose('work_remains');
    const status = statusOf(read(), NOW_MS, 'acme.db');
    expect(status).toMatchObject({
      ledger: { path: 'acme.db', applicationId: 'app-1', keying: 'account_id' },
      records: 4,
      byStatus: { migrated: 1, failed: 2, pending: 1, submitting: 0, in_doubt: 0, undone: 0 },
      balanced: true,
      rowIssues: { invalid: 1, duplicate: 1, out_of_scope: 1 },
      runs: [{ run: 1, label: 'canary', state: 'unfinished', endedHow: 'work_remains' }],
    });
    expect(status.next.map(({ command }) => command)).toEqual([
      'nylas-migrate run users.csv --only keys.txt --ledger acme.db',
      'nylas-migrate run users.csv --ledger acme.db',
      'nylas-migrate resolve --list --ledger acme.db',
      'nylas-migrate report --by person --category needs_reauth --out sign-in-again.csv --ledger acme.db',
      'nylas-migrate report --select invalid --out invalid.csv --ledger acme.db',
    ]);
  });

  it('repeats the options that the next run needs too', () => {
    new Story(path, { options: { carry: ['user_id'], limit: 20 } }).endAndClose('limit');
    const [step] = statusOf(read(), NOW_MS, 'migration.db').next;
    expect(step?.command).toBe('nylas-migrate run users.csv --carry user_id');
  });

  it('tells a run that is going on from one that died', async () => {
    const story = await tellStory();
    expect(statusOf(read(), NOW_MS, path).runs).toMatchObject([{ state: 'running', endedAt: null }]);
    story.close();
    const { runs, next } = statusOf(read(), NOW_MS, path);
    expect(runs).toMatchObject([{ state: 'died', pid: 4711 }]);
    expect(next[0]?.say).toMatch(/^Run 1 \(process 4711 on worker-1.* died/);
    // The next run notices it, maybe hours later: that isn't how long it went on.
    new Story(path).endAndClose('done');
    expect(renderStatus(statusOf(read(), NOW_MS, path))).toMatch(
      / 1 {2}2026-03-01 06:00Z +died: process 4711/,
    );
  });

  it('reads well on a terminal', async () => {
    (await tellStory()).endAndClose('work_remains');
    const text = renderStatus(statusOf(read(), NOW_MS, 'acme.db'));
    expect(text).toContain('4 records = pending 1 + migrated 1 + failed 2  ✓');
    expect(text).toMatch(/^provider +migrated +pending +failed\ngoogle +1 +1 +1\nmicrosoft +1\n\n/m);
    expect(text).toMatch(/1 {2}provider or Nylas busy: google +nobody$/m);
    expect(text).toContain('Next:\n  Run again after 06:18 UTC (1 record waits):\n      nylas-migrate run');
    expect(text).toMatch(/^ +nylas-migrate run users.csv --ledger acme.db$/m);
    expect(text).toMatch(/1 {2}2026-03-01 06:00Z {2}1 min {2}work is left for a rerun {2}users.csv · canary/);
    expectNarrow(text);
  });

  it('repeats what the last run failed on', () => {
    new Story(path).endAndClose('input', 'users.csv: the record on line 13 never ends. Correct the line.');
    const text = renderStatus(statusOf(read(), NOW_MS, 'acme.db'));
    expect(text).toContain('the input broke off');
    expect(text).toContain('Run 1 could not read its input to the end: users.csv: the record');
    expect(text).toContain('Next: Mend the input, then run again');
  });

  it('of a ledger that nothing was run with says how to begin', () => {
    new Story(path).close();
    const status = { ...statusOf(read(), NOW_MS, path), runs: [], counts: [], records: 0 };
    expect(renderStatus(status)).toContain('0 records  ✓');
  });
});

describe('the explanation', () => {
  it('tells the whole story of a user, ready to be pasted', async () => {
    (await tellStory()).endAndClose();
    const text = renderExplanation(explainUser(read(), 'BOB@example.com', NOW_MS, 'acme.db'));
    for (const part of [
      /^BOB@example.com \(ledger acme.db, application app-1 at api.us.nylas.com\)/,
      /^ {2}record_key +bob$/m,
      /^ {2}error_message +AADSTS700082 expired$/m,
      /^ {2}meaning +the credential is no longer accepted; it is for the user to\n +act$/m,
      /^Requests: 1$/m,
      /^ {2}2026-03-01T06:00:01.000Z {2}submit, run 1: refused, HTTP 400, 300 ms$/m,
      /^ {4}request id +req-7$/m,
      /^ {4}x-fastly-id +fastly-7$/m,
      /^ {4}provider error +\{"error":"invalid_grant"\}$/m,
      /^Next: this person must sign in again$/m,
    ]) {
      expect(text).toMatch(part);
    }
    expectNarrow(text);
  });

  it('tells when a record can be run again, and with which command', async () => {
    (await tellStory()).endAndClose();
    const [record] = explainUser(read(), 'eve', NOW_MS, path).records;
    expect(record?.next).toEqual({
      say: 'run again, but not before 06:18 UTC',
      command: `nylas-migrate run users.csv --only keys.txt --ledger ${path}`,
    });
  });

  it('shows an attempt without an end as what it is', async () => {
    const story = await tellStory();
    await story.ledger.intend(story.runId, 'look_up', entryOf({ key: 'eve' }));
    story.close();
    const text = renderExplanation(explainUser(read(), 'eve', NOW_MS, path));
    expect(text).toMatch(/look up, run 1: no end was written down/);
  });

  it('counts look-ups among the requests, and says which of them count as attempts', async () => {
    const story = await tellStory();
    const attemptId = await story.ledger.intend(story.runId, 'look_up', entryOf({ key: 'bob' }));
    const end = { endedAtMs: BEGAN_AT_MS + 2_000, result: 'not_found', latencyMs: 1, evidence: NO_EVIDENCE };
    await story.ledger.conclude(attemptId, end, null);
    story.close();
    const text = renderExplanation(explainUser(read(), 'bob', NOW_MS, path));
    expect(text).toMatch(/^Requests: 2 \(1 of them counts as an attempt; look-ups/m);
    expect(text).not.toMatch(/^ +attempts /m);
  });

  it('finds a user by a carried value', async () => {
    (await tellStory()).endAndClose();
    expect(explainUser(read(), '1', NOW_MS, path).records).toMatchObject([{ facts: { record_key: 'ada' } }]);
    expect(explainUser(read(), '', NOW_MS, path)).toMatchObject({ records: [], issues: [] });
  });

  it('of a value that many carry shows the first, and where the others are', async () => {
    const story = new Story(path);
    for (let n = 0; n < 21; n += 1) await story.migrate({ key: `user-${n}`, carried: { team: 'sales' } });
    story.endAndClose();
    const { records, next } = explainUser(read(), 'sales', NOW_MS, 'migration.db');
    expect(records).toHaveLength(20);
    expect(next).toEqual([
      {
        say: 'More than 20 carry “sales”: all of them stand in the report',
        command: 'nylas-migrate report --out report.csv',
      },
    ]);
  });

  it('shows whose mailbox answered', async () => {
    (await tellStory()).endAndClose();
    const text = renderExplanation(explainUser(read(), 'joe', NOW_MS, path));
    expect(text).toMatch(/^ {2}grant_email +mallory@example.com$/m);
  });

  it('of a record that the last run left out names the command that takes it', async () => {
    const first = new Story(path);
    await first.throttle({ key: 'eve' }, BEGAN_AT_MS);
    first.endAndClose();
    const second = new Story(path, { options: { provider: ['imap'] } });
    await second.ledger.note(second.runId, issueOf({ kind: 'out_of_scope', key: 'eve' }));
    second.endAndClose();
    const [record] = explainUser(read(), 'eve', NOW_MS, 'migration.db').records;
    expect(record?.next?.command).toBe('nylas-migrate run users.csv');
  });

  it('has the rows that became no record, and names their line', async () => {
    (await tellStory()).endAndClose();
    const story = explainUser(read(), 'ada', NOW_MS, path);
    expect(story.records).toMatchObject([{ facts: { grant_id: 'grant-of-ada', user_id: '1' }, next: null }]);
    expect(story.issues).toMatchObject([{ run: 1, line: 6, kind: 'duplicate' }]);
    expect(renderExplanation(story)).toContain('run 1, line 6, duplicate: the email is none');
  });

  it('of somebody unknown says what to try', async () => {
    (await tellStory()).endAndClose();
    const text = renderExplanation(explainUser(read(), `nobody${ESCAPE}`, NOW_MS, 'acme.db'));
    expect(text).toMatch(/^“nobody” is not in this ledger/);
    expect(text.replaceAll(/\s+/g, ' ')).toContain("(this ledger's keys are made by account_id)");
    expect(text).toContain('nylas-migrate report --select invalid --ledger acme.db');
  });
});

describe('the summary of a run', () => {
  const buckets = {
    migrated: 1,
    failed: 2,
    already_done: 0,
    duplicate: 1,
    skipped: 0,
    waiting: 1,
    in_doubt: 0,
    held_back: 0,
    out_of_scope: 1,
    invalid: 9,
  };

  async function summarize(rest: Partial<RunSummary> = {}): Promise<RunSummary> {
    const story = await tellStory();
    story.end('work_remains');
    const result = {
      runId: story.runId,
      balance: { read: 15, buckets },
      balanced: true,
      origins: { created: 10, existing: 2 },
      stop: null,
      stoppedLanes: [],
      misconfigured: 0,
      measured: {
        elapsedMs: 65_000.4,
        requests: 2_600,
        meanRate: 39.996,
        breaksMs: 0,
        requestsPerSecond: 40,
        latencyP50Ms: 900,
      },
      pace: { askedPerSecond: 45, throttledHits: 0, throttledMs: 0, outageMs: 0, lanes: [], holds: [] },
      held: { throttledHits: 0, throttledMs: 0, outageMs: 0, lanes: [] },
      input: { sha256: 'c0ffee', bytes: 12 },
      unread: null,
      unmatched: { keys: [], retry: [] },
    };
    const to = { host: 'api.us.nylas.com', application: { id: 'app-1', name: null }, environment: null };
    const run = { ledgerPath: 'acme.db', inputName: 'users.csv', ratePerSecond: 45, ...to };
    const summary = summarizeRun(read(), result, run, NOW_MS);
    story.close();
    return { ...summary, ...rest };
  }

  it('balances, with only the buckets that hold something', async () => {
    const text = renderRunSummary(await summarize());
    expect(text).toContain(
      'Read 15 = migrated 1 + failed 2 + duplicate 1 + waiting 1 + out of scope 1 +\ninvalid 9  ✓',
    );
    expect(text).toContain(
      'Those migrated have a new grant 10 + a healthy one that was there 2\n' +
        'Run 1 took 1 min 5 s: 2,600 requests, 40.0/s while it sent (of 45/s asked for)\n',
    );
    expect(text).toContain('  line 7: the email is none; the provider is missing\n  and 8 more');
    expect(text).toMatch(
      /^No grant yet +who must act\n(?:.*\n)* +1 {2}the credential is no longer accepted: microsoft +the user$/m,
    );
    expectNarrow(text);
  });

  it('names as many providers as fit beside who must act', async () => {
    const need = { category: 'needs_admin', what: 'consent or policy of their domain', next: '' } as const;
    const providers = ['google', 'microsoft', 'yahoo', 'zoom', 'imap', 'icloud', 'ews', 'virtual-calendar'];
    const needs = providers.map((provider) => ({ ...need, provider, count: 7, who: 'an administrator' }));
    const text = renderRunSummary(await summarize({ needs }));
    expect(text).toMatch(
      /^ {2}56 {2}consent or policy of their domain: google and 7 more +an administrator$/m,
    );
    expect(renderRunSummary(await summarize({ needs: needs.slice(0, 2) }))).toContain(
      ': google, microsoft  an',
    );
    expectNarrow(text);
  });

  it('is of a run that has ended, although its ledger is still held', async () => {
    const { next } = await summarize();
    expect(next[0]?.say).toMatch(/^Run again after/);
  });

  it('of an input without rows says just that', async () => {
    const nothing = Object.fromEntries(Object.keys(buckets).map((name) => [name, 0])) as typeof buckets;
    const text = renderRunSummary(await summarize({ balance: { read: 0, buckets: nothing } }));
    expect(text).toMatch(/^The input has a header and no rows: there was nothing to migrate\.\n/);
  });

  it('has whole milliseconds and two decimals of the rate', async () => {
    expect(await summarize()).toMatchObject({ elapsedMs: 65_000, requestsPerSecond: 40 });
  });

  it('that does not balance says that it is a bug', async () => {
    expect(renderRunSummary(await summarize({ balanced: false }))).toContain(
      'invalid 9  ✗\nThe books do not balance: this is a bug, please report it.\n',
    );
  });

  it.each<[Partial<RunSummary>, string]>([
    [{ stop: { kind: 'signal', signal: 'SIGINT' } }, 'Stopped by SIGINT.'],
    [{ stop: { kind: 'limit', limit: 2_000 } }, 'Stopped at the limit of 2,000'],
    [{ stop: { kind: 'key_refused' } }, 'Nylas refuses the API key'],
    [
      { stop: { kind: 'input', message: 'Line 9 never ends.', next: 'Fix it.' } },
      'Line 9 never ends. Fix it.',
    ],
    [
      {
        stoppedLanes: [{ provider: 'zoom', credentialId: null, stop: { kind: 'no_connector' } }],
        misconfigured: 3,
      },
      'Held back: zoom. Stopped: the application has no connector for it',
    ],
    [{ stop: { kind: 'outage', lastedMs: 1_900_000 } }, 'Nylas did not answer for 31 min 40 s.'],
    [
      { held: { throttledHits: 2, throttledMs: 800, outageMs: 0, lanes: [] } },
      'Nylas said 2 times that it was too much',
    ],
    [
      { held: { throttledHits: 0, throttledMs: 0, outageMs: 61_000, lanes: [] } },
      'Nylas was down for 1 min 1 s',
    ],
    [
      {
        held: {
          throttledHits: 0,
          throttledMs: 0,
          outageMs: 0,
          lanes: [{ provider: 'microsoft', credentialId: null, heldMs: 14_000 }],
        },
      },
      'microsoft was held for 14 s',
    ],
    [{ misconfigured: 3 }, "3 rows met a connector or API key that doesn't work"],
    [
      {
        unmatched: {
          keys: [
            { option: '--only', count: 7, examples: ['a', 'b'] },
            { option: '--exclude', count: 1, examples: [] },
          ],
          retry: ['in_doubt'],
        },
      },
      '7 keys of --only are the record key of no row: a, b and 5 more\n' +
        '1 key of --exclude is the record key of no row\n' +
        '--retry in_doubt matched nothing',
    ],
    [
      { stop: { kind: 'input', message: 'Line 9 never ends.', next: 'Fix it.' } },
      'Line 9 never ends. Fix it. What is done\nstays done.',
    ],
    [{ ratePerSecond: 0 }, '(unpaced)'],
    [{ origins: { created: 12 } }, 'invalid 9  ✓\nRun 1 took'],
    [{ breaksMs: 120_400 }, '(of 45/s asked for);\nnothing was sent for 2 min of that\n'],
    [{ requests: 3, requestsPerSecond: null }, 'Run 1 took 1 min 5 s: 3 requests\n'],
  ])('says what happened: %o', async (what, says) => {
    expect(renderRunSummary(await summarize(what))).toContain(says);
  });
});

/** Commands stand unbroken on lines of their own; everything else keeps to the width, and holds no escapes. */
function expectNarrow(text: string): void {
  const prose = text.split('\n').filter((line) => !/^ +nylas-migrate /.test(line));
  expect(prose.filter((line) => line.length > 80)).toEqual([]);
  expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
}
