import { createHash } from 'node:crypto';
import { provenanceOf, type Provenance } from './core/provenance.js';
import { stateOfRun } from './next.js';
import type { LedgerReader } from './ports.js';

/** So much text is digested at once. */
const PIECE_CHARS = 32 * 1024;

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

/** SHA-256 over lines of text, each with a line feed after it. */
function digestOf(lines: Iterable<string>): string {
  const hash = createHash('sha256');
  let piece = '';
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < PIECE_CHARS) continue;
    hash.update(piece);
    piece = '';
  }
  return hash.update(piece).digest('hex');
}
