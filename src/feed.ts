import { UserError } from './core/errors.js';
import { credentialKey } from './core/fingerprint.js';
import type { BadRow, LegacyUser, RawRow, ReadingOptions, Row } from './core/record.js';
import { interpretRow } from './core/row.js';
import { inScope, type Scope } from './core/scope.js';
import type { Unread } from './core/run-summary.js';
import { SeenKeys } from './core/seen.js';
import type { Tally } from './core/tally.js';
import type { RetryTarget } from './core/plan.js';
import type { Asked } from './core/unmatched.js';
import type { StopReason } from './core/verdict.js';
import type { Books } from './books.js';
import { DoneRows, usersOf, type ReadRow } from './done-rows.js';
import type { Dispatcher } from './dispatch.js';
import type { Input } from './input.js';
import type { LedgerView } from './ledger-view.js';
import type { LeftRows } from './core/left-rows.js';
import type { PlanningLedger, RowIssue } from './ports/ledger.js';
import type { OpenSource } from './ports/source.js';

export interface FeedParts {
  readonly input: Input;
  readonly reading: ReadingOptions;
  readonly scope: Scope;
  readonly retryTargets: ReadonlySet<RetryTarget>;
  readonly ledger: Pick<PlanningLedger, 'unmigrated' | 'fingerprintKey'>;
  readonly dispatcher: Dispatcher;
  readonly view: LedgerView;
  readonly books: Books;
  readonly tally: Tally;
  readonly asked: Asked;
  readonly stopping: () => boolean;
  readonly warn: (message: string) => void;
}

/** Rows that waited are taken up again for each row that is read: neither holds up the other. */
const SERVED_PER_ROW = 2;

/** Reads the input row by row into the dispatcher, and again for the rows that a held lane left out. */
export class Feed {
  readonly #parts: FeedParts;
  readonly #seen = new SeenKeys();
  readonly #done: DoneRows;
  /** The pass that is going on. */
  #source: OpenSource;
  #isWhole = false;
  #lastLine: number | null = null;
  /** Whether rows were left unread, for a limit or a stop. */
  #isCutShort = false;

  constructor(parts: FeedParts) {
    this.#parts = parts;
    this.#done = new DoneRows(parts.ledger, parts.input.header, parts.scope, parts.retryTargets);
    this.#source = parts.input.source;
  }

  /** Reads the input to its end, or until the run stops. Resolves to what was wrong with it, if anything. */
  async read(): Promise<StopReason | null> {
    const failure = await this.#readOnce();
    // A run that stops closes the input itself, which then ends quietly.
    this.#isWhole = failure === null && !this.#isCutShort && !this.#parts.stopping();
    if (this.#isWhole) await this.#takeUpLeftRows();
    this.#parts.tally.put('held_back', this.#parts.dispatcher.takeLeftRows().size);
    return failure;
  }

  async #readOnce(): Promise<StopReason | null> {
    try {
      for await (const batch of this.#batches()) {
        this.#isCutShort = !(await this.#takeBatch(batch));
        if (this.#isCutShort) return null;
      }
      return null;
    } catch (error) {
      if (!(error instanceof UserError) || error.kind !== 'usage') throw error;
      if (this.#parts.tally.balance().read === 0) throw error;
      return { kind: 'input', message: error.message, next: error.next };
    }
  }

  /** The batches of this pass. While the input keeps silent, rows that wait are served. */
  async *#batches(): AsyncGenerator<readonly RawRow[]> {
    const batches = this.#source.batches[Symbol.asyncIterator]();
    try {
      for (;;) {
        const coming = batches.next();
        await this.#parts.dispatcher.turns.serveMeanwhile(coming);
        const result = await coming;
        if (result.done === true) return;
        yield result.value;
      }
    } finally {
      await batches.return?.();
    }
  }

  /** Whether the input was read to its end. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** How far it was read where that isn't to its end; null: it was, or nothing is known of it. */
  unread(): Unread | null {
    if (this.#isWhole || this.#lastLine === null) return null;
    return { afterLine: this.#lastLine, share: this.share(0) };
  }

  /** Of the whole input; null where it wasn't read to its end. */
  digest(): ReturnType<OpenSource['digest']> | null {
    return this.#isWhole ? this.#parts.input.source.digest() : null;
  }

  /** The share of the input whose rows have ended, of which `waiting` haven't; null where its size isn't known. */
  share(waiting: number): number | null {
    const { bytesRead, bytesTotal, rowsParsed } = this.#parts.input.source.progress();
    if (bytesTotal === null || bytesTotal === 0 || rowsParsed === 0) return null;
    // Rows are read ahead in chunks: of what was read, only the part whose rows have ended counts.
    const ended = Math.max(0, this.#parts.tally.balance().read - waiting);
    return Math.min(1, (bytesRead / bytesTotal) * (ended / rowsParsed));
  }

  close(): void {
    void this.#source.close();
  }

  /** Resolves to whether the reading goes on. */
  async #takeBatch(batch: readonly RawRow[]): Promise<boolean> {
    const { tally, dispatcher } = this.#parts;
    const rows = this.#done.tell(batch, (raw) => this.#interpret(raw));
    this.#parts.view.fetch(usersOf(rows));
    for (const row of rows) {
      if (!this.#goesOn()) return false;
      tally.row();
      this.#lastLine = lineOf(row);
      const user = this.#userOf(row);
      // Nothing is awaited for a row that is done: of those there can be millions.
      if (user !== null) await this.#takeUser(user);
    }
    await dispatcher.turns.serveDue(SERVED_PER_ROW * rows.filter(({ kind }) => kind === 'done').length);
    return true;
  }

  /** Null: the row needs nothing, or can't be used, and has been counted. */
  #userOf(row: ReadRow): LegacyUser | null {
    const isRepeat = row.kind === 'done' && this.#seen.note(row.key, row.raw.line) !== null;
    const read = isRepeat ? this.#interpret(row.raw) : row;
    switch (read.kind) {
      case 'done':
        this.#parts.asked.key(read.key);
        this.#parts.tally.put('already_done');
        return null;
      case 'bad':
        this.#noteBad(read.bad);
        return null;
      case 'user':
        return read.user;
    }
  }

  #noteBad(bad: BadRow): void {
    if (bad.key !== null) this.#parts.asked.key(bad.key);
    this.#parts.books.note(invalidIssue(bad), 'invalid');
  }

  async #takeUser(user: LegacyUser): Promise<void> {
    const { scope, books, dispatcher, asked } = this.#parts;
    asked.key(user.key);
    if (!inScope(user, scope)) books.note(outOfScopeIssue(user), 'out_of_scope');
    else await dispatcher.consider(user, this.#seen.note(user.key, user.line));
    await dispatcher.turns.serveDue(SERVED_PER_ROW);
  }

  /** Goes through the input again, as often as rows were left out while others had work. */
  async #takeUpLeftRows(): Promise<void> {
    const { dispatcher, tally } = this.#parts;
    for (let left = dispatcher.takeLeftRows(); left.size > 0; left = dispatcher.takeLeftRows()) {
      await dispatcher.turns.serveUntilRoom();
      const taken = dispatcher.turns.standsStill ? 0 : await this.#passAgain(left);
      tally.put('held_back', left.size - taken);
    }
  }

  /** Resolves to how many of the rows were found again, unchanged, and taken up. */
  async #passAgain(left: LeftRows): Promise<number> {
    let taken = 0;
    try {
      this.#source = await this.#parts.input.reopen();
      for await (const batch of this.#batches()) {
        for (const user of this.#stillLeft(batch, left)) {
          if (!this.#goesOn()) return taken;
          taken += 1;
          await this.#parts.dispatcher.consider(user, this.#earlierLine(user));
          await this.#parts.dispatcher.turns.serveDue(SERVED_PER_ROW);
        }
      }
    } catch (error) {
      if (!(error instanceof UserError) || error.kind !== 'usage') throw error;
      this.#parts.warn(`${error.message} Rows that waited for their provider are left to the next run.`);
    } finally {
      await this.#source.close();
    }
    return taken;
  }

  /** The line that named the record before, if any did: both were noted when they were first read. */
  #earlierLine({ key, line }: LegacyUser): number | null {
    const first = this.#seen.firstLine(key);
    return first === line ? null : first;
  }

  #stillLeft(batch: readonly RawRow[], left: LeftRows): readonly LegacyUser[] {
    const users = batch.flatMap((raw) => {
      if (!left.has(raw.line)) return [];
      const row = this.#interpret(raw);
      return row.kind === 'user' && left.isStill(row.user.key) ? [row.user] : [];
    });
    if (users.length > 0) this.#parts.view.fetch(users);
    return users;
  }

  #goesOn(): boolean {
    return !this.#parts.stopping() && !this.#parts.dispatcher.limitReached;
  }

  #interpret(raw: RawRow): Row {
    const { input, reading, ledger } = this.#parts;
    const keyOfCredential = (token: string): string => credentialKey(token, ledger.fingerprintKey);
    return interpretRow(raw, input.header, { reading, keyOfCredential });
  }
}

function lineOf(row: ReadRow): number {
  switch (row.kind) {
    case 'user':
      return row.user.line;
    case 'bad':
      return row.bad.line;
    case 'done':
      return row.raw.line;
  }
}

function invalidIssue(bad: BadRow): RowIssue {
  return { ...bad, kind: 'invalid' };
}

function outOfScopeIssue(user: LegacyUser): RowIssue {
  const { line, key, accountId, email, provider, carried } = user;
  const reasons = [{ code: 'out_of_scope', message: 'left out by an option of this run' }];
  return { kind: 'out_of_scope', line, key, accountId, email, provider, carried, reasons };
}
