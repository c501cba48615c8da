import { ISSUE_REMEDIES, remedyOf } from './remedy.js';
import type { LedgerIssue, LedgerRecord } from './ledger-rows.js';
import { isoOrNull } from './utc.js';

export type Cell = string | number | null;

/** One line of the report, in the order of its columns. */
export type ReportRow = readonly Cell[];

/** A column of the report: one of ours, or one that the user carried along. */
export interface ReportColumn {
  readonly name: string;
  readonly ofRecord: (record: LedgerRecord) => Cell;
  /** Of a row that became no record. */
  readonly ofIssue: (issue: LedgerIssue) => Cell;
}

/** Forms that are written row by row; a page is no such form. */
export type ReportFormat = 'csv' | 'raw csv' | 'excel csv' | 'excel csv, semicolons' | 'jsonl' | 'json';

const none = (): null => null;

/** The report's own columns, in order. */
const OWN_COLUMNS: readonly ReportColumn[] = [
  { name: 'record_key', ofRecord: (record) => record.key, ofIssue: (issue) => issue.key },
  { name: 'account_id', ofRecord: (record) => record.accountId, ofIssue: (issue) => issue.accountId },
  { name: 'email', ofRecord: (record) => record.email, ofIssue: (issue) => issue.email },
  { name: 'provider', ofRecord: (record) => record.provider, ofIssue: (issue) => issue.provider },
  { name: 'status', ofRecord: (record) => record.status, ofIssue: (issue) => issue.kind },
  { name: 'category', ofRecord: (record) => record.category, ofIssue: none },
  { name: 'grant_id', ofRecord: (record) => record.grantId, ofIssue: (issue) => issue.grantId },
  { name: 'grant_status', ofRecord: (record) => record.grantStatus, ofIssue: (issue) => issue.grantStatus },
  { name: 'grant_email', ofRecord: (record) => record.grantEmail, ofIssue: none },
  { name: 'origin', ofRecord: (record) => record.origin, ofIssue: none },
  { name: 'scope', ofRecord: (record) => record.scope, ofIssue: none },
  { name: 'error_type', ofRecord: (record) => record.errorType, ofIssue: none },
  { name: 'error_message', ofRecord: (record) => record.errorMessage, ofIssue: reasonsOf },
  { name: 'provider_error', ofRecord: (record) => record.providerError, ofIssue: none },
  { name: 'remedy', ofRecord: remedyOf, ofIssue: (issue) => ISSUE_REMEDIES[issue.kind] },
  { name: 'http_status', ofRecord: (record) => record.httpStatus, ofIssue: none },
  { name: 'request_id', ofRecord: (record) => record.requestId, ofIssue: none },
  { name: 'attempts', ofRecord: (record) => record.attempts, ofIssue: none },
  { name: 'first_attempt_at', ofRecord: (record) => isoOrNull(record.firstAttemptAtMs), ofIssue: none },
  { name: 'last_attempt_at', ofRecord: (record) => isoOrNull(record.lastAttemptAtMs), ofIssue: none },
  { name: 'source_line', ofRecord: (record) => record.sourceLine, ofIssue: (issue) => issue.line },
  { name: 'run', ofRecord: (record) => record.runId, ofIssue: (issue) => issue.runId },
];

/** Every column there is: the report's own, then those the user carried along. */
export function reportColumns(carriedHeaders: readonly string[]): readonly ReportColumn[] {
  const taken = new Set([...OWN_COLUMNS.map(({ name }) => name), ...carriedHeaders]);
  const own = new Set(OWN_COLUMNS.map(({ name }) => name));
  const carried = carriedHeaders.map((header) =>
    carriedColumn(own.has(header) ? freeName(header, taken) : header, header),
  );
  return [...OWN_COLUMNS, ...carried];
}

export function recordRow(record: LedgerRecord, columns: readonly ReportColumn[]): ReportRow {
  return columns.map((column) => column.ofRecord(record));
}

export function issueRow(issue: LedgerIssue, columns: readonly ReportColumn[]): ReportRow {
  return columns.map((column) => column.ofIssue(issue));
}

/** Everything that is wrong with a row, in one text. */
function reasonsOf({ reasons }: Pick<LedgerIssue, 'reasons'>): string {
  return reasons.map(({ message }) => message).join('; ');
}

function carriedColumn(name: string, header: string): ReportColumn {
  const value = ({ carried }: Pick<LedgerRecord, 'carried'>): Cell =>
    Object.hasOwn(carried, header) ? (carried[header] ?? null) : null;
  return { name, ofRecord: value, ofIssue: value };
}

function freeName(header: string, taken: Set<string>): string {
  let name = `carried_${header}`;
  while (taken.has(name)) name = `carried_${name}`;
  taken.add(name);
  return name;
}
