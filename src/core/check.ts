import { createHash } from 'node:crypto';
import type { LegacyUser, ReasonCode, Row, RowReason } from './record.js';
import { SeenKeys } from './seen.js';

/** Rows with one and the same thing wrong with them. */
export interface Problem {
  readonly code: ReasonCode;
  readonly message: string;
  readonly count: number;
  /** Of the first rows only. */
  readonly lines: readonly number[];
}

export interface CheckedBadRow {
  readonly line: number;
  readonly reasons: readonly { readonly code: ReasonCode; readonly message: string }[];
}

export interface Repeat {
  readonly line: number;
  readonly firstLine: number;
  /** Null where keys are made from credentials. */
  readonly key: string | null;
}

/** What a file holds, as far as its rows tell. */
export interface Checked {
  readonly rows: number;
  readonly good: number;
  readonly bad: number;
  /** Of the good rows. */
  readonly byProvider: Readonly<Record<string, number>>;
  readonly problems: readonly Problem[];
  /** In file order, the first BAD_ROWS_MAX of them. */
  readonly badRows: readonly CheckedBadRow[];
  readonly badRowsLeftOut: number;
  /** Rows whose record key stood on an earlier line: only the first counts. */
  readonly repeats: {
    readonly count: number;
    /** Those that name another mailbox than any row before: their users would be passed over. */
    readonly otherMailbox: number;
    readonly examples: readonly Repeat[];
  };
  /** Rows with a key of their own, whose provider and email stood on an earlier line. */
  readonly sharedMailboxes: number;
  readonly withoutCredential: { readonly count: number; readonly lines: readonly number[] };
  /** Good rows that need a request: neither a repeat nor a mailbox that another row brings. */
  readonly toSubmit: number;
}

/** What a file is, beside its rows. */
export interface InputFacts {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly delimiter: string;
  /** What was recognised on the way to the text: `gzip`, `UTF-16LE`. */
  readonly notes: readonly string[];
  readonly ignoredHeaders: readonly string[];
  /** Whether some column is read as refresh tokens. */
  readonly hasTokenColumn: boolean;
  readonly identifiedBy: string;
}

/** The whole answer of `check`. */
export interface CheckSummary extends InputFacts, Checked {
  readonly estimate: {
    readonly ratePerSecond: number;
    readonly requests: number;
    /** Null where the rate is 0: nothing bounds it then. */
    readonly seconds: number | null;
  };
}

/** How many lines and examples stand for a group. */
const LINES_SHOWN = 20;
/** How many bad rows are listed one by one. */
export const BAD_ROWS_MAX = 10_000;
/** A file can hold as many unknown provider names as rows: beyond these, problems are grouped by code alone. */
const PROBLEMS_MAX = 200;

/** Judges a file row by row; memory grows by some 50 bytes a row, for telling repeats. */
export class CheckTally {
  readonly #hidesKeys: boolean;
  readonly #keys = new SeenKeys();
  readonly #mailboxes = new SeenKeys();
  readonly #byProvider = new Map<string, number>();
  readonly #problems = new Map<string, { reason: RowReason; count: number; lines: number[] }>();
  readonly #badRows: CheckedBadRow[] = [];
  readonly #repeats: Repeat[] = [];
  readonly #withoutCredential = { count: 0, lines: [] as number[] };
  #good = 0;
  #bad = 0;
  #repeated = 0;
  #otherMailbox = 0;
  #shared = 0;

  /** `hidesKeys`: the keys are made from credentials and mean nothing outside of this pass. */
  constructor({ hidesKeys }: { readonly hidesKeys: boolean }) {
    this.#hidesKeys = hidesKeys;
  }

  get rows(): number {
    return this.#good + this.#bad;
  }

  add(row: Row): void {
    if (row.kind === 'user') this.#addUser(row.user);
    else this.#addBad(row.bad.line, row.bad.reasons);
  }

  checked(): Checked {
    return {
      rows: this.rows,
      good: this.#good,
      bad: this.#bad,
      byProvider: Object.fromEntries([...this.#byProvider].sort(([, a], [, b]) => b - a)),
      problems: [...this.#problems.values()].map(problemOf).sort((a, b) => b.count - a.count),
      badRows: this.#badRows,
      badRowsLeftOut: this.#bad - this.#badRows.length,
      repeats: { count: this.#repeated, otherMailbox: this.#otherMailbox, examples: this.#repeats },
      sharedMailboxes: this.#shared,
      withoutCredential: this.#withoutCredential,
      toSubmit: this.#good - this.#repeated - this.#shared,
    };
  }

  #addUser(user: LegacyUser): void {
    this.#good += 1;
    this.#byProvider.set(user.provider, (this.#byProvider.get(user.provider) ?? 0) + 1);
    const firstLine = this.#keys.note(user.key, user.line);
    const isKnownMailbox = this.#noteMailbox(user);
    if (firstLine !== null) this.#addRepeat(user, firstLine, isKnownMailbox);
    else if (isKnownMailbox === true) this.#shared += 1;
  }

  /** Whether the mailbox stood on an earlier line; null where the row doesn't say which it is. */
  #noteMailbox({ provider, mailbox, line }: LegacyUser): boolean | null {
    return mailbox === null ? null : this.#mailboxes.note(`${provider}:${mailbox}`, line) !== null;
  }

  #addRepeat({ key, line }: LegacyUser, firstLine: number, isKnownMailbox: boolean | null): void {
    this.#repeated += 1;
    if (isKnownMailbox === false) this.#otherMailbox += 1;
    if (this.#repeats.length < LINES_SHOWN) {
      this.#repeats.push({ line, firstLine, key: this.#hidesKeys ? null : key });
    }
  }

  #addBad(line: number, reasons: readonly RowReason[]): void {
    this.#bad += 1;
    for (const reason of reasons) this.#addProblem(line, reason);
    if (reasons.some((reason) => reason.code === 'no_credential')) {
      this.#withoutCredential.count += 1;
      addLine(this.#withoutCredential.lines, line);
    }
    if (this.#badRows.length >= BAD_ROWS_MAX) return;
    this.#badRows.push({ line, reasons: reasons.map(({ code, message }) => ({ code, message })) });
  }

  #addProblem(line: number, reason: RowReason): void {
    const summary = reason.summary ?? reason.message;
    const own = this.#problems.get(`${reason.code} ${summary}`);
    const isFull = own === undefined && this.#problems.size >= PROBLEMS_MAX;
    const key = isFull ? reason.code : `${reason.code} ${summary}`;
    const problem = own ??
      this.#problems.get(key) ?? { reason: isFull ? others(reason) : reason, count: 0, lines: [] };
    problem.count += 1;
    addLine(problem.lines, line);
    this.#problems.set(key, problem);
  }
}

/** A name for a credential that lasts for one pass: enough to see repeats, and nowhere to be shown. */
export function passingKeyOf(credential: string): string {
  return createHash('sha256').update(credential).digest('hex');
}

/** How long a number of requests takes, or null where no rate bounds it. */
export function secondsAt(requests: number, ratePerSecond: number): number | null {
  return ratePerSecond > 0 ? Math.ceil(requests / ratePerSecond) : null;
}

function others({ code }: RowReason): RowReason {
  return { code, message: 'further rows of this kind, each with another value' };
}

function addLine(lines: number[], line: number): void {
  if (lines.length < LINES_SHOWN) lines.push(line);
}

function problemOf(problem: { reason: RowReason; count: number; lines: number[] }): Problem {
  const { reason, count, lines } = problem;
  return { code: reason.code, message: reason.summary ?? reason.message, count, lines };
}
