import { HANDLING, type Category } from './category.js';
import type { StateCount, Waits } from './ledger-rows.js';
import { commandLine } from './shell.js';
import { clockTime, clockTimeAfter } from './utc.js';

/** One thing to do, and the command that does it, if one does. */
export interface NextStep {
  readonly say: string;
  readonly command: string | null;
}

/** The latest run of a ledger, as far as it decides what comes next. */
export interface LastRun {
  readonly runId: number;
  /** `unfinished`: it ended, but before the end of its input. */
  readonly state: 'running' | 'died' | 'unfinished' | 'finished';
  readonly host: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly input: RunInput;
}

export interface RunInput {
  /** A path, `standard input`, or a command. */
  readonly name: string;
  readonly isCommand: boolean;
  /** Options that the next run of this input needs too, as they are typed. */
  readonly options: readonly string[];
}

export interface StepsContext {
  /** As the user names it. */
  readonly ledgerPath: string;
  readonly nowMs: number;
  readonly waits: Waits;
  readonly lastRun: LastRun | null;
  /** Rows of the last run that can't be submitted as they are. */
  readonly invalidRows: number;
}

/** Records that lack their grant for one reason, and who must act. */
export interface Need {
  readonly count: number;
  readonly provider: string;
  readonly category: Category | 'in_doubt';
  readonly what: string;
  readonly who: string;
  readonly next: string;
}

const LEDGER_DEFAULT = 'migration.db';

/** What to do next, the most urgent first; never empty. */
export function nextSteps(counts: readonly StateCount[], context: StepsContext): readonly NextStep[] {
  const steps = [
    ...runSteps(counts, context),
    ...doubtSteps(context),
    ...personSteps(counts, context),
    ...rowSteps(context),
  ];
  return steps.length > 0 ? steps : [lastStep(counts, context)];
}

/** The records that have no grant, by who must act, the most first. */
export function needsSomebody(
  counts: readonly StateCount[],
  when: Pick<StepsContext, 'waits' | 'nowMs'>,
): readonly Need[] {
  const needs = counts.map((entry) => needOf(entry, again(when)));
  return needs.filter((need) => need !== null).sort((a, b) => b.count - a.count);
}

/** The command that migrates, or goes on migrating, an input into a ledger. */
export function runCommand(input: RunInput, ledgerPath: string, more: readonly string[] = []): string {
  const source = input.isCommand ? ['--input-command', input.name] : [fileArgument(input.name)];
  return commandLine([
    'nylas-migrate',
    'run',
    ...source,
    ...input.options,
    ...more,
    ...ledgerFlag(ledgerPath),
  ]);
}

/** The command that writes a report of a ledger. */
export function reportCommand(options: readonly string[], ledgerPath: string): string {
  return commandLine(['nylas-migrate', 'report', ...options, ...ledgerFlag(ledgerPath)]);
}

function fileArgument(name: string): string {
  return name === 'standard input' ? '-' : name;
}

function ledgerFlag(path: string): readonly string[] {
  return path === LEDGER_DEFAULT ? [] : ['--ledger', path];
}

function needOf({ provider, status, category, count }: StateCount, runAgain: string): Need | null {
  if (status === 'in_doubt') {
    const what = 'the outcome is not known yet';
    return { count, provider, category: 'in_doubt', what, who: 'nobody', next: runAgain };
  }
  if (category === null || (status !== 'failed' && status !== 'pending')) return null;
  const { failed, what, who } = HANDLING[category];
  const next = failed ? `report --category ${category}` : runAgain;
  return {
    count,
    provider,
    category,
    what,
    who,
    next: category === 'misconfigured' ? 'fix it, then run again' : next,
  };
}

function again({ waits, nowMs }: Pick<StepsContext, 'waits' | 'nowMs'>): string {
  const atMs = waits.earliestNotBeforeMs ?? 0;
  return atMs > nowMs ? `run again after ${clockTimeAfter(atMs, nowMs)}` : 'run again';
}

function runSteps(counts: readonly StateCount[], context: StepsContext): readonly NextStep[] {
  const { lastRun } = context;
  if (lastRun === null) return [];
  if (lastRun.state === 'running')
    return [{ say: `${nameRun(lastRun, context)} is going on: let it finish`, command: null }];
  const why = whyRunAgain(counts, lastRun, context);
  return why === null ? [] : [{ say: why, command: runCommand(lastRun.input, context.ledgerPath) }];
}

function nameRun({ runId, pid, host, startedAtMs }: LastRun, { nowMs }: StepsContext): string {
  return `Run ${runId} (process ${pid} on ${host}, since ${clockTime(startedAtMs, nowMs)})`;
}

function whyRunAgain(counts: readonly StateCount[], lastRun: LastRun, context: StepsContext): string | null {
  const broken = counts.filter(
    ({ status, category }) => status === 'pending' && category === 'misconfigured',
  );
  if (broken.length > 0) {
    const providers = [...new Set(broken.map(({ provider }) => provider))].join(', ');
    return `Fix the connector or the API key (${records(sum(broken))} of ${providers}), then run again`;
  }
  if (lastRun.state === 'died') return `${nameRun(lastRun, context)} died; the same command resumes it`;
  const waiting = sum(counts.filter(isWaiting)) - context.waits.doubtsWithoutMailbox;
  if (waiting > 0)
    return `${capital(again(context))}: ${records(waiting)} ${waiting === 1 ? 'waits' : 'wait'}`;
  return lastRun.state === 'unfinished' ? 'Run again: the last run did not reach the end of its input' : null;
}

function isWaiting({ status }: StateCount): boolean {
  return status === 'pending' || status === 'in_doubt' || status === 'submitting';
}

function doubtSteps({ waits, lastRun, ledgerPath }: StepsContext): readonly NextStep[] {
  const count = waits.doubtsWithoutMailbox;
  if (count === 0 || lastRun === null || lastRun.state === 'running') return [];
  const say = `${capital(records(count))} in doubt without an email to look up by; to submit again, at the risk of a second grant`;
  return [{ say, command: runCommand(lastRun.input, ledgerPath, ['--retry', 'in_doubt']) }];
}

/** What each category of failure asks of a person; the rest is done by running again. */
const PERSON_STEPS: Readonly<Partial<Record<Category, string>>> = {
  needs_reauth: 'Ask these people to sign in again',
  needs_admin: "Ask the administrators of these people's domains",
  rejected: 'Fix the rows that Nylas refused',
  blocked: "Ask Nylas' support about the blocked accounts",
  email_mismatch: 'Check whose mailbox answered instead',
};

function personSteps(counts: readonly StateCount[], { ledgerPath }: StepsContext): readonly NextStep[] {
  const failed = counts.filter(({ status }) => status === 'failed');
  return Object.entries(PERSON_STEPS).flatMap(([category, say]) => {
    const count = sum(failed.filter((entry) => entry.category === category));
    const options = ['--category', category, '--out', `${category}.csv`];
    return count === 0
      ? []
      : [{ say: `${say} (${records(count)})`, command: reportCommand(options, ledgerPath) }];
  });
}

function rowSteps({ invalidRows, ledgerPath }: StepsContext): readonly NextStep[] {
  if (invalidRows === 0) return [];
  const say = `Fix the rows that could not be submitted, then run again (${counted(invalidRows, 'row')})`;
  return [{ say, command: reportCommand(['--select', 'invalid', '--out', 'invalid.csv'], ledgerPath) }];
}

function lastStep(counts: readonly StateCount[], { lastRun, ledgerPath }: StepsContext): NextStep {
  if (lastRun === null) return { say: 'Nothing has been run yet', command: 'nylas-migrate check users.csv' };
  if (sum(counts) === 0) return { say: 'The last run found nobody to migrate', command: null };
  return {
    say: 'Nothing is left to do; who has which grant',
    command: reportCommand(['--out', 'report.csv'], ledgerPath),
  };
}

function sum(counts: readonly StateCount[]): number {
  return counts.reduce((total, { count }) => total + count, 0);
}

function records(count: number): string {
  return counted(count, 'record');
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
