import type { Database } from 'better-sqlite3';
import type { RecordChange } from '../../core/change.js';
import { assertKeying } from '../../core/keying.js';
import { isLedgerFailure, UserError } from '../../core/errors.js';
import { stateName } from '../../core/fingerprint.js';
import type { Grant } from '../../core/grant.js';
import { NO_EVIDENCE } from '../../core/outcome.js';
import type { Provider } from '../../core/provider.js';
import type { KnownGrants, RecordState } from '../../core/plan.js';
import type { Clock } from '../../ports/clock.js';
import type {
  AttemptEnd,
  Decided,
  JobStart,
  LaneName,
  Ledger,
  LedgerOwner,
  MailboxName,
  RecordEntry,
  RowIssue,
  RunEnd,
  RunStart,
  UndoneGrant,
} from '../../ports/ledger.js';
import { copyInThread } from './copy-thread.js';
import { wayBack } from './damage.js';
import { GroupCommit } from './group-commit.js';
import { afterChange, filesOf } from './ledger-files.js';
import { lookUpGrants, lookUpRecords, lookUpUnmigrated } from './look-up.js';
import {
  assertExists,
  assertNotForeign,
  describeHolder,
  ledgerError,
  openForWriting,
  takeLock,
} from './open.js';
import { decisionRow, flat, jsonOrNull, rowOf } from './rows.js';
import { grantOfSeen, seenRow } from './seen-grants.js';
import type { NewIdentity } from './schema.js';
import { watchFiles } from './watch.js';
import { prepareWrites, type Writes } from './writes.js';

interface Identity {
  readonly fingerprint_key: Buffer;
  readonly application_id: string | null;
  readonly host: string | null;
  readonly keying: string | null;
}

/** As `openLedger`, but makes none: for jobs that only go on with what a migration began. */
export function openExistingLedger(path: string, clock: Clock): Ledger {
  assertExists(path);
  return openLedger(path, clock);
}

/**
 * Opens a ledger for a run and takes its lock. `identity`: of a new one, random where it isn't given. Throws
 * UserError('ledger' | 'locked').
 */
export function openLedger(path: string, clock: Clock, identity?: NewIdentity): Ledger {
  assertNotForeign(path);
  const lock = takeLock(path, () => describeHolder(path));
  try {
    return new SqliteLedger(path, openForWriting(path, clock.now(), identity), lock, clock);
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
  readonly #clock: Clock;
  #failure: UserError | null = null;
  #onFailure: (failure: UserError) => void = () => undefined;
  #lookAtFiles = (): void => undefined;
  readonly fingerprintKey: Uint8Array;

  constructor(path: string, db: Database, lock: Database, clock: Clock) {
    this.#path = path;
    this.#db = db;
    this.#lock = lock;
    this.#clock = clock;
    this.#writes = prepareWrites(db);
    this.#group = new GroupCommit(db, clock, {
      assertSound: () => {
        this.#assertFiles();
      },
      onFailure: (error) => this.#fail(error),
    });
    this.fingerprintKey = this.#identity().fingerprint_key;
    // Whoever holds the lock knows that they died: nobody who is kept out shall take one of them for the holder.
    this.#guarded(() => this.#writes.closeDeadRuns.run(clock.now()));
  }

  readonly #nameState = (state: string): string => stateName(state, this.fingerprintKey);

  get keying(): string | null {
    return this.#identity().keying;
  }

  claim(owner: LedgerOwner): void {
    const held = this.#identity();
    if (held.application_id === null) {
      this.#guarded(() => this.#writes.claim.run(owner.applicationId, owner.host, owner.keying));
      return;
    }
    this.assertOwner(owner);
    assertKeying(`The ledger ${this.#path}`, held.keying, owner.keying);
  }

  assertOwner(owner: Omit<LedgerOwner, 'keying'>): void {
    const held = this.#identity();
    if (held.application_id === owner.applicationId && held.host === owner.host) return;
    const theirs =
      held.application_id === null
        ? 'belongs to no application yet: nothing was run with it'
        : `belongs to application ${held.application_id} at ${held.host ?? '?'}, but the key is of ${owner.applicationId} at ${owner.host}`;
    throw new UserError(
      'ledger',
      `The ledger ${this.#path} ${theirs}.`,
      'Use the key of that application, or another ledger with --ledger.',
    );
  }

  beginRun(run: RunStart): number {
    return this.#guarded(() =>
      this.#db.transaction(() => {
        const { startedAtMs, settleDelayMs, intentWaitMaxMs } = run;
        this.#writes.beginOutcomes.run({ startedAtMs });
        this.#writes.unsettleInterrupted.run({ startedAtMs, settleDelayMs });
        this.#writes.recoverInterrupted.run({ startedAtMs, settleDelayMs, intentWaitMaxMs });
        return Number(
          this.#writes.beginRun.run({ ...run, options: JSON.stringify(run.options) }).lastInsertRowid,
        );
      })(),
    );
  }

  beginJob(job: JobStart): number {
    const row = { ...job, options: JSON.stringify(job.options) };
    return this.#guarded(() =>
      this.#db.transaction(() => {
        this.#writes.beginOutcomes.run({ startedAtMs: job.startedAtMs });
        return Number(this.#writes.beginJob.run(row).lastInsertRowid);
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
        why: end.why,
        sha256: end.input?.sha256 ?? null,
        bytes: end.input?.bytes ?? null,
        balance: JSON.stringify(end.balance),
        pace: end.pace === undefined ? null : JSON.stringify(end.pace),
      }),
    );
  }

  lookUp(keys: readonly string[]): ReadonlyMap<string, RecordState> {
    this.#group.flush();
    return this.#guarded(() => lookUpRecords(this.#writes, keys));
  }

  unmigrated(keys: readonly (string | null)[]): ReadonlySet<number> {
    this.#group.flush();
    return this.#guarded(() => lookUpUnmigrated(this.#writes, keys));
  }

  knownGrants(mailboxes: readonly MailboxName[]): ReadonlyMap<string, KnownGrants> {
    this.#group.flush();
    return this.#guarded(() => lookUpGrants(this.#writes, mailboxes));
  }

  seenByState(state: string, provider: Provider): readonly Grant[] {
    this.#group.flush();
    const rows = this.#guarded(() => this.#writes.seenByState.all(this.#nameState(state), provider));
    return rows.map((row) => grantOfSeen(row, state));
  }

  see(grants: readonly Grant[], listingId: number): Promise<number> {
    const rows = grants.map((grant) => seenRow(grant, listingId, this.#nameState));
    return this.#group.add(() => {
      this.#writes.noteListing.run(listingId);
      return rows.reduce((brought, row) => brought + this.#writes.see.run(row).changes, 0);
    });
  }

  lastListing(): number {
    return this.#guarded(() => this.#writes.lastListing.get())?.listingId ?? 0;
  }

  listingOf(grantId: string): number | null {
    this.#group.flush();
    return this.#guarded(() => this.#writes.listingOf.get(grantId))?.listingId ?? null;
  }

  confirm(grantId: string, status: string | null, listingId: number): Promise<void> {
    return this.#group.add(() => {
      this.#writes.noteListing.run(listingId);
      this.#writes.confirm.run({ grantId, status, listingId });
    });
  }

  forget(grantId: string): Promise<void> {
    return this.#group.add(() => {
      this.#writes.forget.run(grantId);
    });
  }

  listedUntil(): number | null {
    return this.#guarded(() => this.#writes.listedUntil.get())?.listedUntil ?? null;
  }

  setListedUntil(seconds: number): Promise<void> {
    return this.#group.add(() => {
      this.#writes.setListedUntil.run(seconds);
    });
  }

  renewedUntil(): number | null {
    return this.#guarded(() => this.#writes.renewedUntil.get())?.renewedUntil ?? null;
  }

  setRenewedUntil(seconds: number): Promise<void> {
    return this.#group.add(() => {
      this.#writes.setRenewedUntil.run(seconds);
    });
  }

  intend(
    runId: number,
    kind: 'submit' | 'look_up',
    entry: RecordEntry,
    opensAt: number | null = null,
  ): Promise<number> {
    return this.#group.add(() => {
      const change = kind === 'submit' ? SUBMITTING : null;
      const recordId = this.#upsert(runId, entry, change);
      const start = { recordId, runId, kind, atMs: entry.atMs, opensAt };
      return Number(this.#writes.startAttempt.run(start).lastInsertRowid);
    });
  }

  attempt(runId: number, kind: 'verify' | 'undo', recordId: number, atMs: number): Promise<number> {
    return this.#group.add(() => {
      const start = { recordId, runId, kind, atMs, opensAt: null };
      return Number(this.#writes.startAttempt.run(start).lastInsertRowid);
    });
  }

  conclude(attemptId: number, end: AttemptEnd, change: RecordChange | null): Promise<void> {
    return this.#group.add(() => {
      this.#endAttempt(attemptId, end);
      const { evidence, result } = end;
      if (result === 'not_found') this.#writes.countEmptyLook.run(attemptId);
      if (change === null) return;
      // The grant of a lost attempt can be found after a refusal: what that said doesn't describe the record.
      const said = change.status === 'migrated' && evidence.errorType !== null ? NO_EVIDENCE : evidence;
      this.#writes.changeByAttempt.run({ attemptId, ...said, ...flat(change) });
      const { status, counts, notBeforeMs } = change;
      if (status === 'in_doubt' && counts) this.#writes.unsettle.run({ attemptId, notBeforeMs });
    });
  }

  concludeUndo(attemptId: number, end: AttemptEnd, undone: UndoneGrant | null): Promise<void> {
    return this.#group.add(() => {
      this.#endAttempt(attemptId, end);
      if (undone === null) return;
      const { grantId, recordIds } = undone;
      this.#writes.undoGrant.run({ grantId, attemptId });
      this.#writes.undoRecords.run({ grantId, recordIds: JSON.stringify(recordIds) });
      this.#writes.forget.run(grantId);
    });
  }

  setGrantStatus(recordId: number, grantStatus: string): Promise<void> {
    return this.#group.add(() => {
      this.#writes.setGrantStatus.run({ recordId, grantStatus });
    });
  }

  decide(runId: number, decided: readonly Decided[]): Promise<void> {
    const rows = decided.map((each) => decisionRow(runId, each));
    return this.#group.add(() => {
      for (const row of rows) {
        this.#writes.decide.run(row);
        this.#writes.changeByDecision.run(row);
      }
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

  carry(key: string, carried: Readonly<Record<string, string>>): Promise<void> {
    return this.#group.add(() => {
      this.#writes.carry.run({ key, carried: JSON.stringify(carried) });
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

  withoutSuccess({ provider, credentialId }: LaneName): number {
    this.#group.flush();
    return this.#guarded(() => this.#writes.withoutSuccess.get({ provider, credentialId }))?.outcomes ?? 0;
  }

  reconsider(runId: number, { provider, credentialId }: LaneName): Promise<number> {
    return this.#group.add(() => {
      const changed = this.#writes.reconsider.all({ provider, credentialId });
      return changed.filter((record) => record.run_id === runId).length;
    });
  }

  flush(): void {
    this.#group.flush();
  }

  watch(onFailure: (failure: UserError) => void): () => void {
    this.#onFailure = onFailure;
    if (this.#failure !== null) onFailure(this.#failure);
    const watch = watchFiles(filesOf(this.#path), this.#clock, (file, what) => {
      if (file === this.#path) this.#letGoOfWal();
      const message = `The ledger ${this.#path} can't be used: ${file} ${what} while the run was using it.`;
      this.#fail(new UserError('ledger', message, afterChange(this.#path, file)));
    });
    this.#lookAtFiles = watch.look;
    return () => {
      watch.stop();
      this.#onFailure = () => undefined;
    };
  }

  async backUp(signal: AbortSignal): Promise<void> {
    const some = this.#guarded(() => this.#db.prepare('SELECT 1 FROM records LIMIT 1').get());
    if (some === undefined) return;
    await copyInThread(this.#path, signal).catch((error: unknown) => {
      throw isLedgerFailure(error) ? this.#fail(error) : error;
    });
  }

  /** What is known is written down first, also on the way out of a failure; whoever waits for it is told. */
  close(): void {
    this.#group.close(ledgerError(this.#path, new Error('it is closed')));
    this.#db.close();
    this.#lock.close();
  }

  /**
   * Moves what the WAL holds into the file we have open, wherever that is now: the WAL that is left behind is
   * empty then, and can't be taken for that of another file of the same name.
   */
  #letGoOfWal(): void {
    try {
      this.#db.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // The ledger is lost to this run anyway, and that is being told.
    }
  }

  /**
   * Between two commits the files only grow. A WAL that was cut short must not be written on: the next checkpoint
   * would carry what is missing of it into the file, and nothing would show it.
   */
  #assertFiles(): void {
    this.#lookAtFiles();
    if (this.#failure !== null) throw this.#failure;
  }

  /** The first failure is final, whether it came of writing, reading or watching. */
  #fail(error: unknown): UserError {
    if (this.#failure !== null) return this.#failure;
    this.#failure = ledgerError(this.#path, error);
    this.#group.fail(this.#failure);
    this.#onFailure(this.#failure);
    return this.#failure;
  }

  #endAttempt(attemptId: number, { endedAtMs, result, evidence, latencyMs }: AttemptEnd): void {
    const wholeMs = latencyMs === null ? null : Math.round(latencyMs);
    this.#writes.endAttempt.run({ attemptId, endedAtMs, result, latencyMs: wholeMs, ...evidence });
  }

  #upsert(runId: number, entry: RecordEntry, change: { readonly status: 'submitting' } | null): number {
    const row = { ...rowOf(runId, entry), submitting: change === null ? 0 : 1 };
    return this.#writes.upsert.get(row)?.record_id ?? 0;
  }

  #identity(): Identity {
    const row = this.#guarded(() => this.#writes.identity.get());
    if (row === undefined)
      throw new UserError('ledger', `${this.#path} has lost its identity.`, wayBack(this.#path));
    return row;
  }

  #guarded<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw this.#fail(error);
    }
  }
}

const SUBMITTING = { status: 'submitting' } as const;
