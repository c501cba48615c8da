import { Gauge, type Registry } from 'prom-client';
import type { LedgerStanding, MetricsFigures } from '../../ports/observer.js';
import type { Snapshot } from '../../ports/progress.js';

/** What holds at one moment; what isn't known is left out, for a 0 would be taken for an answer. */
export function setGauges(registry: Registry, figures: MetricsFigures, version: string): void {
  const set = (name: string, help: string, value: number | null): void => {
    if (value !== null) new Gauge({ name: `nylas_migrate_${name}`, help, registers: [registry] }).set(value);
  };
  const { nowMs, startedAtMs, endedAtMs, exitCode, lastGrantAtMs, estimatedEndAtMs } = figures;
  const seconds = (atMs: number | null): number | null => (atMs === null ? null : atMs / 1000);
  set('refreshed_timestamp_seconds', 'When this file was written.', nowMs / 1000);
  set('running', 'Whether the run is going on: 1 or 0.', endedAtMs === null ? 1 : 0);
  set('run_start_timestamp_seconds', 'When the latest run began.', startedAtMs / 1000);
  set('run_end_timestamp_seconds', 'When it ended.', seconds(endedAtMs));
  set('run_exit_code', 'How it ended: the exit code.', exitCode);
  set('last_grant_timestamp_seconds', 'When a submission last brought a grant.', seconds(lastGrantAtMs));
  set('estimated_end_timestamp_seconds', 'When it will end, as it goes.', seconds(estimatedEndAtMs));
  const info = { name: 'nylas_migrate_run_info', help: 'Which run this is.', labelNames: ['run', 'version'] };
  new Gauge({ ...info, registers: [registry] }).set({ run: String(figures.runId ?? ''), version }, 1);
  if (figures.snapshot !== null) setRun(registry, figures.snapshot, set);
  if (figures.ledger !== null) setLedger(registry, figures.ledger, set);
}

type Set = (name: string, help: string, value: number | null) => void;

function setRun(registry: Registry, snapshot: Snapshot, set: Set): void {
  const { balance, inFlight, inFlightMax, waiting, pace, share, requestsPerSecond } = snapshot;
  set('in_flight', 'Requests that are on their way.', inFlight);
  set('in_flight_max', 'How many may be, at the moment.', inFlightMax);
  set('waiting_rows', 'Rows that wait for a time, a provider or another row.', waiting);
  set('rate_asked', 'Requests a second that --rate allows; 0: unpaced.', pace.askedPerSecond);
  set('rate_target', 'Requests a second that may leave at the moment.', pace.targetPerSecond);
  set('rate_achieved', 'Requests a second over the last ten seconds.', requestsPerSecond);
  set('progress_ratio', 'The share of the input that has been dealt with.', share);
  const rows = new Gauge({
    name: 'nylas_migrate_run_rows',
    help: 'Rows that the run has read, by what became of them.',
    labelNames: ['result'],
    registers: [registry],
  });
  for (const [result, count] of Object.entries(balance.buckets)) rows.set({ result }, count);
}

function setLedger(registry: Registry, { counts, lastSuccessAtMs }: LedgerStanding, set: Set): void {
  const help = 'When a run last came to its end with nothing left to run (exit code 0 or 3).';
  set('last_success_timestamp_seconds', help, lastSuccessAtMs === null ? null : lastSuccessAtMs / 1000);
  const records = new Gauge({
    name: 'nylas_migrate_records',
    help: 'Records of the ledger by status, provider and category.',
    labelNames: ['status', 'provider', 'category'],
    registers: [registry],
  });
  for (const { status, provider, category, count } of counts) {
    records.inc({ status, provider, category: category ?? '' }, count);
  }
}
