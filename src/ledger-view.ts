import { mailboxName } from './core/grant.js';
import type { GrantHolder, RecordState } from './core/plan.js';
import type { LegacyUser } from './core/record.js';
import type { MailboxName, PlanningLedger } from './ports.js';

interface Known {
  readonly record: RecordState | null;
  readonly holder: GrantHolder | null;
}

/**
 * What the ledger knows of the rows at hand: a batch is looked up in one statement, and a row whose record or
 * mailbox has been touched since is looked up again.
 */
export class LedgerView {
  readonly #ledger: Pick<PlanningLedger, 'lookUp' | 'holders'>;
  readonly #touched = new Set<string>();
  #records: ReadonlyMap<string, RecordState> = new Map();
  #holders: ReadonlyMap<string, GrantHolder> = new Map();
  #fetched = new Set<string>();

  constructor(ledger: Pick<PlanningLedger, 'lookUp' | 'holders'>) {
    this.#ledger = ledger;
  }

  /** Looks up a batch; what it found stands until the next one. */
  fetch(users: readonly LegacyUser[]): void {
    this.#touched.clear();
    this.#records = this.#ledger.lookUp(users.map((user) => user.key));
    this.#holders = this.#ledger.holders(this.#mailboxesOf(users, this.#records));
    this.#fetched = new Set(users.map((user) => user.key));
  }

  /** Says that a record, and so its mailbox, is being changed. */
  touch(user: LegacyUser): void {
    this.#touched.add(user.key);
    if (user.mailbox !== null) this.#touched.add(mailboxName(user.provider, user.mailbox));
  }

  of(user: LegacyUser): Known {
    if (!this.#fetched.has(user.key) || this.#isTouched(user)) return this.#fetchOne(user);
    return known(user, this.#records, this.#holders);
  }

  #fetchOne(user: LegacyUser): Known {
    const records = this.#ledger.lookUp([user.key]);
    return known(user, records, this.#ledger.holders(this.#mailboxesOf([user], records)));
  }

  #isTouched(user: LegacyUser): boolean {
    if (this.#touched.has(user.key)) return true;
    return user.mailbox !== null && this.#touched.has(mailboxName(user.provider, user.mailbox));
  }

  /** A migrated record needs no holder: its row is done. */
  #mailboxesOf(
    users: readonly LegacyUser[],
    records: ReadonlyMap<string, RecordState>,
  ): readonly MailboxName[] {
    return users.flatMap(({ key, provider, mailbox }) =>
      mailbox === null || records.get(key)?.status === 'migrated' ? [] : [{ provider, mailbox }],
    );
  }
}

function known(
  user: LegacyUser,
  records: ReadonlyMap<string, RecordState>,
  holders: ReadonlyMap<string, GrantHolder>,
): Known {
  const holder = user.mailbox === null ? null : holders.get(mailboxName(user.provider, user.mailbox));
  return { record: records.get(user.key) ?? null, holder: holder ?? null };
}
