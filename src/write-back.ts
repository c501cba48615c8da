import { UserError } from './core/errors.js';
import { formatCounted } from './core/counted.js';
import { isLoopback } from './core/signin-url.js';
import { assertParts, keyColumnOf, shownTable, type Dialect, type KeyMatch } from './core/sql-dialect.js';
import {
  EMPTY_TALLY,
  tallyLines,
  writable,
  writeBackScript,
  type WriteBackTally,
} from './core/write-back.js';
import type { LedgerReader } from './ports/ledger-reader.js';
import { assertKnown } from './since-report.js';

/** Where grant ids shall be written, as the user says it. */
export interface WriteBackWishes {
  readonly dialect: Dialect;
  readonly table: readonly string[];
  readonly key: KeyMatch;
  readonly setColumn: string;
  /** Null: everything, and no number to go on from. */
  readonly afterSeq: number | null;
}

/** A script, made as it is asked for; what became of the answers is known when it has been made. */
export interface WriteBack {
  readonly script: Iterable<string>;
  readonly tally: () => WriteBackTally;
  /** How rows are found, in a sentence. */
  readonly match: string;
  /** Where the grants are only simulated, that they are; null: they aren't. */
  readonly rehearsal: string | null;
  readonly next: number | null;
}

/** Columns of the report that can name a row of the user's own table, carried ones aside. */
const KEYS = ['account_id', 'record_key', 'email'];

/** The script that writes the grant ids of a ledger back. Throws UserError for wishes that can't be met. */
export function writeBackOf(reader: LedgerReader, wishes: WriteBackWishes, version: string): WriteBack {
  const { dialect, table, key, setColumn, afterSeq } = wishes;
  assertParts(table, dialect);
  const from = keyColumnOf(key, [...KEYS, ...reader.carriedHeaders()]);
  if (key.column === setColumn) {
    throw new UserError(
      'usage',
      `--key and --set both name ${setColumn}.`,
      'Name the column of the grant id with --set.',
    );
  }
  const next = afterSeq === null ? null : assertKnown(reader, afterSeq);
  const rehearsal = rehearsalOf(reader);
  const match = `${shownTable(table)}.${key.column} is matched with ${from}, ${setColumn} is set`;
  let tally = EMPTY_TALLY;
  const grants = writable(reader.answers(from), afterSeq ?? -1, (counted) => (tally = counted));
  const target = { dialect, table, keyColumn: key.column, setColumn };
  const tail = (): readonly string[] => [
    `${formatCounted(tally.written, 'grant id')} in this script.`,
    ...tallyLines(tally),
    ...(next === null ? [] : [nextLine(next)]),
  ];
  return {
    script: writeBackScript(
      target,
      [...headOf(reader, match, wishes, version), ...(rehearsal === null ? [] : [rehearsal])],
      grants,
      tail,
    ),
    tally: () => tally,
    match,
    rehearsal,
    next,
  };
}

function rehearsalOf(reader: LedgerReader): string | null {
  const { host } = reader.identity();
  if (host === null || !isLoopback(host)) return null;
  return `A rehearsal: these grants are of a simulator at ${host}, and no real Nylas has them.`;
}

/** Where a report of what comes later goes on from, as it stands at the end of what a person reads. */
export function nextLine(next: number): string {
  return `Next: --after ${next}`;
}

function headOf(
  reader: LedgerReader,
  match: string,
  { afterSeq }: WriteBackWishes,
  version: string,
): readonly string[] {
  const { ledgerId, applicationId, host } = reader.identity();
  return [
    `Grant ids from nylas-migrate ${version}: ledger ${ledgerId}, application ${applicationId ?? '?'} at ${host ?? '?'}.`,
    `${match} where it is empty, and never where it holds another grant id.`,
    'It may be run as often as you like: what it has set it leaves alone the next time.',
    ...(afterSeq === null || afterSeq === 0 ? [] : [`Only what has come after ${afterSeq}.`]),
  ];
}
