import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/adapters/clock/index.js';
import { openLedger } from '../../src/adapters/sqlite/ledger.js';
import { doubtful, migrated, refused, waiting, type RecordChange } from '../../src/core/change.js';
import type { Category } from '../../src/core/category.js';
import { foldEmail } from '../../src/core/grant.js';
import { NO_EVIDENCE, type Evidence } from '../../src/core/outcome.js';
import type { Provider } from '../../src/core/provider.js';
import type { Ledger, LedgerOwner, RecordEntry, RowIssue, RunStart } from '../../src/ports/ledger.js';

/** When the runs of these tests began; Unix milliseconds. */
export const BEGAN_AT_MS = Date.UTC(2026, 2, 1, 6);
export const SETTLE_DELAY_MS = 120_000;
export const OWNER: LedgerOwner = { applicationId: 'app-1', host: 'api.us.nylas.com', keying: 'account_id' };

/** A folder of its own for each test; `remove` is for afterEach. */
export function makeFolder(): { path: (name: string) => string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-test-'));
  return {
    path: (name) => join(folder, name),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function runStart(rest: Partial<RunStart> = {}): RunStart {
  return {
    startedAtMs: BEGAN_AT_MS,
    label: null,
    host: 'worker-1',
    pid: 4711,
    version: '1.0.0',
    options: {},
    inputName: 'users.csv',
    settleDelayMs: SETTLE_DELAY_MS,
    intentWaitMaxMs: 0,
    ...rest,
  };
}

export interface UserFacts {
  readonly key: string;
  readonly email?: string | null;
  readonly provider?: Provider;
  readonly line?: number;
  readonly carried?: Readonly<Record<string, string>>;
  readonly atMs?: number;
}

export function entryOf(facts: UserFacts): RecordEntry {
  const email = facts.email === undefined ? `${facts.key}@example.com` : facts.email;
  return {
    user: {
      key: facts.key,
      provider: facts.provider ?? 'google',
      email,
      mailbox: email === null ? null : foldEmail(email),
      accountId: facts.key,
      credentialId: null,
      carried: facts.carried ?? {},
      line: facts.line ?? 2,
    },
    fingerprint: `print-of-${facts.key}`,
    atMs: facts.atMs ?? BEGAN_AT_MS + 1_000,
  };
}

export function issueOf(rest: Partial<RowIssue>): RowIssue {
  const reasons = [{ code: 'bad_email', message: 'the email is none' }];
  return {
    line: 9,
    kind: 'invalid',
    key: null,
    accountId: null,
    email: null,
    provider: null,
    carried: {},
    reasons,
    ...rest,
  };
}

/** A ledger being written, with the shortcuts of a story: each submits a user and says what came of it. */
export class Story {
  readonly ledger: Ledger;
  readonly runId: number;

  constructor(path: string, run: Partial<RunStart> = {}) {
    this.ledger = openLedger(path, systemClock);
    this.ledger.claim(OWNER);
    this.runId = this.ledger.beginRun(runStart(run));
  }

  async migrate(facts: UserFacts, grantId = `grant-of-${facts.key}`): Promise<void> {
    const email = entryOf(facts).user.email;
    const grant = { id: grantId, status: 'valid', email, scope: 'openid', origin: 'created' as const };
    await this.submit(facts, 'granted', { httpStatus: 200, requestId: 'req-ok' }, migrated(grant, true));
  }

  async refuse(facts: UserFacts, category: Category, evidence: Partial<Evidence> = {}): Promise<void> {
    await this.submit(facts, 'refused', { httpStatus: 400, ...evidence }, refused(category, null));
  }

  async throttle(facts: UserFacts, notBeforeMs: number): Promise<void> {
    await this.submit(facts, 'throttled', { httpStatus: 429 }, waiting('throttled', notBeforeMs, false));
  }

  async doubt(facts: UserFacts, notBeforeMs: number): Promise<void> {
    await this.submit(facts, 'in_doubt', { httpStatus: 502 }, doubtful(notBeforeMs));
  }

  async submit(
    facts: UserFacts,
    result: string,
    evidence: Partial<Evidence>,
    change: RecordChange,
  ): Promise<void> {
    const entry = entryOf(facts);
    const attemptId = await this.ledger.intend(this.runId, 'submit', entry);
    const end = { endedAtMs: entry.atMs + 300, result, latencyMs: 300 };
    await this.ledger.conclude(attemptId, { ...end, evidence: { ...NO_EVIDENCE, ...evidence } }, change);
  }

  end(how = 'done', why: string | null = null): void {
    this.ledger.endRun(this.runId, {
      endedAtMs: BEGAN_AT_MS + 60_000,
      how,
      why,
      input: { sha256: 'c0ffee', bytes: 12 },
      balance: { read: 0 },
    });
  }

  close(): void {
    this.ledger.close();
  }

  endAndClose(how?: string, why?: string): void {
    this.end(how, why);
    this.close();
  }
}
