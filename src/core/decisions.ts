import { DECISIONS, LOSSES, type Decision, type HeldRecord, type LedgerRecord } from './ledger-rows.js';

/** A decision as it was asked for. */
export interface Wish {
  /** Of the CSV that it stands in; null: it was given on the command line. */
  readonly line: number | null;
  readonly key: string;
  readonly decision: Decision;
  /** The grant that was chosen; null: none was. */
  readonly grantId: string | null;
  readonly by: string;
  readonly why: string;
}

/** What became of a record by a decision. */
export interface Resolved {
  readonly key: string;
  readonly decision: Wish['decision'];
  /** Null: it has none. */
  readonly grantId: string | null;
  /** Whose that grant is, as far as Nylas says. */
  readonly grantEmail: string | null;
  /** A grant that was held and that the record doesn't have: it is still there at Nylas. */
  readonly leftGrantId: string | null;
  readonly leftEmail: string | null;
  readonly by: string;
  readonly why: string;
}

/** What a wish leaves open where its CSV has no column, or a blank, for it. */
export interface Defaults {
  readonly by: string | null;
  readonly why: string | null;
}

const COLUMNS = ['key', 'decision', 'grant_id', 'by', 'why'] as const;

type Column = (typeof COLUMNS)[number];
type Field = (column: Column) => string;

/** Reads the header of a CSV of decisions: where each column is. Throws nothing: what is wrong is in `problems`. */
export function readColumns(header: readonly string[]): {
  readonly places: ReadonlyMap<Column, number>;
  readonly problems: readonly string[];
} {
  const places = new Map<Column, number>();
  const problems: string[] = [];
  for (const [index, name] of header.entries()) {
    const word = name.trim().toLowerCase();
    const column = COLUMNS.find((known) => known === (word === 'record_key' ? 'key' : word));
    if (column !== undefined && places.has(column))
      problems.push(`line 1: the column ${column} is there twice`);
    if (column !== undefined) places.set(column, index);
  }
  for (const needed of ['key', 'decision'] as const) {
    if (!places.has(needed))
      problems.push(`line 1: there is no column ${needed} (it has ${header.join(', ')})`);
  }
  return { places, problems };
}

/** Reads one decision, or says what is wrong with it. */
export function readWish(line: number | null, field: Field, defaults: Defaults): Wish | readonly string[] {
  const key = field('key').trim();
  const word = field('decision').trim().toLowerCase();
  const decision = DECISIONS.find((known) => known === word) ?? null;
  const grantId = blankToNull(field('grant_id'));
  const by = blankToNull(field('by')) ?? defaults.by;
  const why = blankToNull(field('why')) ?? defaults.why;
  const problems = [
    key === '' ? 'its key is blank' : null,
    decision === null ? `“${word}” is no decision: accept, reject or grant` : grantProblem(decision, grantId),
    by === null ? 'who decides is missing: --by NAME, or a column by' : null,
    why === null ? 'the reason is missing: --why TEXT, or a column why' : null,
  ].filter((problem) => problem !== null);
  if (decision === null || by === null || why === null) return problems;
  return problems.length > 0 ? problems : { line, key, decision, grantId, by, why };
}

function grantProblem(decision: Decision, grantId: string | null): string | null {
  if (decision === 'grant') return grantId === null ? 'grant needs a grant_id' : null;
  return grantId === null ? null : `${decision} takes no grant_id`;
}

function blankToNull(text: string): string | null {
  return text.trim() === '' ? null : text.trim();
}

/** How a wish is named in messages. */
export function nameWish({ line, key }: Pick<Wish, 'line' | 'key'>): string {
  return line === null ? key : `line ${line} (${key})`;
}

/** What is wrong with deciding so about the records that a key or an email names; null: nothing. */
export function problemOf(
  { decision }: Pick<Wish, 'decision'>,
  found: readonly LedgerRecord[],
  held: HeldRecord | null,
): string | null {
  const [record] = found;
  if (record === undefined) return 'the ledger has no such record';
  if (found.length > 1) return `${found.length} records have this email: name one by its key`;
  if (held !== null || (decision === 'grant' && isWithoutGrant(record))) return null;
  const state = [record.status, record.category].filter((word) => word !== null).join(', ');
  return decision === 'grant'
    ? `nothing is to be decided: it is ${state}`
    : `no other mailbox answered for it, or that is decided: it is ${state}`;
}

/** Whoever has no working grant can be given one. */
function isWithoutGrant({ status, grantStatus }: LedgerRecord): boolean {
  return status === 'failed' || (status === 'migrated' && LOSSES.some((loss) => loss === grantStatus));
}

/** The records that several wishes name, each once. */
export function repeatedIds(recordIds: readonly number[]): ReadonlySet<number> {
  const seen = new Set<number>();
  return new Set(recordIds.filter((id) => seen.has(id) || !seen.add(id)));
}
