import { lastMigration, type LedgerRun } from './core/ledger-rows.js';
import type { LastRun, StepsContext } from './core/next-steps.js';
import { heldBackBy } from './core/run-ending.js';
import { connectionOptions, narrowingOptions, repeatedOptions } from './core/run-options.js';
import type { LedgerReader } from './ports/ledger-reader.js';

/** What `nextSteps` needs to know of a ledger. `ledgerPath` is as the user names it. */
export function stepsContext(reader: LedgerReader, nowMs: number, ledgerPath: string): StepsContext {
  const run = lastMigration(reader.runs());
  return {
    ledgerPath,
    nowMs,
    waits: reader.waits(),
    aftermath: reader.aftermath(),
    lastRun: run === null ? null : lastRunOf(run, reader),
    invalidRows: run === null ? 0 : reader.issueCounts(run.runId).invalid,
  };
}

/** How a run stands: a run without an end goes on only while somebody holds the ledger. */
export function stateOfRun({ endedAtMs, endedHow }: LedgerRun, held: boolean): LastRun['state'] {
  if (endedAtMs === null) return held ? 'running' : 'died';
  if (endedHow === 'died') return 'died';
  return endedHow === 'done' || endedHow === 'people_remain' ? 'finished' : 'unfinished';
}

function lastRunOf(run: LedgerRun, reader: LedgerReader): LastRun {
  const { runId, host, pid, startedAtMs, endedHow, inputName, options } = run;
  const input = {
    name: inputName,
    isCommand: typeof options['inputCommand'] === 'string',
    options: repeatedOptions(options),
    narrowing: narrowingOptions(options),
  };
  const state = stateOfRun(run, reader.isHeld());
  const leftOut = reader.leftOut(runId);
  const connection = connectionOptions(options);
  const heldBack = heldBackBy(run);
  return { runId, state, host, pid, startedAtMs, endedHow, heldBack, input, leftOut, connection };
}
