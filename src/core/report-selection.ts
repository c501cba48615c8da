import { CATEGORIES, STATUSES, type Category, type Status } from './category.js';
import { UserError } from './errors.js';
import { ISSUE_KINDS, type IssueKind } from './ledger-rows.js';
import { nearest } from './nearest.js';
import type { ReportColumn } from './report.js';

/** Which records and rows a report holds, and what it says of each. */
export interface ReportSelection {
  /** Null: whatever the status. */
  readonly statuses: readonly Status[] | null;
  /** Rows that became no record; they have no category. */
  readonly issueKinds: readonly IssueKind[];
  /** Null: whatever the category, or none. */
  readonly categories: readonly Category[] | null;
  readonly columns: readonly ReportColumn[];
}

/** Lists as they were typed, separated by commas; null: everything. */
export interface ReportWishes {
  readonly select: string | null;
  readonly category: string | null;
  readonly columns: string | null;
}

/** Reads what a report shall hold. Throws UserError with everything that is wrong with it. */
export function selectReport(wishes: ReportWishes, columns: readonly ReportColumn[]): ReportSelection {
  const names = columns.map(({ name }) => name);
  const statuses = readList('--select', wishes.select, [...STATUSES, ...ISSUE_KINDS]);
  const categories = readList('--category', wishes.category, CATEGORIES);
  const chosen = readList('--columns', wishes.columns, names);
  refuse([statuses, categories, chosen]);
  return {
    statuses: statuses.found?.filter(isStatus) ?? null,
    issueKinds:
      categories.found === null ? ISSUE_KINDS.filter((kind) => statuses.found?.includes(kind) ?? true) : [],
    categories: categories.found,
    columns: chosen.found === null ? columns : pick(columns, chosen.found),
  };
}

/** Which records a list of something else than records is about. Throws UserError likewise. */
export function selectRecords({ select, category }: Pick<ReportWishes, 'select' | 'category'>): {
  readonly statuses: readonly Status[] | null;
  readonly categories: readonly Category[] | null;
} {
  const statuses = readList('--select', select, STATUSES);
  const categories = readList('--category', category, CATEGORIES);
  refuse([statuses, categories]);
  return { statuses: statuses.found, categories: categories.found };
}

/** Those of the columns that are asked for, in that order; null: all of them. Throws UserError likewise. */
export function pickColumns<T extends { readonly name: string }>(
  wish: string | null,
  columns: readonly T[],
): readonly T[] {
  const chosen = readList(
    '--columns',
    wish,
    columns.map(({ name }) => name),
  );
  refuse([chosen]);
  return chosen.found === null ? columns : pick(columns, chosen.found);
}

interface ReadList<T> {
  /** Null: not given. */
  readonly found: readonly T[] | null;
  readonly problems: readonly string[];
}

function readList<T extends string>(option: string, list: string | null, known: readonly T[]): ReadList<T> {
  if (list === null) return { found: null, problems: [] };
  const words = list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  if (words.length === 0) return { found: null, problems: [`${option} names nothing.`] };
  const found = words.map((word) => known.find((name) => name === word) ?? null);
  return { found: [...new Set(found.filter((name) => name !== null))], problems: words.flatMap(problemOf) };

  function problemOf(word: string, index: number): string[] {
    if (found[index] !== null) return [];
    const meant = nearest(word, known);
    const guess = meant === null ? '' : ` (did you mean ${meant}?)`;
    return [`${option} knows no “${word}”${guess}: there is ${known.join(', ')}.`];
  }
}

function refuse(lists: readonly ReadList<string>[]): void {
  const problems = lists.flatMap((list) => list.problems);
  if (problems.length === 0) return;
  throw new UserError(
    'usage',
    problems.join('\n'),
    'Separate several by commas; without the option all are meant.',
  );
}

function isStatus(word: Status | IssueKind): word is Status {
  return (STATUSES as readonly string[]).includes(word);
}

function pick<T extends { readonly name: string }>(
  columns: readonly T[],
  names: readonly string[],
): readonly T[] {
  return names.flatMap((name) => columns.filter((column) => column.name === name));
}
