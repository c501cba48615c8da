import { mailboxName } from './core/grant.js';
import { NO_GRANTS, retryTargetOf, type KnownGrants, type RecordState } from './core/plan.js';
import type { LegacyUser } from './core/record.js';
import type { MailboxName, PlanningLedger } from './ports/ledger.js';

type Known = KnownGrants & { readonly record: RecordState | null };
type LookUps = Pick<PlanningLedger, 'lookUp' | 'knownGrants'>;

/**
 * What the ledger knows of the rows at hand: a batch is looked up in one statement, and a row whose record or
 * mailbox has been touched since is looked up again.
 */
export class LedgerView {
  readonly #ledger: LookUps;
  readonly #touched = new Set<string>();
  #records: ReadonlyMap<string, RecordState> = new Map();
  #grants: ReadonlyMap<string, KnownGrants> = new Map();
  #fetched = new Set<string>();

  constructor(ledger: LookUps) {
    this.#ledger = ledger;
  }

  /** Looks up a batch; what it found stands until the next one. */
  fetch(users: readonly LegacyUser[]): void {
    this.#touched.clear();
    this.#records = this.#ledger.lookUp(users.map((user) => user.key));
    this.#grants = this.#ledger.knownGrants(mailboxesOf(users, this.#records));
    this.#fetched = new Set(users.map((user) => user.key));
  }

  /** Says that a record, and so its mailbox, is being changed. */
  touch(user: LegacyUser): void {
    for (const name of namesOf(user)) this.#touched.add(name);
  }

  of(user: LegacyUser): Known {
    const stands = this.#fetched.has(user.key) && !namesOf(user).some((name) => this.#touched.has(name));
    return stands ? known(user, this.#records, this.#grants) : this.#fetchOne(user);
  }

  #fetchOne(user: LegacyUser): Known {
    const records = this.#ledger.lookUp([user.key]);
    return known(user, records, this.#ledger.knownGrants(mailboxesOf([user], records)));
  }
}

function namesOf({ key, provider, mailbox }: LegacyUser): readonly string[] {
  return mailbox === null ? [key] : [key, mailboxName(provider, mailbox)];
}

/** A migrated record needs no other grant, unless it lost its own: its row is done. */
function mailboxesOf(
  users: readonly LegacyUser[],
  records: ReadonlyMap<string, RecordState>,
): readonly MailboxName[] {
  return users.flatMap(({ key, provider, mailbox }) =>
    mailbox === null || isServed(records.get(key)) ? [] : [{ provider, mailbox }],
  );
}

function isServed(record: RecordState | undefined): boolean {
  return record?.status === 'migrated' && retryTargetOf(record) === null;
}

function known(
  user: LegacyUser,
  records: ReadonlyMap<string, RecordState>,
  grants: ReadonlyMap<string, KnownGrants>,
): Known {
  const { provider, mailbox } = user;
  const ofMailbox = mailbox === null ? undefined : grants.get(mailboxName(provider, mailbox));
  return { record: records.get(user.key) ?? null, ...(ofMailbox ?? NO_GRANTS) };
}
