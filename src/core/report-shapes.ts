import { HANDLING } from './category.js';
import type { AttemptRow, DomainCount, LedgerRecord } from './ledger-rows.js';
import type { Cell, ReportColumn } from './report.js';
import { asksForSignin, signinUrl, type SigninTarget } from './signin-url.js';
import { isoOrNull } from './utc.js';

/** A column of a report whose rows are something else than records. */
export interface Column<Row> {
  readonly name: string;
  readonly of: (row: Row) => Cell;
}

/** One row an attempt, with what Nylas' support asks for. */
export const ATTEMPT_COLUMNS: readonly Column<AttemptRow>[] = [
  { name: 'record_key', of: (row) => row.key },
  { name: 'account_id', of: (row) => row.accountId },
  { name: 'provider', of: (row) => row.provider },
  { name: 'status', of: (row) => row.status },
  { name: 'category', of: (row) => row.category },
  { name: 'attempt_id', of: (row) => row.attemptId },
  { name: 'run', of: (row) => row.runId },
  { name: 'kind', of: (row) => row.kind },
  { name: 'started_at', of: (row) => isoOrNull(row.startedAtMs) },
  { name: 'ended_at', of: (row) => isoOrNull(row.endedAtMs) },
  { name: 'result', of: (row) => row.result },
  { name: 'http_status', of: (row) => row.httpStatus },
  { name: 'error_type', of: (row) => row.errorType },
  { name: 'error_message', of: (row) => row.errorMessage },
  { name: 'provider_error', of: (row) => row.providerError },
  { name: 'request_id', of: (row) => row.requestId },
  { name: 'x_fastly_id', of: (row) => row.fastlyId },
  { name: 'latency_ms', of: (row) => row.latencyMs },
];

/** One row a domain, provider and state; `signin` null: without links. */
export function domainColumns(signin: SigninTarget | null): readonly Column<DomainCount>[] {
  return [
    { name: 'domain', of: (row) => row.domain },
    { name: 'provider', of: (row) => row.provider },
    { name: 'status', of: (row) => row.status },
    { name: 'category', of: (row) => row.category },
    { name: 'people', of: (row) => row.people },
    { name: 'records', of: (row) => row.records },
    { name: 'remedy', of: ({ category }) => (category === null ? null : HANDLING[category].remedy) },
    ...(signin === null ? [] : [{ name: SIGNIN_URL, of: domainUrl(signin) }]),
  ];
}

/** For whoever administers the domain: whose address it is isn't known. */
function domainUrl(signin: SigninTarget): (row: DomainCount) => Cell {
  return ({ domain, provider, category }) =>
    domain === null || !asksForSignin(category)
      ? null
      : signinUrl({ state: domain, provider, email: null }, signin);
}

const SIGNIN_URL = 'signin_url';

/** Where a record's person signs in; nothing where that wouldn't help. */
export function signinColumn(signin: SigninTarget): ReportColumn {
  return {
    name: SIGNIN_URL,
    ofRecord: ({ key, provider, email, category }: LedgerRecord) =>
      asksForSignin(category) ? signinUrl({ state: key, provider, email }, signin) : null,
    ofIssue: () => null,
  };
}
