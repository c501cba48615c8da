import type { Origin } from './core/category.js';
import { migrated, takenGrant } from './core/change.js';
import type { MailboxGrant, TakenOrigin } from './core/plan.js';
import type { LegacyUser } from './core/record.js';
import type { Bucket, Tally } from './core/tally.js';
import type { Clock } from './ports/clock.js';
import type { LaneName, Ledger, RecordEntry, RowIssue } from './ports/ledger.js';

/**
 * Keeps a run's books: what becomes of rows that are not worked on is written to the ledger, and counted
 * once that is committed. Nothing here holds up the reading; `settle` waits for all of it.
 */
export class Books {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #runId: number;
  readonly #tally: Tally;
  readonly #writes = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | null = null;

  constructor(ports: { readonly ledger: Ledger; readonly clock: Clock }, runId: number, tally: Tally) {
    this.#ledger = ports.ledger;
    this.#clock = ports.clock;
    this.#runId = runId;
    this.#tally = tally;
  }

  /** Counts a row whose end is in the ledger already. */
  count(bucket: Bucket): void {
    this.#tally.put(bucket);
  }

  /** Counts a row that was migrated, which is in the ledger already. */
  countMigrated(origin: Origin | null): void {
    this.#tally.migrated(origin);
  }

  /** Leaves a record as it is, but for the columns that travel with it. */
  leave(user: LegacyUser, bucket: Bucket): void {
    if (Object.keys(user.carried).length === 0) this.#tally.put(bucket);
    else this.#write(this.#ledger.carry(user.key, user.carried), bucket);
  }

  /** Notes a row that becomes no record. */
  note(issue: RowIssue, bucket: Bucket): void {
    this.#write(this.#ledger.note(this.#runId, issue), bucket);
  }

  /** The record's mailbox has a healthy grant already: it becomes the record's. */
  take(user: LegacyUser, grant: MailboxGrant, origin: TakenOrigin, fingerprint: string): void {
    const entry = this.#entry(user, fingerprint);
    const change = migrated(takenGrant(grant, origin), false);
    this.#keep(
      this.#ledger.put(this.#runId, entry, change).then(() => {
        this.#tally.migrated(origin);
      }),
    );
  }

  /** The row is known and stays `pending`, for a reason that lies outside it. */
  hold(user: LegacyUser, fingerprint: string): void {
    this.#write(this.#ledger.hold(this.#runId, this.#entry(user, fingerprint)), 'held_back');
  }

  /** The same for a row that is counted later: another pass over the input takes it up again. */
  holdForNow(user: LegacyUser, fingerprint: string): void {
    this.#keep(this.#ledger.hold(this.#runId, this.#entry(user, fingerprint)));
  }

  /** What has failed in a lane is taken back: it is held back like the lane's other rows. */
  reconsider(lane: LaneName): void {
    this.#keep(
      this.#ledger.reconsider(this.#runId, lane).then((count) => {
        this.#tally.move('failed', 'held_back', count);
      }),
    );
  }

  /** Resolves when everything is committed and counted. Rejects with the first failure to write. */
  async settle(): Promise<void> {
    if (this.#writes.size > 0) this.#ledger.flush();
    await Promise.all(this.#writes);
    if (this.#failure !== null) throw this.#failure.error;
  }

  #write(change: Promise<void>, bucket: Bucket): void {
    this.#keep(
      change.then(() => {
        this.#tally.put(bucket);
      }),
    );
  }

  #keep(counted: Promise<void>): void {
    const written = counted.catch((error: unknown) => {
      this.#failure ??= { error };
    });
    this.#writes.add(written);
    void written.finally(() => this.#writes.delete(written));
  }

  #entry(user: LegacyUser, fingerprint: string): RecordEntry {
    return { user, fingerprint, atMs: this.#clock.now() };
  }
}
