import { openProgress, renderers } from '../context.js';
import type { OptionValues } from '../config.js';
import type { RunDocument } from '../core/run-summary.js';
import type { Connected } from '../connected.js';
import type { StopTime } from '../core/stop-time.js';
import { runThrough, type RunPlan, type RunWatcher } from '../run.js';
import { makeStopSwitch } from '../stop.js';
import { readConnectors } from '../target.js';
import { attended, type Attendance, type Ended } from './attendance.js';
import type { Action } from './command.js';
import { readConnection } from './connection.js';
import { dryRun } from './dry-run.js';
import { scopeOf, sourceOf, warnerOf } from './input.js';
import { migrateOptions } from './migrate-options.js';
import { followSignals, onScreen, sayStopped } from './on-screen.js';
import { RUN } from './options.js';
import { assertNotPrecious } from './precious.js';
import { advise, announce, progressForm, unwrittenTeller } from './run-output.js';
import { print, type Shell } from './shell.js';
import { shownOptions } from './shown-options.js';
import { announcedStop, followStopTime, stopTimeFor } from './stop-time.js';

type Values = OptionValues<typeof RUN>;

export const action: Action<typeof RUN> = (values, args, flags, shell) =>
  values.dryRun
    ? dryRun(values, args, shell)
    : attended(values, args.slice(0, 1), shell, (attendance) =>
        runOnScreen(values, args, flags, attendance, shell),
      );

async function runOnScreen(
  values: Values,
  args: readonly string[],
  flags: ReadonlySet<string>,
  attendance: Attendance,
  shell: Shell,
): Promise<Ended> {
  const bare = await openProgress(shell.stderr, progressForm(values, shell));
  return onScreen(shell, bare, await renderers.state(), (spoken, shown) =>
    run(values, args, flags, { ...attendance, progress: attendance.beside(shown) }, spoken),
  );
}

async function run(
  values: Values,
  args: readonly string[],
  flags: ReadonlySet<string>,
  watched: Pick<RunWatcher, 'observer' | 'progress'>,
  shell: Shell,
): Promise<Ended> {
  const plan = await planOf(values, args, flags, shell);
  const stopTime = stopTimeFor(values);
  const stop = makeStopSwitch();
  const release = followSignals(values.quiet, shell, stop);
  const leaveOff = followStopTime(stopTime, values.quiet, shell, stop);
  try {
    const document = await runThrough(plan, {
      ...watched,
      stop,
      warn: warnerOf(values, shell),
      onUnwritten: unwrittenTeller(shell),
      onReady: (world, inputName) => tellBeforehand(values, shell, { inputName, plan, stopTime, world }),
    });
    if (document === null) return await sayStopped(values, shell, stop, 'submitted');
    await tell(values, shell, document);
    return { exitCode: document.exitCode, document };
  } finally {
    leaveOff();
    release();
  }
}

async function planOf(
  values: Values,
  args: readonly string[],
  flags: ReadonlySet<string>,
  shell: Shell,
): Promise<RunPlan> {
  const connection = await readConnection(values, shell, flags);
  const source = await sourceOf(values, args, shell);
  const options = migrateOptions(values, scopeOf(values, shell), connection.apiKey);
  if (values.logFile !== null) assertNotPrecious(values.logFile, '--log-file', values.ledger, [source.name]);
  const { label, okIfAttention } = values;
  const { hostname: host, pid, version } = shell;
  const by = { label, host, pid, version, options: keptOptions(values) };
  return { source, ledgerPath: values.ledger, connection, talking: values, options, okIfAttention, by };
}

/** But for what is run in the end: the address of a web hook is a secret. */
function keptOptions(values: Values): RunPlan['by']['options'] {
  return shownOptions({ ...values, onFinish: RUN.onFinish.fallback }, RUN);
}

interface Beforehand {
  readonly inputName: string;
  readonly plan: RunPlan;
  readonly stopTime: StopTime | null;
  readonly world: Connected;
}

/** Says where the run goes, and what the application lacks. False: stopped meanwhile. */
async function tellBeforehand(
  values: Values,
  shell: Shell,
  { inputName, plan, stopTime, world }: Beforehand,
): Promise<boolean> {
  const { api, pacer, stop, target } = world;
  const { apiUri } = plan.connection;
  await announce(values, shell, inputName, apiUri, target, await announcedStop(stopTime));
  if (!values.noPreflight) await advise(values, shell, await readConnectors(api, pacer));
  return stop.reason() === null;
}

/** Prints what a run came to: a summary, or its JSON document. */
async function tell(values: Values, shell: Shell, document: RunDocument): Promise<void> {
  const text = values.json ? JSON.stringify(document, null, 2) : (await renderers.runSummary())(document);
  await print(shell.stdout, text);
}
