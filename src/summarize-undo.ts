import { formatCounted } from './core/counted.js';
import { lastMigration, type LedgerRun } from './core/ledger-rows.js';
import { undoCommand } from './core/next-command.js';
import { undoneStep, type NextStep } from './core/next-steps.js';
import { undoOptions } from './core/run-options.js';
import type { UndoSelection } from './core/undo.js';
import { CONSEQUENCES, withMeanings, type UndoPlanSummary, type UndoSummary } from './core/undo-summary.js';
import { surveyUndo } from './core/undo-survey.js';
import { Asked } from './core/unmatched.js';
import { stepsContext } from './next.js';
import type { LedgerReader } from './ports/ledger-reader.js';
import type { UndoResult } from './undo.js';

/** An undo as it was asked for. */
export interface UndoRequest {
  readonly selection: UndoSelection;
  /** As the user names it. */
  readonly ledgerPath: string;
  /** The options that were given, by name. */
  readonly given: Readonly<Record<string, unknown>>;
}

/** What an undo would delete and leave alone, for whoever must say yes to it. */
export function planOfUndo(reader: LedgerReader, request: UndoRequest): UndoPlanSummary {
  const { selection, ledgerPath: path } = request;
  const asked = new Asked(
    { providers: new Set(), only: selection.only, exclude: new Set(), sample: 1 },
    new Set(),
  );
  const survey = surveyUndo(reader.heldGrants(), selection, (key) => {
    asked.key(key);
  });
  const { grants, records, groups, adopted } = survey;
  const { applicationId, host } = reader.identity();
  return {
    ledger: { path, applicationId, host },
    grants,
    records,
    groups,
    adopted,
    leftAlone: withMeanings(survey.leftAlone),
    unmatched: asked.unmatched(),
    doubts: doubtsOf(reader),
    isHeld: reader.isHeld(),
    consequences: grants === 0 ? [] : CONSEQUENCES,
    next: deletionSteps(reader, request, grants),
  };
}

function doubtsOf(reader: LedgerReader): number {
  const doubtful = reader.counts().filter(({ status }) => status === 'in_doubt' || status === 'submitting');
  return doubtful.reduce((sum, { count }) => sum + count, 0);
}

function deletionSteps(reader: LedgerReader, request: UndoRequest, grants: number): readonly NextStep[] {
  if (grants === 0) return [];
  const say = `To delete ${grants === 1 ? 'this grant' : `these ${formatCounted(grants, 'grant')}`}`;
  return [{ say, command: deletionCommand(reader.runs(), request, grants) }];
}

/** The command that says yes to so many grants: the same selection, by the way on which they were made. */
export function deletionCommand(runs: readonly LedgerRun[], request: UndoRequest, grants: number): string {
  const { given, ledgerPath } = request;
  const last = lastMigration(runs)?.options ?? {};
  const { apiUri, region, apiKeyFile, rate } = last;
  const isPlaceGiven = given['apiUri'] !== undefined || given['region'] !== undefined;
  const place = isPlaceGiven ? {} : { apiUri, region };
  const options = undoOptions({ ...place, apiKeyFile, rate, ...given });
  return undoCommand([...options, '--yes', String(grants)], ledgerPath);
}

/** What an undo that has ended came to. The reader is opened after its end was written down. */
export function summarizeUndo(
  reader: LedgerReader,
  { counts, stop, verdict }: UndoResult,
  request: UndoRequest,
  run: Pick<UndoSummary, 'runId' | 'host' | 'application'>,
  nowMs: number,
): UndoSummary {
  const { grants: remaining } = surveyUndo(reader.heldGrants(), request.selection);
  return {
    ...run,
    ledgerPath: request.ledgerPath,
    ...counts,
    leftAlone: withMeanings(counts.leftAlone),
    remaining,
    stop,
    verdict,
    next: stepsAfter(reader, request, remaining, nowMs),
  };
}

function stepsAfter(
  reader: LedgerReader,
  request: UndoRequest,
  remaining: number,
  nowMs: number,
): readonly NextStep[] {
  if (remaining > 0) {
    const say = `To go on with the ${formatCounted(remaining, 'grant')} that ${remaining === 1 ? 'is' : 'are'} left`;
    return [{ say, command: deletionCommand(reader.runs(), request, remaining) }];
  }
  return undoneStep(reader.counts(), stepsContext(reader, nowMs, request.ledgerPath));
}
