/** The titles under which `help` shows a command's options, in their order, and the long names under each. */
const GROUPS: readonly (readonly [title: string, names: readonly string[]])[] = [
  [
    'What is read:',
    ['input-command', 'column', 'provider-alias', 'default-provider', 'identify-by', 'carry'],
  ],
  [
    'Who is chosen:',
    ['provider', 'only', 'exclude', 'sample', 'limit', 'limit-per-provider', 'retry', 'select', 'category'],
  ],
  [
    'What becomes of grants:',
    ['existing', 'email-mismatch', 'single-use', 'expect-reauth', 'failure-rate-max'],
  ],
  ['Where Nylas is:', ['region', 'api-uri', 'api-key-file']],
  [
    'Pace and patience:',
    [
      ...['rate', 'concurrency-max', 'timeout', 'attempts-max', 'settle-delay', 'drain-timeout'],
      ...['outage-max', 'max-duration', 'stop-at'],
    ],
  ],
  ['Writing grant ids back (--format sql):', ['dialect', 'table', 'key', 'set']],
  [
    'Ledger, output and configuration:',
    [
      ...['ledger', 'label', 'dry-run', 'no-preflight', 'ok-if-attention', 'progress', 'quiet', 'json'],
      ...['metrics-file', 'on-finish', 'log-file', 'log-level', 'config', 'help'],
    ],
  ],
];

/** What is in no group is the command's own. */
export const OWN = 'Options:';

/** The title under which an option is shown. */
export function groupOf(longName: string): string {
  return GROUPS.find(([, names]) => names.includes(longName))?.[0] ?? OWN;
}

/** Where an option comes among all: by its group, then by its place there. */
export function placeOf(longName: string): number {
  const names = GROUPS.flatMap(([, grouped]) => grouped);
  return names.indexOf(longName);
}
