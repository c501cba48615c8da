import type { Database } from 'better-sqlite3';
import type { RecordChange } from '../../core/change.js';
import { UserError } from '../../core/errors.js';
import type { GrantHolder, RecordState } from '../../core/plan.js';
import type {
  AttemptEnd,
  AttemptKind,
  Clock,
  Ledger,
  LedgerOwner,
  MailboxName,
  RecordEntry,
  RowIssue,
  RunEnd,
  RunStart,
} from '../../ports.js';
import { GroupCommit } from './group-commit.js';
import { lookUpHolders, lookUpRecords } from './look-up.js';
import { describeHolder, guarded, ledgerError, openForWriting, takeLock } from './open.js';
import { prepareWrites, type Writes } from './writes.js';

interface Identity {
  readonly fingerprint_key: Buffer;
  readonly application_id: string | null;
  readonly host: string | null;
  readonly keying: string | null;
}

/** Opens a ledger for a run and takes its lock. Throws UserError('ledger' | 'locked'). */
export function openLedger(path: string, clock: Clock): Ledger {
  const lock = takeLock(path, () => describeHolder(path));
  try {
    return new SqliteLedger(path, openForWriting(path, clock.now()), lock, clock);
  } catch (error) {
    lock.close();
    throw error;
  }
}

class SqliteLedger implements Ledger {
  readonly #path: string;
  readonly #db: Database;
  readonly #lock: Database;
  readonly #writes: Writes;
  readonly #group: GroupCommit;
  readonly fingerprintKey: Uint8Array;

  constructor(path: string, db: Database, lock: Database, clock: Clock) {
    this.#path = path;
    this.#db = db;
    this.#lock = lock;
    this.#writes = prepareWrites(db);
    this.#group = new GroupCommit(db, clock, (error) => ledgerError(path, error));
    this.fingerprintKey = this.#identity().fingerprint_key;
  }

  get keying(): string | null {
    return this.#identity().keying;
  }

  claim(owner: LedgerOwner): void {
    const held = this.#identity();
    if (held.application_id === null) {
      this.#guarded(() => this.#writes.claim.run(owner.applicationId, owner.host, owner.keying));
      return;
    }
    if (held.application_id !== owner.applicationId || held.host !== owner.host) {
      throw new UserError(
        'ledger',
        `The ledger ${this.#path} belongs to application ${held.application_id} at ${held.host ?? '?'}, but the key is of ${owner.applicationId} at ${owner.host}.`,
        'Use the key of that application, or another ledger with --ledger.',
      );
    }
    if (held.keying !== owner.keying) {
      throw new UserError(
        'usage',
        `The ledger ${this.#path} names users by ${held.keying ?? '?'}, this file would name them by ${owner.keying}.`,
        `Give --identify-by ${held.keying ?? ''} with a file that allows it, or another ledger with --ledger.`,
      );
    }
  }

  beginRun(run: RunStart): number {
    return this.#guarded(() =>
      this.#db.transaction(() => {
        this.#writes.closeDeadRuns.run(run.startedAtMs);
        this.#writes.recoverInterrupted.run({ settleDelayMs: run.settleDelayMs });
        return Number(
          this.#writes.beginRun.run({ ...run, options: JSON.stringify(run.options) }).lastInsertRowid,
        );
      })(),
    );
  }

  endRun(runId: number, end: RunEnd): void {
    this.#group.flush();
    this.#guarded(() =>
      this.#writes.endRun.run({
        runId,
        endedAtMs: end.endedAtMs,
        how: end.how,
        sha256: end.input?.sha256 ?? null,
        bytes: end.input?.bytes ?? null,
        balance: JSON.stringify(end.balance),
      }),
    );
  }

  lookUp(keys: readonly string[]): ReadonlyMap<string, RecordState> {
    this.#group.flush();
    return this.#guarded(() => lookUpRecords(this.#writes, keys));
  }

  holders(mailboxes: readonly MailboxName[]): ReadonlyMap<string, GrantHolder> {
    this.#group.flush();
    return this.#guarded(() => lookUpHolders(this.#writes, mailboxes));
  }

  intend(runId: number, kind: AttemptKind, entry: RecordEntry): Promise<number> {
    return this.#group.add(() => {
      const change = kind === 'submit' ? SUBMITTING : null;
      const recordId = this.#upsert(runId, entry, change);
      return Number(
        this.#writes.startAttempt.run({ recordId, runId, kind, atMs: entry.atMs }).lastInsertRowid,
      );
    });
  }

  conclude(attemptId: number, end: AttemptEnd, change: RecordChange | null): Promise<void> {
    return this.#group.add(() => {
      const { evidence, endedAtMs, result } = end;
      const latencyMs = end.latencyMs === null ? null : Math.round(end.latencyMs);
      this.#writes.endAttempt.run({ attemptId, endedAtMs, result, latencyMs, ...evidence });
      if (change !== null) this.#writes.changeByAttempt.run({ attemptId, ...evidence, ...flat(change) });
    });
  }

  put(runId: number, entry: RecordEntry, change: RecordChange): Promise<void> {
    return this.#group.add(() => {
      this.#upsert(runId, entry, null);
      this.#writes.changeByKey.run({ key: entry.user.key, ...flat(change) });
    });
  }

  hold(runId: number, entry: RecordEntry): Promise<void> {
    return this.#group.add(() => {
      this.#writes.hold.run(rowOf(runId, entry));
    });
  }

  note(runId: number, issue: RowIssue): Promise<void> {
    return this.#group.add(() => {
      this.#writes.note.run({
        ...issue,
        runId,
        carried: jsonOrNull(issue.carried),
        reasons: JSON.stringify(issue.reasons),
      });
    });
  }

  flush(): void {
    this.#group.flush();
  }

  /** What is known is written down first, also on the way out of a failure; whoever waits for it is told. */
  close(): void {
    this.#group.close();
    this.#db.close();
    this.#lock.close();
  }

  #upsert(runId: number, entry: RecordEntry, change: { readonly status: 'submitting' } | null): number {
    const row = { ...rowOf(runId, entry), submitting: change === null ? 0 : 1 };
    return this.#writes.upsert.get(row)?.record_id ?? 0;
  }

  #identity(): Identity {
    const row = this.#guarded(() => this.#writes.identity.get());
    if (row === undefined) throw new UserError('ledger', `${this.#path} has lost its identity.`, DAMAGED);
    return row;
  }

  #guarded<T>(action: () => T): T {
    return guarded(this.#path, action);
  }
}

const SUBMITTING = { status: 'submitting' } as const;
const DAMAGED = 'Keep the file, and go on from your latest copy of it.';

function rowOf(runId: number, entry: RecordEntry): Record<string, unknown> {
  const { key, provider, email, mailbox, accountId, credentialId, carried, line } = entry.user;
  const { fingerprint, atMs } = entry;
  const row = { runId, key, provider, email, mailbox, accountId, credentialId, line, fingerprint, atMs };
  return { ...row, carried: jsonOrNull(carried) };
}

function flat(change: RecordChange): Record<string, unknown> {
  const { status, category, grant, notBeforeMs } = change;
  return {
    status,
    category,
    notBeforeMs,
    grantId: grant?.id ?? null,
    grantStatus: grant?.status ?? null,
    grantEmail: grant?.email ?? null,
    scope: grant?.scope ?? null,
    origin: grant?.origin ?? null,
    inDoubt: change.inDoubt ? 1 : 0,
    counts: change.counts ? 1 : 0,
  };
}

function jsonOrNull(carried: Readonly<Record<string, string>>): string | null {
  return Object.keys(carried).length === 0 ? null : JSON.stringify(carried);
}
