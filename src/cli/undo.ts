import { clock, openReader, renderers } from '../context.js';
import type { OptionValues } from '../config.js';
import { formatCounted } from '../core/counted.js';
import { UserError } from '../core/errors.js';
import { surveyUndo } from '../core/undo-survey.js';
import type { LedgerReader } from '../ports/ledger-reader.js';
import { deletionCommand, planOfUndo, summarizeUndo, type UndoRequest } from '../summarize-undo.js';
import { undoGrants, type UndoResult } from '../undo.js';
import { undoTargets } from '../undo-targets.js';
import type { Action } from './command.js';
import { EXIT } from '../core/exit-codes.js';
import { scopeOf } from './input.js';
import { doJob } from './job.js';
import { UNDO } from './options.js';
import { print, type Shell } from './shell.js';
import { shownOptions } from './shown-options.js';

type Values = OptionValues<typeof UNDO>;

export const action: Action<typeof UNDO> = async (values, _args, flags, shell) => {
  const request = requestOf(values, flags, shell);
  if (values.yes === null) return count(values, request, shell);
  if (!flags.has('yes')) {
    const where = 'NYLAS_MIGRATE_YES or a file of options';
    throw new UserError('usage', `--yes can't be given by ${where}.`, 'Type it: deleting is final.');
  }
  return (await isNothing(values, request, shell)) ? EXIT.done : deleteThem(values, request, flags, shell);
};

function requestOf(values: Values, flags: ReadonlySet<string>, shell: Shell): UndoRequest {
  const { providers, only } = scopeOf({ ...values, exclude: null, sample: 1 }, shell);
  const selection = { runId: values.run, providers, only };
  // The default rate, where it was typed, is another than that of the last run all the same.
  const rate = flags.has('rate') ? { rate: values.rate } : {};
  return { selection, ledgerPath: values.ledger, given: { ...shownOptions(values, UNDO), ...rate } };
}

/** Says what would be deleted, and which command deletes it. */
async function count(values: Values, request: UndoRequest, shell: Shell): Promise<number> {
  return reading(values.ledger, async (reader) => {
    assertRun(reader, request);
    const plan = planOfUndo(reader, request);
    const text = values.json ? JSON.stringify(plan, null, 2) : (await renderers.undoPlan())(plan);
    await print(shell.stdout, text);
    return EXIT.done;
  });
}

/** Whether there is nothing to delete, and nothing was said yes to. Throws UserError where that isn't what is there. */
function isNothing(values: Values, request: UndoRequest, shell: Shell): Promise<boolean> {
  return reading(values.ledger, async (reader) => {
    assertRun(reader, request);
    const grants = agreedGrants(reader, request, values.yes);
    if (grants === 0) await count(values, request, shell);
    return grants === 0;
  });
}

function deleteThem(
  values: Values,
  request: UndoRequest,
  flags: ReadonlySet<string>,
  shell: Shell,
): Promise<number> {
  let runId = 0;
  return doJob<UndoResult>(
    {
      kind: 'undo',
      specs: UNDO,
      work: async (ports) => {
        ({ runId } = ports);
        const { openReader: openOwn } = ports;
        const reader = await openOwn();
        const grants = await closing(reader, () => agreedGrants(reader, request, values.yes));
        const { rate: ratePerSecond, concurrencyMax } = values;
        const batches = undoTargets(openOwn, request.selection);
        return undoGrants(ports, { grants, batches }, { ratePerSecond, concurrencyMax });
      },
      tell: (result, exitCode, { target, host }) =>
        reading(values.ledger, async (reader) => {
          const application = { id: target.applicationId, name: target.name };
          const summary = summarizeUndo(reader, result, request, { runId, host, application }, clock.now());
          const text = values.json
            ? JSON.stringify({ ...summary, exitCode }, null, 2)
            : (await renderers.undoSummary())(summary);
          await print(shell.stdout, text);
        }),
    },
    values,
    flags,
    shell,
  );
}

/** How many grants there are to delete, once nobody else can change the ledger. Throws UserError. */
function agreedGrants(reader: LedgerReader, request: UndoRequest, yes: number | null): number {
  const { grants } = surveyUndo(reader.heldGrants(), request.selection);
  assertAgreed(reader, request, yes, grants);
  return grants;
}

/** Throws UserError where somebody said yes to another number. */
function assertAgreed(reader: LedgerReader, request: UndoRequest, yes: number | null, grants: number): void {
  if (grants === yes) return;
  throw new UserError(
    'usage',
    `--yes ${yes ?? ''} was given, but there ${grants === 1 ? 'is 1' : `are ${grants}`} to delete now: nothing was deleted.`,
    grants === 0
      ? 'Count again without --yes, which says why nothing is left to delete.'
      : `Count again without --yes; if that is what you want: ${deletionCommand(reader.runs(), request, grants)}`,
  );
}

function assertRun(reader: LedgerReader, { selection: { runId } }: UndoRequest): void {
  const runs = reader.runs().filter(({ kind }) => kind === 'migrate');
  if (runId === null || runs.some((run) => run.runId === runId)) return;
  const known = runs.map((run) => String(run.runId)).join(', ');
  throw new UserError(
    'usage',
    `--run ${runId} is no migration in this ledger, which has ${formatCounted(runs.length, 'migration')}${known === '' ? '' : `: run ${known}`}.`,
    'Name one of them; status, asked with the same --ledger, says more of each.',
  );
}

async function reading<T>(path: string, act: (reader: LedgerReader) => Promise<T>): Promise<T> {
  const reader = await openReader(path);
  return closing(reader, () => act(reader));
}

async function closing<T>(reader: LedgerReader, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } finally {
    reader.close();
  }
}
