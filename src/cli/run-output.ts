import type { OptionValues } from '../config.js';
import type { MigratePorts } from '../migrate.js';
import type { Progress } from '../ports/progress.js';
import type { Target } from '../target.js';
import { describeUnwritten } from '../unwritten.js';
import type { RUN } from './options.js';
import { print, say, type Shell } from './shell.js';

type Values = OptionValues<typeof RUN>;

/** Says it whatever else is kept quiet: it is written down nowhere else. */
export function unwrittenTeller({ stderr }: Shell): MigratePorts['onUnwritten'] {
  return (outcome) => {
    void say(stderr, describeUnwritten(outcome));
  };
}

/** Where a run's users went. */
export interface Destination {
  readonly target: Target;
  /** As the ledger keeps it. */
  readonly host: string;
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
  await say(
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
  await say(shell.stderr, text);
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
