import { formatCounted } from './counted.js';
import { isWritable } from './sql-dialect.js';
import { statementsOf, type KeyedGrant, type WriteBackTarget } from './write-back-sql.js';

/** One grant id and a key that it was made for. */
export interface Answer {
  /** Null: the record has none of that kind. */
  readonly key: string | null;
  readonly grantId: string;
  /** The number of the latest outcome that led to it. */
  readonly seq: number;
  /** 1: `verify` found that Nylas has the grant no more. */
  readonly isGone: 0 | 1;
}

/** What became of the answers. */
export interface WriteBackTally {
  readonly written: number;
  /** Keys that stand for several grants: none of those is written. */
  readonly ambiguous: number;
  readonly withoutKey: number;
  /** Keys or grant ids with control characters, or that are no Unicode. */
  readonly unwritable: number;
  /** Grants that are known to be deleted. */
  readonly gone: number;
}

export const EMPTY_TALLY: WriteBackTally = {
  written: 0,
  ambiguous: 0,
  withoutKey: 0,
  unwritable: 0,
  gone: 0,
};

/** Rows a batch, each a transaction of its own: nothing of the user's table stays locked for long. */
const BATCH_ROWS = 500;

/**
 * Those of the answers that may be written: one grant a key, changed after that number. They must come in the order
 * of their keys, those without one first; of all, also of what didn't change, since that can contradict what did.
 */
export function* writable(
  answers: Iterable<Answer>,
  afterSeq: number,
  onTally: (tally: WriteBackTally) => void,
): Generator<KeyedGrant> {
  const tally = { ...EMPTY_TALLY };
  const present = withoutGone(answers, ({ seq }) => {
    if (seq > afterSeq) tally.gone += 1;
  });
  for (const group of groupsOf(present)) {
    if (group.seq <= afterSeq) continue;
    const fate = fateOf(group);
    tally[fate] += 1;
    if (fate === 'written' && group.key !== null) yield { key: group.key, grantId: group.grantId };
  }
  onTally(tally);
}

/** A grant that was deleted is nobody's: its key can have another one by now. */
function* withoutGone(answers: Iterable<Answer>, onGone: (answer: Answer) => void): Generator<Answer> {
  for (const answer of answers) {
    if (answer.isGone === 1) onGone(answer);
    else yield answer;
  }
}

/** All answers of one key; each of those without a key stands alone. */
interface Group extends Answer {
  readonly isAmbiguous: boolean;
}

function* groupsOf(answers: Iterable<Answer>): Generator<Group> {
  let group: Group | undefined;
  for (const answer of answers) {
    const isSameKey = group !== undefined && group.key !== null && group.key === answer.key;
    if (group !== undefined && !isSameKey) yield group;
    group = joined(isSameKey ? group : undefined, answer);
  }
  if (group !== undefined) yield group;
}

function joined(group: Group | undefined, answer: Answer): Group {
  if (group === undefined) return { ...answer, isAmbiguous: false };
  const isAmbiguous = group.isAmbiguous || group.grantId !== answer.grantId;
  return { ...group, isAmbiguous, seq: Math.max(group.seq, answer.seq) };
}

function fateOf({ key, grantId, isAmbiguous }: Group): keyof WriteBackTally {
  if (key === null) return 'withoutKey';
  if (isAmbiguous) return 'ambiguous';
  return isWritable(key) && isWritable(grantId) ? 'written' : 'unwritable';
}

/**
 * The script, piece by piece: to be run as often as one likes, by the dialect's own client or a driver. `head` and
 * what `tailOf` says once all is written become comments.
 */
export function* writeBackScript(
  target: WriteBackTarget,
  head: readonly string[],
  grants: Iterable<KeyedGrant>,
  tailOf: () => readonly string[],
): Generator<string> {
  const sql = statementsOf(target);
  yield comments(head);
  yield sql.begin;
  let batch: KeyedGrant[] = [];
  for (const grant of grants) {
    batch.push(grant);
    if (batch.length < BATCH_ROWS) continue;
    yield sql.batch(batch);
    batch = [];
  }
  if (batch.length > 0) yield sql.batch(batch);
  yield sql.end;
  yield comments(tailOf());
}

/** A line break would end the comment: what follows it would be a statement. */
function comments(lines: readonly string[]): string {
  return lines.map((line) => `-- ${line.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')}\n`).join('');
}

/** What is told of rows that weren't written; nothing where all were. */
export function tallyLines({ ambiguous, withoutKey, unwritable, gone }: WriteBackTally): readonly string[] {
  return [
    ...(gone > 0
      ? [`${formatCounted(gone, 'grant id')} not written: verify found those grants deleted.`]
      : []),
    ...(ambiguous > 0
      ? [`${formatCounted(ambiguous, 'key')} not written: each stands for several grants.`]
      : []),
    ...(withoutKey > 0 ? [`${formatCounted(withoutKey, 'grant')} not written: there is no key.`] : []),
    ...(unwritable > 0
      ? [`${formatCounted(unwritable, 'key')} not written: control characters or no Unicode in it.`]
      : []),
  ];
}
