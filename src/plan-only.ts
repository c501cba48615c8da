import { credentialKey, fingerprintOf } from './core/fingerprint.js';
import { mailboxName } from './core/grant.js';
import { mapHeader } from './core/header.js';
import { assertKeying } from './core/keying.js';
import { planRow, type Plan, type PlanPolicy, type RetryTarget } from './core/plan.js';
import type { LegacyUser, ReadingOptions } from './core/record.js';
import { interpretRow } from './core/row.js';
import { inScope, type Scope } from './core/scope.js';
import { SeenKeys } from './core/seen.js';
import { secondsAt } from './core/check.js';
import type { PlannedRun } from './core/planned-run.js';
import { Asked } from './core/unmatched.js';
import { DoneRows, keyOfRow, usersOf, type ReadRow } from './done-rows.js';
import { LedgerView } from './ledger-view.js';
import type { PlanningLedger } from './ports/ledger.js';
import type { RecordSource } from './ports/source.js';

export interface PlanOnlyOptions {
  readonly reading: ReadingOptions;
  readonly scope: Scope;
  readonly retryTargets: ReadonlySet<RetryTarget>;
  readonly existing: PlanPolicy['existing'];
  /** Submissions in all and of each provider; null: no limit. */
  readonly limit: number | null;
  readonly limitPerProvider: number | null;
  readonly nowMs: number;
  readonly ratePerSecond: number;
}

/** Plans every row as a run would, and does nothing about it. */
export async function planOnly(
  source: RecordSource,
  ledger: PlanningLedger | null,
  options: PlanOnlyOptions,
): Promise<PlannedRun> {
  const planner = new Planner(ledger ?? EMPTY_LEDGER, options);
  const open = await source.open();
  try {
    const header = mapHeader(open.header, options.reading);
    if (ledger !== null) assertKeying('The ledger', ledger.keying, header.keyingRule);
    const rowOptions = { reading: options.reading, keyOfCredential: planner.keyOfCredential };
    const done = new DoneRows(ledger ?? EMPTY_LEDGER, header, options.scope, options.retryTargets);
    for await (const batch of open.batches) {
      const rows = done.tell(batch, (raw) => interpretRow(raw, header, rowOptions));
      planner.fetch(usersOf(rows));
      for (const row of rows) planner.add(row);
    }
    return planner.planned(source.name);
  } finally {
    await open.close();
  }
}

class Planner {
  readonly #ledger: PlanningLedger;
  readonly #options: PlanOnlyOptions;
  readonly #view: LedgerView;
  readonly #seen = new SeenKeys();
  readonly #mailboxes = new SeenKeys();
  readonly #asked: Asked;
  readonly #submits = new Map<string, number>();
  readonly #rest = new Map<string, number>();
  #rows = 0;

  constructor(ledger: PlanningLedger, options: PlanOnlyOptions) {
    this.#ledger = ledger;
    this.#options = options;
    this.#view = new LedgerView(ledger);
    this.#asked = new Asked(options.scope, options.retryTargets);
  }

  readonly keyOfCredential = (token: string): string => credentialKey(token, this.#ledger.fingerprintKey);

  fetch(users: readonly LegacyUser[]): void {
    this.#view.fetch(users);
  }

  add(row: ReadRow): void {
    this.#rows += 1;
    const key = keyOfRow(row);
    if (key !== null) this.#asked.key(key);
    switch (row.kind) {
      case 'bad':
        count(this.#rest, 'invalid');
        return;
      case 'done':
        count(this.#rest, this.#seen.note(row.key, row.raw.line) === null ? 'done' : 'duplicate');
        return;
      case 'user':
        this.#addUser(row.user);
        return;
    }
  }

  #addUser(user: LegacyUser): void {
    if (!inScope(user, this.#options.scope)) count(this.#rest, 'out_of_scope');
    else this.#addPlan(user, this.#plan(user));
  }

  planned(input: string): PlannedRun {
    const { ratePerSecond } = this.#options;
    const requests = this.#submitted();
    return {
      input,
      rows: this.#rows,
      wouldSubmit: Object.fromEntries(this.#submits),
      rest: Object.fromEntries(this.#rest),
      estimate: { ratePerSecond, requests, seconds: secondsAt(requests, ratePerSecond) },
      unmatched: this.#asked.unmatched(),
    };
  }

  /** A record that this file has named before would be in flight or done by now: a duplicate either way. */
  #plan(user: LegacyUser): Plan {
    const seenOnLine = this.#seen.note(user.key, user.line);
    if (seenOnLine !== null) return { kind: 'duplicate', ofLine: seenOnLine };
    const { retryTargets: retry, existing, nowMs } = this.#options;
    // Nothing is asked of Nylas: whatever is known of its grants is of earlier runs.
    const policy: PlanPolicy = { retry, existing, nowMs, firstListingId: Infinity };
    const fingerprint = (): string => fingerprintOf(user, this.#ledger.fingerprintKey);
    const known = this.#view.of(user);
    if (known.record !== null) this.#asked.record(known.record);
    return planRow({ ...known, inFlight: false, seenOnLine, isBegun: false, fingerprint }, policy);
  }

  #addPlan(user: LegacyUser, plan: Plan): void {
    if (plan.kind !== 'submit') count(this.#rest, plan.kind);
    // By the time of this row the mailbox's first one has brought the grant.
    else if (this.#sharesMailbox(user)) count(this.#rest, 'take');
    else if (this.#isOverLimit(user)) count(this.#rest, 'held_back');
    else count(this.#submits, user.provider);
  }

  #sharesMailbox({ provider, mailbox, line }: LegacyUser): boolean {
    return mailbox !== null && this.#mailboxes.note(mailboxName(provider, mailbox), line) !== null;
  }

  #isOverLimit({ provider }: LegacyUser): boolean {
    const { limit, limitPerProvider } = this.#options;
    const ofProvider = this.#submits.get(provider) ?? 0;
    return this.#submitted() >= (limit ?? Infinity) || ofProvider >= (limitPerProvider ?? Infinity);
  }

  #submitted(): number {
    return [...this.#submits.values()].reduce((sum, number) => sum + number, 0);
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

const EMPTY_LEDGER: PlanningLedger = {
  fingerprintKey: new Uint8Array(32),
  keying: null,
  lookUp: () => new Map(),
  unmigrated: (keys) => new Set(keys.keys()),
  knownGrants: () => new Map(),
};
