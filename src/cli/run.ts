import { clock, openApi, openLedger, openLog, openProgress, openReader, renderers } from '../context.js';
import type { OptionValues } from '../config.js';
import { isLedgerFailure } from '../core/errors.js';
import { scrubberOf } from '../core/scrub.js';
import { verdictOf, type Verdict } from '../core/verdict.js';
import { migrate, type MigrateOptions, type MigratePorts, type RunResult } from '../migrate.js';
import type { Ledger, Progress, RunStart } from '../ports.js';
import { makeStopSwitch } from '../stop.js';
import { summarizeRun } from '../summarize-run.js';
import { startPacer } from '../pacer.js';
import { readConnectors, readTarget, type Target } from '../target.js';
import type { Action } from './command.js';
import { readConnection, type Connection } from './connection.js';
import { dryRun } from './dry-run.js';
import { exitOfVerdict } from './exit-codes.js';
import { readingOf, scopeOf, sourceOf, warnerOf } from './input.js';
import { RUN } from './options.js';
import { assertNotPrecious } from './precious.js';
import { print, type Shell } from './shell.js';
import { shownOptions } from './shown-options.js';

type Values = OptionValues<typeof RUN>;

export const action: Action<typeof RUN> = (values, args, flags, shell) =>
  values.dryRun ? dryRun(values, args, shell) : run(values, args, flags, shell);

async function run(
  values: Values,
  args: readonly string[],
  flags: ReadonlySet<string>,
  shell: Shell,
): Promise<number> {
  const connection = await readConnection(values, shell, flags);
  const source = await sourceOf(values, args, shell);
  const options = migrateOptions(values, connection, shell);
  if (values.logFile !== null) assertNotPrecious(values.logFile, '--log-file', values.ledger, [source.name]);
  const log = await openLog({
    level: values.logLevel ?? (values.logFile === null ? 'silent' : 'info'),
    file: values.logFile,
    scrub: scrubberOf([connection.apiKey]),
  });
  const timeoutMs = values.timeout;
  const api = await openApi({ ...connection, timeoutMs, version: shell.version });
  try {
    const pacer = startPacer(values.rate, clock);
    const target = await readTarget(api, clock, connection.apiUri);
    // Counted once it is answered: a first connection takes its time, and what went late counts as late.
    await pacer.slot();
    const ledger = await openLedger(values.ledger);
    try {
      await announce(values, shell, source.name, connection, target);
      if (!values.noPreflight) {
        await advise(values, shell, await readConnectors(api));
        await pacer.slot();
      }
      const progress = await progressOf(values, shell);
      const warn = warnerOf(values, shell);
      const onUnwritten = unwrittenTeller(shell);
      const ports = { source, ledger, api, clock, log, pacer, progress, warn, onUnwritten };
      const owner = { applicationId: target.applicationId, host: connection.host };
      const start = runStart(values, shell, source.name, options);
      return await runAndTell(values, shell, ports, options, owner, start);
    } finally {
      ledger.close();
    }
  } finally {
    api.close();
  }
}

/** Runs under the stop signals, ends the run in the ledger, and prints what it came to. */
async function runAndTell(
  values: Values,
  shell: Shell,
  ports: Omit<MigratePorts, 'stop'>,
  options: MigrateOptions,
  owner: Parameters<typeof migrate>[2],
  start: RunStart,
): Promise<number> {
  const stop = makeStopSwitch();
  const release = shell.onStopSignal((signal) => {
    if (!values.quiet)
      shell.stderr.write(`\n${signal}: finishing what is in flight; once more to leave at once.\n`);
    stop.stop({ kind: 'signal', signal });
  });
  const copy = copyLedger(ports);
  try {
    const result = await migrate({ ...ports, stop }, options, owner, start);
    // Its idle connections hold descriptors that telling may need.
    ports.api.close();
    const { verdict, exitCode } = judge(values, result);
    endRun(ports.ledger, result, verdict);
    if (result.stop?.kind !== 'signal') await copy.made;
    ports.log.info('run ended', { run: result.runId, verdict, exitCode, ...result.balance.buckets });
    await tell(values, shell, ports.source.name, result, verdict, exitCode);
    return exitCode;
  } finally {
    copy.giveUp();
    release();
  }
}

/** Copies the ledger while the run goes on; one that is cut short doesn't wait for it. */
function copyLedger({ ledger, warn, log }: Omit<MigratePorts, 'stop'>): {
  readonly made: Promise<void>;
  readonly giveUp: () => void;
} {
  let wanted = true;
  const made = ledger.backUp().catch((error: unknown) => {
    // What became of the ledger itself is told by the run.
    if (!wanted || isLedgerFailure(error)) return;
    const message = error instanceof Error ? error.message : String(error);
    log.warn('no copy of the ledger was made', { message });
    warn(message);
  });
  return {
    made,
    giveUp: () => {
      wanted = false;
    },
  };
}

/** Says it whatever else is kept quiet: it is written down nowhere else. */
function unwrittenTeller({ stderr }: Shell): MigratePorts['onUnwritten'] {
  return ({ key, result, status, grantId }) => {
    const facts = { record_key: key, outcome: result, status, grant_id: grantId };
    void print(stderr, `Not in the ledger: ${JSON.stringify(facts)}`);
  };
}

function judge(values: Values, result: RunResult): { verdict: Verdict; exitCode: number } {
  const verdict = verdictOf({
    ...result,
    stoppedLanes: result.stoppedLanes.length,
    okIfAttention: values.okIfAttention,
  });
  return { verdict, exitCode: exitOfVerdict(verdict, result.stop) };
}

function endRun(ledger: Ledger, result: RunResult, verdict: Verdict): void {
  ledger.endRun(result.runId, {
    endedAtMs: clock.now(),
    how: result.stop?.kind ?? verdict,
    input: result.input,
    balance: result.balance,
  });
}

async function tell(
  values: Values,
  shell: Shell,
  inputName: string,
  result: RunResult,
  verdict: Verdict,
  exitCode: number,
): Promise<void> {
  const reader = await openReader(values.ledger);
  try {
    const run = { ledgerPath: values.ledger, inputName, ratePerSecond: values.rate };
    const summary = summarizeRun(reader, result, run, clock.now());
    const json = { ...summary, verdict, exitCode, input: { name: inputName, ...result.input } };
    const text = values.json ? JSON.stringify(json, null, 2) : (await renderers.runSummary())(summary);
    await print(shell.stdout, text);
  } finally {
    reader.close();
  }
}

async function announce(
  values: Values,
  shell: Shell,
  inputName: string,
  connection: Connection,
  target: Target,
): Promise<void> {
  if (values.quiet) return;
  const name = target.name === null ? target.applicationId : `"${target.name}"`;
  const environment = target.environment === null ? '' : ` (${target.environment})`;
  const rate = values.rate === 0 ? 'unpaced' : `${values.rate}/s`;
  await print(
    shell.stderr,
    `nylas-migrate ${shell.version}  → ${connection.apiUri.replace(/^https?:\/\//, '')}, application ${name}${environment}\n` +
      `${inputName} · ledger ${values.ledger} · ${rate}`,
  );
}

async function advise(values: Values, shell: Shell, connectors: readonly string[] | null): Promise<void> {
  if (values.quiet || connectors === null) return;
  const text =
    connectors.length === 0
      ? 'Warning: this application has no connectors: make one for each provider before you go on.'
      : `connectors: ${connectors.join(', ')}`;
  await print(shell.stderr, text);
}

function progressOf(values: Values, shell: Shell): Promise<Progress> {
  const { stderr } = shell;
  const bar = values.progress === 'always' || (values.progress === 'auto' && stderr.isTTY === true);
  const never = values.quiet || values.progress === 'never';
  return openProgress(stderr, never ? 'never' : bar ? 'bar' : 'lines');
}

function runStart(values: Values, shell: Shell, inputName: string, options: MigrateOptions): RunStart {
  return {
    startedAtMs: clock.now(),
    label: values.label,
    host: shell.hostname,
    pid: shell.pid,
    version: shell.version,
    options: shownOptions(values, RUN),
    inputName,
    settleDelayMs: options.retry.settleDelayMs,
  };
}

function migrateOptions(values: Values, connection: Connection, shell: Shell): MigrateOptions {
  return {
    reading: readingOf(values),
    scope: scopeOf(values, shell),
    retryTargets: new Set(values.retry),
    limit: values.limit,
    limitPerProvider: values.limitPerProvider,
    ratePerSecond: values.rate,
    concurrencyMax: values.concurrencyMax,
    retry: { attemptsMax: values.attemptsMax, settleDelayMs: values.settleDelay ?? 2 * values.timeout },
    drainTimeoutMs: values.drainTimeout,
    emailMismatch: values.emailMismatch,
    existing: values.existing,
    singleUse: new Set(['zoom', ...values.singleUse]),
    apiKey: connection.apiKey,
  };
}
