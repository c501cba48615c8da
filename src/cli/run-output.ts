import { clock, openReader, renderers } from '../context.js';
import type { OptionValues } from '../config.js';
import { isoOrNull } from '../core/utc.js';
import type { Verdict } from '../core/verdict.js';
import type { MigratePorts, RunResult } from '../migrate.js';
import type { Progress } from '../ports.js';
import { summarizeRun } from '../summarize-run.js';
import type { Target } from '../target.js';
import type { RUN } from './options.js';
import { print, type Shell } from './shell.js';

type Values = OptionValues<typeof RUN>;

/** Says it whatever else is kept quiet: it is written down nowhere else. */
export function unwrittenTeller({ stderr }: Shell): MigratePorts['onUnwritten'] {
  return ({ key, result, status, grantId }) => {
    const facts = { record_key: key, outcome: result, status, grant_id: grantId };
    void print(stderr, `Not in the ledger: ${JSON.stringify(facts)}`);
  };
}

/** Where a run's users went. */
export interface Destination {
  readonly target: Target;
  /** As the ledger keeps it. */
  readonly host: string;
}

/** Prints what a run came to: a summary, or its JSON document, which this resolves to. */
export async function tell(
  values: Values,
  shell: Shell,
  inputName: string,
  { target, host }: Destination,
  ended: { readonly result: RunResult; readonly verdict: Verdict; readonly exitCode: number },
): Promise<object> {
  const { result, verdict, exitCode } = ended;
  const { applicationId, name, environment } = target;
  const reader = await openReader(values.ledger);
  try {
    const to = { host, application: { id: applicationId, name }, environment };
    const run = { ledgerPath: values.ledger, inputName, ratePerSecond: values.rate, ...to };
    const summary = summarizeRun(reader, result, run, clock.now());
    const input = { name: inputName, ...result.input };
    const json = { ...summary, stop: shownStop(result.stop), verdict, exitCode, input };
    const text = values.json ? JSON.stringify(json, null, 2) : (await renderers.runSummary())(summary);
    await print(shell.stdout, text);
    return json;
  } finally {
    reader.close();
  }
}

/** Times in documents are ISO 8601, UTC. */
function shownStop(stop: RunResult['stop']): object | null {
  if (stop?.kind !== 'stop_time') return stop;
  const { atMs, ...rest } = stop;
  return { ...rest, at: isoOrNull(atMs) };
}

/** Says against which application, with what (an input, or the name of a job), how fast, and what `more` says. */
export async function announce(
  values: Pick<Values, 'quiet' | 'rate' | 'ledger'>,
  shell: Shell,
  inputName: string,
  apiUri: string,
  target: Target,
  more: readonly string[] = [],
): Promise<void> {
  if (values.quiet) return;
  const name = target.name === null ? target.applicationId : `"${target.name}"`;
  const environment = target.environment === null ? '' : ` (${target.environment})`;
  const rate = values.rate === 0 ? 'unpaced' : `${values.rate}/s`;
  await print(
    shell.stderr,
    `nylas-migrate ${shell.version}  → ${apiUri.replace(/^https?:\/\//, '')}, application ${name}${environment}\n` +
      [inputName, `ledger ${values.ledger}`, rate, ...more].join(' · '),
  );
}

/** Says which providers the application can take. */
export async function advise(
  values: Values,
  shell: Shell,
  connectors: readonly string[] | null,
): Promise<void> {
  if (values.quiet || connectors === null) return;
  const text =
    connectors.length === 0
      ? 'Warning: this application has no connectors: make one for each provider before you go on.'
      : `connectors: ${connectors.join(', ')}`;
  await print(shell.stderr, text);
}

/** Shows the state of a run on standard error whenever the process is asked for it. */
export function tellStateWhenAsked<S>(
  progress: Progress<S>,
  format: (snapshot: S) => string,
  shell: Shell,
): Progress<S> {
  let leaveOff = (): void => undefined;
  return {
    begin: (snapshot) => {
      leaveOff = shell.onStateSignal(() => {
        void print(shell.stderr, `\n${format(snapshot())}`);
      });
      progress.begin(snapshot);
    },
    clear: () => {
      progress.clear();
    },
    end: () => {
      leaveOff();
      progress.end();
    },
  };
}

/** In which form progress is shown. */
export function progressForm(
  { progress, quiet }: Pick<Values, 'progress' | 'quiet'>,
  { stderr }: Shell,
): 'bar' | 'lines' | 'never' {
  if (quiet || progress === 'never') return 'never';
  return progress === 'always' || stderr.isTTY === true ? 'bar' : 'lines';
}
