import type { LedgerIdentity } from '../core/ledger-rows.js';
import type { Provenance } from '../core/provenance.js';
import type { ReportRow } from '../core/report.js';

/** A report before it has a form: rows are made as they are asked for, and can be read once. */
export interface ReportTable {
  readonly ledger: LedgerIdentity;
  readonly columns: readonly string[];
  readonly rows: Iterable<ReportRow>;
  /** Where a report of what comes later goes on from; absent where that wasn't asked for. */
  readonly next?: number;
}

export interface Report extends ReportTable {
  /** Only where a form begins with it: it reads all records. */
  readonly provenance: () => Provenance;
}
