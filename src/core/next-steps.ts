import { aftermathSteps } from './aftermath-steps.js';
import { CATEGORIES, HANDLING, type Category } from './category.js';
import { formatCounted } from './counted.js';
import type { Aftermath, LeftOut, StateCount, Waits } from './ledger-rows.js';
import { jobCommand, reportCommand, runCommand, whole, type RunInput } from './next-command.js';
import { describeStop } from './run-ending.js';
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
  /** As the run itself put it; null where it has not ended. */
  readonly endedHow: string | null;
  /** What must be mended before those whom it held back are worth submitting; null: nothing. */
  readonly heldBack: string | null;
  readonly input: RunInput;
  /** Its options that say where Nylas is, as they are typed. */
  readonly connection: readonly string[];
  readonly leftOut: LeftOut;
}

export interface StepsContext {
  /** As the user names it. */
  readonly ledgerPath: string;
  readonly nowMs: number;
  readonly waits: Waits;
  readonly aftermath: Aftermath;
  readonly lastRun: LastRun | null;
  /** Rows of the last run that can't be submitted as they are. */
  readonly invalidRows: number;
}

/** Records that lack their grant for one reason, and who must act. */
export interface Need {
  readonly count: number;
  readonly provider: string;
  readonly category: Category | 'in_doubt' | 'not_submitted';
  readonly what: string;
  readonly who: string;
  readonly next: string;
}

/** What to do next, the most urgent first; never empty. */
export function nextSteps(counts: readonly StateCount[], context: StepsContext): readonly NextStep[] {
  const steps = [
    ...runSteps(counts, context),
    ...doubtSteps(context),
    ...leftOutSteps(context),
    ...stepsAfter(context),
    ...personSteps(counts, context),
    ...rowSteps(context),
    ...undoneStep(counts, context),
  ];
  return steps.length > 0 ? steps : lastSteps(counts, context);
}

/** The records that have no grant, by who must act, the most first. */
export function needsSomebody(
  counts: readonly StateCount[],
  when: Pick<StepsContext, 'waits' | 'nowMs' | 'lastRun'>,
): readonly Need[] {
  const needs = counts.map((entry) =>
    needOf(entry, again(when), when.lastRun !== null && when.lastRun.heldBack !== null),
  );
  return needs.filter((need) => need !== null).sort((a, b) => b.count - a.count);
}

function needOf(
  { provider, status, category, count }: StateCount,
  runAgain: string,
  isHeldBack: boolean,
): Need | null {
  if (status === 'in_doubt') {
    const what = 'the outcome is not known yet';
    return { count, provider, category: 'in_doubt', what, who: 'nobody', next: runAgain };
  }
  if (status !== 'failed' && status !== 'pending') return null;
  if (category === null) {
    const what = isHeldBack ? 'held back, not submitted' : 'not submitted yet';
    const next = isHeldBack ? 'mend it, then run again' : 'run again';
    return { count, provider, category: 'not_submitted', what, who: isHeldBack ? 'you' : 'nobody', next };
  }
  const { failed, what, who } = HANDLING[category];
  const next = failed ? `report --category ${category}` : runAgain;
  return {
    count,
    provider,
    category,
    what,
    who,
    next: NEXT[category] ?? next,
  };
}

const NEXT: Readonly<Partial<Record<Category, string>>> = {
  misconfigured: 'fix it, then run again',
  email_mismatch: 'resolve --list',
};

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

/** Why the last run should be repeated as it was; what it left out is no reason. */
function whyRunAgain(counts: readonly StateCount[], lastRun: LastRun, context: StepsContext): string | null {
  const { leftOut, state } = lastRun;
  const broken = whyMend(counts, lastRun);
  if (state === 'died') return whyResume(broken, lastRun, context);
  if (broken !== null) return `${capital(broken)}, then run again`;
  const mend = MENDING[lastRun.endedHow ?? ''];
  if (mend !== undefined) return mend;
  const { doubtsWithoutMailbox } = context.waits;
  const waiting = sum(counts.filter(isWaiting)) - doubtsWithoutMailbox - leftOut.waiting;
  return state === 'finished' ? whyWaiting(waiting, context) : whyUnfinished(waiting, lastRun, context);
}

function whyResume(broken: string | null, lastRun: LastRun, context: StepsContext): string {
  const before = broken === null ? '' : `. Before that, ${broken}`;
  return `${nameRun(lastRun, context)} died; the same command resumes it${before}`;
}

/** What is misconfigured, and how many records wait for it: with those that met it, those held back for it. */
function whyMend(counts: readonly StateCount[], { leftOut, heldBack }: LastRun): string | null {
  const broken = counts.filter(isMisconfigured);
  const met = sum(broken) - leftOut.misconfigured;
  if (met <= 0) return null;
  const providers = [...new Set(broken.map(({ provider }) => provider))].sort();
  const isHeldBack = ({ provider, status, category }: StateCount): boolean =>
    heldBack !== null && status === 'pending' && category === null && providers.includes(provider);
  const waiting = met + sum(counts.filter(isHeldBack));
  return `fix the connector of ${providers.join(', ')}, or the API key (${waitingRecords(waiting)} for it)`;
}

/** What must be done before a run that ended so is repeated. */
const MENDING: Readonly<Partial<Record<string, string>>> = {
  input: 'Mend the input, then run again: the last run could not read it to its end',
  failed: 'Mend what the last run failed on, then run again',
  refused: 'Mend what the last run was stopped for, then run again',
};

function whyWaiting(waiting: number, context: StepsContext): string | null {
  return waiting > 0 ? `${capital(again(context))} (${waitingRecords(waiting)})` : null;
}

function whyUnfinished(waiting: number, { endedHow }: LastRun, context: StepsContext): string {
  if (endedHow === 'work_remains' && waiting > 0)
    return `${capital(again(context))} (${waitingRecords(waiting)})`;
  const reasons = [describeStop(endedHow), ...(waiting > 0 ? [waitingRecords(waiting)] : [])];
  return `Run again (${reasons.join(', and ')})`;
}

function waitingRecords(count: number): string {
  return `${records(count)} ${count === 1 ? 'waits' : 'wait'}`;
}

function isMisconfigured({ status, category }: StateCount): boolean {
  return status === 'pending' && category === 'misconfigured';
}

function isWaiting(entry: StateCount): boolean {
  const { status } = entry;
  return (
    status === 'in_doubt' || status === 'submitting' || (status === 'pending' && !isMisconfigured(entry))
  );
}

function doubtSteps({ waits, lastRun, ledgerPath }: StepsContext): readonly NextStep[] {
  if (lastRun === null || lastRun.state === 'running') return [];
  const count = waits.doubtsWithoutMailbox - lastRun.leftOut.doubtsWithoutMailbox;
  if (count <= 0) return [];
  const say = `${capital(records(count))} in doubt without an email to look up by; to submit again, at the risk of a second grant`;
  return [{ say, command: runCommand(lastRun.input, ledgerPath, ['--retry', 'in_doubt']) }];
}

/** Rows that only a run without the options that left them out can serve. */
function leftOutSteps({ lastRun, ledgerPath }: StepsContext): readonly NextStep[] {
  if (lastRun === null || lastRun.state === 'running') return [];
  const { unknown, waiting, misconfigured, doubtsWithoutMailbox } = lastRun.leftOut;
  const count = unknown + waiting + misconfigured + doubtsWithoutMailbox;
  if (count === 0) return [];
  const by = lastRun.input.narrowing.join(' ');
  const say = `${formatCounted(count, 'row')} without a grant ${count === 1 ? 'was' : 'were'} left out by ${by}; to migrate the rest too`;
  return [{ say, command: runCommand(whole(lastRun.input), ledgerPath) }];
}

/** What a run in progress is at needs nobody yet. */
function stepsAfter({ aftermath, lastRun, ledgerPath }: StepsContext): readonly NextStep[] {
  if (lastRun === null || lastRun.state === 'running') return [];
  return aftermathSteps(aftermath, lastRun, ledgerPath);
}

interface PersonStep {
  readonly say: string;
  /** The options of the report that shows who they are; null: `resolve --list` does. */
  readonly report: readonly string[] | null;
}

/** What each category of failure asks of a person; the rest is done by running again. */
const PERSON_STEPS: Readonly<Partial<Record<Category, PersonStep>>> = {
  needs_reauth: {
    say: 'Ask these people to sign in again',
    report: ['--by', 'person', '--category', 'needs_reauth', '--out', 'sign-in-again.csv'],
  },
  needs_admin: {
    say: "Ask the administrators of these people's domains",
    report: ['--by', 'domain', '--category', 'needs_admin', '--out', 'ask-their-administrators.csv'],
  },
  rejected: {
    say: 'Fix the rows that Nylas refused',
    report: ['--category', 'rejected', '--out', 'rejected.csv'],
  },
  blocked: {
    say: "Ask Nylas' support about the blocked accounts",
    report: ['--category', 'blocked', '--out', 'blocked.csv'],
  },
  email_mismatch: {
    say: 'Another mailbox answered, and was rejected: fix these rows, or ask these people to sign in',
    report: null,
  },
};

function personSteps(
  counts: readonly StateCount[],
  { ledgerPath, aftermath, lastRun }: StepsContext,
): readonly NextStep[] {
  const connection = lastRun?.connection ?? [];
  const failed = counts.filter(({ status }) => status === 'failed');
  return CATEGORIES.flatMap((category) => {
    const step = PERSON_STEPS[category];
    const undecided = category === 'email_mismatch' ? aftermath.held : 0;
    const count = Math.max(0, sum(failed.filter((entry) => entry.category === category)) - undecided);
    if (step === undefined || count === 0) return [];
    const command =
      step.report === null
        ? jobCommand('resolve', ['--list'], ledgerPath, connection)
        : reportCommand(step.report, ledgerPath);
    return [{ say: `${step.say} (${records(count)})`, command }];
  });
}

function rowSteps({ invalidRows, ledgerPath }: StepsContext): readonly NextStep[] {
  if (invalidRows === 0) return [];
  const say = `Fix the rows that could not be submitted, then run again (${formatCounted(invalidRows, 'row')})`;
  return [{ say, command: reportCommand(['--select', 'invalid', '--out', 'invalid.csv'], ledgerPath) }];
}

/** Who was undone stays so until a run is told otherwise. */
export function undoneStep(
  counts: readonly StateCount[],
  { lastRun, ledgerPath }: Pick<StepsContext, 'lastRun' | 'ledgerPath'>,
): readonly NextStep[] {
  const count = sum(counts.filter(({ status }) => status === 'undone'));
  if (count === 0 || lastRun === null || lastRun.state === 'running') return [];
  const [were, their] = count === 1 ? ['was', 'its grant'] : ['were', 'their grants'];
  const say = `${capital(records(count))} ${were} undone, and no run submits ${count === 1 ? 'it' : 'them'} again by itself; to make ${their} anew`;
  return [{ say, command: runCommand(lastRun.input, ledgerPath, ['--retry', 'undone']) }];
}

function lastSteps(
  counts: readonly StateCount[],
  { lastRun, ledgerPath }: StepsContext,
): readonly NextStep[] {
  if (lastRun === null)
    return [{ say: 'Nothing has been run yet', command: 'nylas-migrate check users.csv' }];
  if (sum(counts) === 0)
    return [{ say: 'Nothing: the input of the last run held nobody to migrate', command: null }];
  const report = {
    say: 'Nothing is left to do; who has which grant',
    command: reportCommand(['--out', 'report.csv'], ledgerPath),
  };
  const verify = {
    say: 'Now and then: whether those grants are there still, and whose have become invalid',
    command: jobCommand('verify', [], ledgerPath, lastRun.connection),
  };
  return [report, verify];
}

function sum(counts: readonly StateCount[]): number {
  return counts.reduce((total, { count }) => total + count, 0);
}

function records(count: number): string {
  return formatCounted(count, 'record');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
