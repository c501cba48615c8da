import { userOf } from '../users.js';

/** What the ledger can do: the intent and the outcome of so many submissions, 50 at once, as a run writes them. */
const [path = '', records = '0'] = process.argv.slice(2);
const IN_FLIGHT = 50;
const RUN_OPTIONS = { label: null, host: 'bench', pid: 1, version: '0', options: {}, inputName: 'bench' };
const EVIDENCE = { httpStatus: 201, errorType: null, errorMessage: null, providerError: null };

/** As much of src/ports/ledger.ts as is used here. */
interface Ledger {
  claim(owner: object): void;
  beginRun(run: object): number;
  intend(runId: number, kind: 'submit', entry: object, opensAt: number): Promise<number>;
  conclude(attemptId: number, end: object, change: object): Promise<void>;
  close(): void;
}

async function built(file: string): Promise<unknown> {
  return import(new URL(`../../${file}`, import.meta.url).href);
}

const { systemClock } = (await built('adapters/clock/index.js')) as { systemClock: object };
const { openLedger } = (await built('adapters/sqlite/ledger.js')) as {
  openLedger: (path: string, clock: object) => Ledger;
};

const ledger = openLedger(path, systemClock);
ledger.claim({ applicationId: 'app-bench', host: '127.0.0.1', keying: 'account_id' });
const runId = ledger.beginRun({
  ...RUN_OPTIONS,
  startedAtMs: Date.now(),
  settleDelayMs: 0,
  intentWaitMaxMs: 0,
});
let next = 0;

function entryOf(row: number): object {
  const { accountId, email } = userOf(row, 0);
  const who = { key: accountId, provider: 'google', email, mailbox: email, accountId, credentialId: null };
  const fingerprint = String(row).padStart(32, '0');
  return { user: { ...who, carried: {}, line: row + 2 }, fingerprint, atMs: Date.now() };
}

function changeOf(row: number): object {
  const scope = 'https://www.googleapis.com/auth/calendar https://www.googleapis.com/auth/gmail.modify';
  const grant = {
    id: `grant-${row}`,
    status: 'valid',
    email: `user${row}@example.com`,
    scope,
    origin: 'created',
  };
  return { status: 'migrated', category: null, grant, notBeforeMs: null, inDoubt: false, counts: true };
}

async function work(): Promise<void> {
  while (next < Number(records)) {
    const row = next;
    next += 1;
    const attempt = await ledger.intend(runId, 'submit', entryOf(row), 0);
    const evidence = { ...EVIDENCE, requestId: `request-${row}`, fastlyId: null };
    await ledger.conclude(
      attempt,
      { endedAtMs: Date.now(), result: 'granted', evidence, latencyMs: 1 },
      changeOf(row),
    );
  }
}

const startedMs = performance.now();
await Promise.all(Array.from({ length: IN_FLIGHT }, work));
process.stdout.write(String(performance.now() - startedMs));
ledger.close();
