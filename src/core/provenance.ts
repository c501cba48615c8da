import type { LedgerIdentity, LedgerRun, StateCount } from './ledger-rows.js';
import type { LastRun } from './next-steps.js';
import type { RunActivity } from './statistics.js';
import { isoOrNull } from './utc.js';

/**
 * Where a report comes from: enough for two people to tell whether they hold the same one, and for a third to
 * see how it was made. In the form in which it is written out; times are ISO 8601, UTC.
 */
export interface Provenance {
  readonly ledger_id: string;
  readonly created_at: string | null;
  readonly application_id: string | null;
  readonly host: string | null;
  readonly keying: string | null;
  readonly schema_version: number;
  readonly tool: string;
  readonly made_at: string;
  readonly emails_masked: boolean;
  readonly runs: readonly RunProvenance[];
  /** Of requests made for records, in all runs. */
  readonly attempts: {
    readonly count: number;
    readonly first_at: string | null;
    readonly last_at: string | null;
  };
  readonly records: number;
  readonly by_status: Readonly<Record<string, number>>;
  readonly digest: { readonly algorithm: 'sha256'; readonly of: string; readonly value: string };
}

interface RunProvenance {
  readonly run: number;
  /** What it was: a migration is only one of the jobs that hold a ledger. */
  readonly kind: LedgerRun['kind'];
  readonly label: string | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly state: LastRun['state'];
  readonly ended_how: string | null;
  readonly ended_why: string | null;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  /** Those that differ from their defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly input: {
    readonly name: string;
    /** Null, as its size, where it wasn't read to its end. */
    readonly sha256: string | null;
    readonly bytes: number | null;
  };
  readonly rows: unknown;
}

export interface ProvenanceFacts {
  readonly identity: LedgerIdentity;
  readonly schemaVersion: number;
  readonly tool: string;
  readonly madeAtMs: number;
  readonly runs: readonly (LedgerRun & { readonly state: LastRun['state'] })[];
  readonly activity: readonly RunActivity[];
  readonly counts: readonly StateCount[];
  readonly digest: string;
}

/** How the digest is made, for whoever makes it anew. */
const DIGEST_OF =
  'every record by the bytes of its key: record_key, a tab, the JSON array of provider, status, category, grant_id, origin, attempts, a line feed';

export function provenanceOf(facts: ProvenanceFacts): Provenance {
  const { identity, activity, counts } = facts;
  return {
    ledger_id: identity.ledgerId,
    created_at: isoOrNull(identity.createdAtMs),
    application_id: identity.applicationId,
    host: identity.host,
    keying: identity.keying,
    schema_version: facts.schemaVersion,
    tool: `nylas-migrate ${facts.tool}`,
    made_at: new Date(facts.madeAtMs).toISOString(),
    emails_masked: false,
    runs: facts.runs.map(runProvenance),
    attempts: {
      count: activity.reduce((sum, { attempts }) => sum + attempts, 0),
      first_at: isoOrNull(earliest(activity.map(({ firstAtMs }) => firstAtMs))),
      last_at: isoOrNull(latest(activity.map(({ lastAtMs }) => lastAtMs))),
    },
    records: counts.reduce((sum, { count }) => sum + count, 0),
    by_status: sumByStatus(counts),
    digest: { algorithm: 'sha256', of: DIGEST_OF, value: facts.digest },
  };
}

function runProvenance(run: ProvenanceFacts['runs'][number]): RunProvenance {
  return {
    run: run.runId,
    kind: run.kind,
    label: run.label,
    started_at: isoOrNull(run.startedAtMs),
    ended_at: isoOrNull(run.endedAtMs),
    state: run.state,
    ended_how: run.endedHow,
    ended_why: run.endedWhy,
    host: run.host,
    pid: run.pid,
    version: run.version,
    options: run.options,
    input: { name: run.inputName, sha256: run.inputSha256, bytes: run.inputBytes },
    rows: run.balance,
  };
}

function sumByStatus(counts: readonly StateCount[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { status, count } of counts) sums[status] = (sums[status] ?? 0) + count;
  return sums;
}

function earliest(timesMs: readonly number[]): number | null {
  return timesMs.length === 0 ? null : Math.min(...timesMs);
}

function latest(timesMs: readonly number[]): number | null {
  return timesMs.length === 0 ? null : Math.max(...timesMs);
}
