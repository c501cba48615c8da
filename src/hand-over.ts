import type { Category, Status } from './core/category.js';
import type { LedgerRecord } from './core/ledger-rows.js';
import type { ReportRow } from './core/report.js';
import { pickColumns, selectRecords, type ReportWishes } from './core/report-selection.js';
import { ATTEMPT_COLUMNS, domainColumns, type Column } from './core/report-shapes.js';
import type { SigninTarget } from './core/signin-url.js';
import type { LedgerReader } from './ports/ledger-reader.js';
import type { ReportTable } from './ports/report.js';
import { columnsOf } from './report.js';

/** Who acts: the person, or whoever administers their domain. */
const FOR_PEOPLE: readonly Category[] = ['needs_reauth', 'needs_admin'];

/**
 * One row a person, though they have several accounts: by default of those who must sign in again, or whose
 * administrator must consent. Throws UserError for wishes that can't be met.
 */
export function peopleReport(
  reader: LedgerReader,
  wishes: ReportWishes,
  signin: SigninTarget | null,
): ReportTable {
  const ofRecord = columnsOf(reader, signin).map(({ name, ofRecord }) => ({
    name,
    of: ({ record }: Person) => ofRecord(record),
  }));
  const records = { name: freeName('records', ofRecord), of: (person: Person) => person.records };
  const columns = pickColumns(wishes.columns, [...ofRecord, records]);
  return tableOf(reader, columns, reader.people(askedOf(wishes)));
}

interface Person {
  readonly record: LedgerRecord;
  /** How many accounts the row stands for. */
  readonly records: number;
}

/** A carried column may have the name. */
function freeName(name: string, columns: readonly { readonly name: string }[]): string {
  return columns.some((column) => column.name === name) ? freeName(`of_${name}`, columns) : name;
}

/** One row a domain, provider and state, with how many people that concerns. Throws UserError likewise. */
export function domainReport(
  reader: LedgerReader,
  wishes: ReportWishes,
  signin: SigninTarget | null,
): ReportTable {
  const columns = pickColumns(wishes.columns, domainColumns(signin));
  return tableOf(reader, columns, reader.domains(askedOf(wishes)));
}

/** One row an attempt, of the records that are asked for. Throws UserError likewise. */
export function attemptsReport(reader: LedgerReader, wishes: ReportWishes): ReportTable {
  const columns = pickColumns(wishes.columns, ATTEMPT_COLUMNS);
  return tableOf(reader, columns, reader.attemptRows(selectRecords(wishes)));
}

function askedOf(wishes: ReportWishes): {
  readonly statuses: readonly Status[] | null;
  readonly categories: readonly Category[] | null;
} {
  const { statuses, categories } = selectRecords(wishes);
  return { statuses, categories: statuses === null && categories === null ? FOR_PEOPLE : categories };
}

function tableOf<Row>(
  reader: LedgerReader,
  columns: readonly Column<Row>[],
  rows: Iterable<Row>,
): ReportTable {
  return {
    ledger: reader.identity(),
    columns: columns.map(({ name }) => name),
    rows: cellsOf(columns, rows),
  };
}

function* cellsOf<Row>(columns: readonly Column<Row>[], rows: Iterable<Row>): Generator<ReportRow> {
  for (const row of rows) yield columns.map(({ of }) => of(row));
}
