import { CATEGORIES, type Category, type Status } from './core/category.js';
import { lastMigration, type IssueKind, type StateCount } from './core/ledger-rows.js';
import { reportCommand } from './core/next-command.js';
import type { PageGroup, PageRecords, PageRow } from './core/page.js';
import { fairShares } from './core/page-shares.js';
import { issueRow, recordRow, reportColumns, type Cell, type ReportRow } from './core/report.js';
import { selectReport, type ReportSelection, type ReportWishes } from './core/report-selection.js';
import type { LedgerReader } from './ports/ledger-reader.js';

/** A page with more would open slowly. */
const ROWS_MAX = 5_000;
const CHARS_MAX = 2_500_000;
const CELL_CHARS_MAX = 300;

/** What people look for in a page; a file has all columns. */
const PAGE_COLUMNS: ReadonlySet<string> = new Set([
  'record_key',
  'email',
  'provider',
  'status',
  'category',
  'remedy',
  'error_message',
  'grant_id',
  'attempts',
  'last_attempt_at',
  'request_id',
]);

/** What must be looked at comes first. */
const ORDER: readonly (Status | IssueKind)[] = [
  'failed',
  'invalid',
  'in_doubt',
  'submitting',
  'pending',
  'undone',
  'migrated',
  'out_of_scope',
  'duplicate',
];

interface Group {
  readonly status: Status | IssueKind;
  readonly category: Category | null;
  readonly total: number;
  readonly rows: (countMax: number) => Iterable<PageRow>;
}

/** The records that a page holds: of each state as many as there is room for. Throws UserError for wishes. */
export function pageRecords(reader: LedgerReader, wishes: ReportWishes, ledgerPath: string): PageRecords {
  const carried = reader.carriedHeaders();
  const all = reportColumns(carried);
  const selection = selectReport(wishes, all);
  const own = all.length - carried.length;
  const columns =
    wishes.columns === null
      ? all.filter(({ name }, index) => index >= own || PAGE_COLUMNS.has(name))
      : selection.columns;
  const groups = groupsOf(reader, { ...selection, columns });
  const shares = fairShares(
    groups.map(({ total }) => total),
    ROWS_MAX,
  );
  const room =
    CHARS_MAX /
    Math.max(
      1,
      shares.reduce((sum, share) => sum + share, 0),
    );
  const taken = groups.map((group, index) => takeRows(group, shares[index] ?? 0, room));
  return {
    columns: columns.map(({ name }) => name),
    rows: taken.flat(),
    total: groups.reduce((sum, { total }) => sum + total, 0),
    groups: groups.map((group, index) => pageGroup(group, taken[index]?.length ?? 0)),
    narrowedTo: narrowedTo(wishes),
    command: reportCommand([...wished(wishes), '--out', 'report.csv'], ledgerPath),
  };
}

function pageGroup({ status, category, total }: Group, shown: number): PageGroup {
  return { status, category, shown, total };
}

function groupsOf(reader: LedgerReader, selection: ReportSelection): readonly Group[] {
  const groups = [...recordGroups(reader, selection), ...issueGroups(reader, selection)];
  return groups
    .filter(({ total }) => total > 0)
    .sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || placeOf(a) - placeOf(b));
}

function placeOf({ category }: Group): number {
  return category === null ? CATEGORIES.length : CATEGORIES.indexOf(category);
}

function recordGroups(reader: LedgerReader, selection: ReportSelection): readonly Group[] {
  const { statuses, categories, columns } = selection;
  const wanted = reader
    .counts()
    .filter(
      ({ status, category }) =>
        (statuses?.includes(status) ?? true) &&
        (categories === null || (category !== null && categories.includes(category))),
    );
  return statesOf(wanted).map(({ status, category, count }) => ({
    status,
    category,
    total: count,
    *rows(countMax) {
      for (const record of reader.figures().sample({ status, category, countMax })) {
        const { provider } = record;
        yield { cells: recordRow(record, columns), provider, status, category: category ?? '' };
      }
    },
  }));
}

/** Over all providers. */
function statesOf(counts: readonly StateCount[]): readonly StateCount[] {
  const states = new Map<string, StateCount>();
  for (const entry of counts) {
    const name = `${entry.status} ${entry.category ?? ''}`;
    states.set(name, { ...entry, count: entry.count + (states.get(name)?.count ?? 0) });
  }
  return [...states.values()];
}

/** The last run's rows that became no record. */
function issueGroups(reader: LedgerReader, { issueKinds, columns }: ReportSelection): readonly Group[] {
  const run = lastMigration(reader.runs());
  if (run === null) return [];
  // Where a row that was left out has a record, the record answers for it.
  const counts = { ...reader.issueCounts(run.runId), out_of_scope: reader.leftOut(run.runId).unknown };
  return issueKinds.map((kind) => ({
    status: kind,
    category: null,
    total: counts[kind],
    *rows(countMax) {
      let count = 0;
      for (const issue of reader.rowIssues(run.runId, [kind])) {
        if (count === countMax) return;
        count += 1;
        yield { cells: issueRow(issue, columns), provider: issue.provider ?? '', status: kind, category: '' };
      }
    },
  }));
}

/** Few rows where each is long: a page has room for so much text, and each group for its part of it. */
function takeRows(group: Group, share: number, charsPerRow: number): readonly PageRow[] {
  const charsMax = share * charsPerRow;
  const rows: PageRow[] = [];
  let chars = 0;
  for (const row of group.rows(share)) {
    const cells = row.cells.map(shortened);
    chars += lengthOf(cells);
    if (chars > charsMax && rows.length > 0) break;
    rows.push({ ...row, cells });
  }
  return rows;
}

function shortened(cell: Cell): Cell {
  if (typeof cell !== 'string' || cell.length <= CELL_CHARS_MAX) return cell;
  return `${cell.slice(0, CELL_CHARS_MAX).toWellFormed()}…`;
}

function lengthOf(cells: ReportRow): number {
  return cells.reduce<number>((sum, cell) => sum + String(cell ?? '').length + 3, 0);
}

function narrowedTo({ select, category }: ReportWishes): string | null {
  const parts = [select && `status ${select}`, category && `category ${category}`].filter(Boolean);
  return parts.length === 0 ? null : parts.join(', ');
}

function wished({ select, category, columns }: ReportWishes): readonly string[] {
  const given = [
    ['--select', select],
    ['--category', category],
    ['--columns', columns],
  ] as const;
  return given.flatMap(([name, value]) => (value === null ? [] : [name, value]));
}
