import { digestOf } from './core/digest.js';
import { provenanceOf, type Provenance } from './core/provenance.js';
import { stateOfRun } from './next.js';
import type { LedgerReader } from './ports/ledger-reader.js';

/** Where reports of a ledger come from. Reads all of its records. `tool`: the version that makes them. */
export function readProvenance(reader: LedgerReader, tool: string, madeAtMs: number): Provenance {
  const held = reader.isHeld();
  const figures = reader.figures();
  return provenanceOf({
    identity: reader.identity(),
    schemaVersion: reader.schemaVersion(),
    tool,
    madeAtMs,
    runs: reader.runs().map((run) => ({ ...run, state: stateOfRun(run, held) })),
    activity: figures.activity(),
    counts: reader.counts(),
    digest: digestOf(figures.lines()),
  });
}
