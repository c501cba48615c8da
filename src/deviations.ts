import type { Candidate } from './core/ledger-rows.js';
import { DEVIATION_REMEDIES, DEVIATIONS, type Deviation } from './core/verification.js';
import type { LedgerReader } from './ports/ledger-reader.js';
import type { ReportTable } from './ports/report.js';
import type { VerifyResult } from './verify.js';

/** Everything of ours that differs: what the ledger keeps of it, and who has signed in. */
export function* deviationsOf(
  reader: LedgerReader,
  { signedIn, several }: Pick<VerifyResult, 'signedIn' | 'several'>,
): Generator<Deviation> {
  const replaced = new Set(signedIn.map(({ key }) => key));
  for (const { loss, ...record } of reader.lost()) {
    if (loss !== 'missing' || !replaced.has(record.key)) yield { deviation: loss, ...record };
  }
  for (const candidate of signedIn) yield deviationOf('signed_in', candidate);
  for (const candidate of several) yield deviationOf('several', candidate);
}

function deviationOf(
  deviation: Deviation['deviation'],
  { key, provider, email, grantId }: Candidate,
): Deviation {
  return { deviation, key, provider, email, grantId };
}

/** The first few of each kind, in the order of their gravity. */
export function firstOfEach(deviations: Iterable<Deviation>, countMax: number): readonly Deviation[] {
  const kept = new Map<Deviation['deviation'], Deviation[]>(DEVIATIONS.map((name) => [name, []]));
  for (const deviation of deviations) {
    const same = kept.get(deviation.deviation);
    if (same !== undefined && same.length < countMax) same.push(deviation);
  }
  return [...kept.values()].flat();
}

/** All of them as a report. */
export function deviationReport(reader: LedgerReader, result: VerifyResult): ReportTable {
  return {
    ledger: reader.identity(),
    columns: ['deviation', 'record_key', 'email', 'provider', 'grant_id', 'remedy'],
    rows: rowsOf(deviationsOf(reader, result)),
  };
}

function* rowsOf(deviations: Iterable<Deviation>): Generator<readonly (string | null)[]> {
  for (const { deviation, key, email, provider, grantId } of deviations) {
    yield [deviation, key, email, provider, grantId, DEVIATION_REMEDIES[deviation]];
  }
}
