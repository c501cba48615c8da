import { HANDLING } from './core/category.js';
import type {
  ExplainedAttempt,
  ExplainedDecision,
  ExplainedIssue,
  ExplainedRecord,
  Explanation,
} from './core/explanation.js';
import type { LedgerAttempt, LedgerDecision, LedgerIssue, LedgerRecord } from './core/ledger-rows.js';
import { jobCommand, reportCommand, runCommand, whole } from './core/next-command.js';
import type { NextStep, StepsContext } from './core/next-steps.js';
import { ISSUE_REMEDIES, remedyOf } from './core/remedy.js';
import { recordRow, reportColumns, type Cell } from './core/report.js';
import { clockTimeAfter, isoOrNull } from './core/utc.js';
import { stepsContext } from './next.js';
import type { LedgerReader } from './ports/ledger-reader.js';

const ISSUES_MAX = 50;
/** Of records that carry one value: it may be a team's, and not a user's. */
const CARRIED_MAX = 20;

/** Everything the ledger knows of a key, an email, a grant id or, failing these, a carried value. */
export function explainUser(
  reader: LedgerReader,
  query: string,
  nowMs: number,
  ledgerPath: string,
): Explanation {
  const context = stepsContext(reader, nowMs, ledgerPath);
  const { applicationId, host, keying } = reader.identity();
  const found = search(reader, query);
  const records = found.records.map((record) => explainRecord(reader, record, found.issues, context));
  const known = records.length + found.issues.length > 0;
  const next = known ? moreOf(found, query, context) : whatToTry(query, keying, context);
  const issues = found.issues.map(explainIssue);
  return { query, ledger: { path: ledgerPath, applicationId, host }, records, issues, next };
}

interface Found {
  readonly records: readonly LedgerRecord[];
  readonly issues: readonly LedgerIssue[];
  /** Whether there are more than were taken. */
  readonly isCut: boolean;
}

function search(reader: LedgerReader, query: string): Found {
  const named = reader.find(query);
  const records = named.length > 0 ? named : reader.findByGrant(query.trim());
  const issues = reader.findIssues(query, ISSUES_MAX);
  if (records.length + issues.length > 0 || query === '') return { records, issues, isCut: false };
  const carried = reader.findCarried(query, CARRIED_MAX + 1);
  return {
    records: carried.records.slice(0, CARRIED_MAX),
    issues: carried.issues.slice(0, CARRIED_MAX),
    isCut: Math.max(carried.records.length, carried.issues.length) > CARRIED_MAX,
  };
}

function moreOf({ isCut }: Found, query: string, { ledgerPath }: StepsContext): readonly NextStep[] {
  if (!isCut) return [];
  const say = `More than ${CARRIED_MAX} carry “${query}”: all of them stand in the report`;
  return [{ say, command: reportCommand(['--out', 'report.csv'], ledgerPath) }];
}

function explainRecord(
  reader: LedgerReader,
  record: LedgerRecord,
  issues: readonly LedgerIssue[],
  context: StepsContext,
): ExplainedRecord {
  const handling = record.category === null ? null : HANDLING[record.category];
  const decisions = reader.decisions(record.recordId);
  const next = nextOf(record, isLeftOut(record, issues, context), context);
  return {
    facts: factsOf(record),
    meaning: handling === null ? null : { what: handling.what, who: handling.who },
    next: isRejected(record, decisions) ? AFTER_REJECTION : next,
    attempts: reader.attempts(record.recordId).map(explainAttempt),
    decisions: decisions.map(explainDecision),
  };
}

function factsOf(record: LedgerRecord): Readonly<Record<string, Cell>> {
  const columns = reportColumns(Object.keys(record.carried));
  const row = recordRow(record, columns);
  return Object.fromEntries([
    ...columns.map(({ name }, index) => [name, row[index] ?? null] as const),
    ['provider_error', record.providerError],
    ['not_before', isoOrNull(record.notBeforeMs)],
  ]);
}

function explainAttempt({ startedAtMs, endedAtMs, ...attempt }: LedgerAttempt): ExplainedAttempt {
  return { ...attempt, startedAt: isoOrNull(startedAtMs), endedAt: isoOrNull(endedAtMs) };
}

function explainDecision({ decidedAtMs, ...decision }: LedgerDecision): ExplainedDecision {
  return { ...decision, decidedAt: isoOrNull(decidedAtMs) };
}

function explainIssue({ runId, line, kind, key, email, reasons }: LedgerIssue): ExplainedIssue {
  const texts = reasons.map(({ message }) => message);
  return { run: runId, line, kind, key, email, reasons: texts, remedy: ISSUE_REMEDIES[kind] };
}

/** Whether the last run's options left the record's row out: then it takes a run without them. */
function isLeftOut(
  { key }: LedgerRecord,
  issues: readonly LedgerIssue[],
  { lastRun }: StepsContext,
): boolean {
  return issues.some(
    (issue) => issue.kind === 'out_of_scope' && issue.key === key && issue.runId === lastRun?.runId,
  );
}

function nextOf(record: LedgerRecord, leftOut: boolean, context: StepsContext): NextStep | null {
  const remedy = remedyOf(record);
  if (remedy === null) return null;
  const { lastRun, ledgerPath } = context;
  const isHeldBack =
    record.status === 'pending' && record.category === null && lastRun !== null && lastRun.heldBack !== null;
  const say = isHeldBack ? HELD_BACK : remedy + notBefore(record, context.nowMs);
  if (isToDecide(record)) return { say, command: jobCommand('resolve', ['--list'], ledgerPath) };
  if (lastRun === null || isForOthers(record)) return { say, command: null };
  if (record.status === 'migrated')
    return {
      say,
      command: runCommand(whole(lastRun.input), ledgerPath, ['--retry', record.grantStatus ?? '']),
    };
  const reopen = record.status === 'undone' ? ['--retry', 'undone'] : [];
  return { say, command: runCommand(leftOut ? whole(lastRun.input) : lastRun.input, ledgerPath, reopen) };
}

const HELD_BACK = 'the last run held it back: mend what status says of that, then run again';

/** A rejection stands until the record is submitted again. */
function isRejected(record: LedgerRecord, decisions: readonly LedgerDecision[]): boolean {
  const last = decisions.at(-1);
  return isToDecide(record) && last?.decision === 'reject' && last.runId > record.runId;
}

const AFTER_REJECTION: NextStep = {
  say: 'the mailbox that answered was rejected: fix this row, or let this person sign in',
  command: null,
};

function isToDecide({ status, category, grantId, grantStatus }: LedgerRecord): boolean {
  if (status === 'migrated') return grantStatus === 'changed';
  return status === 'failed' && category === 'email_mismatch' && grantId !== null;
}

/** What no command of ours brings forward. */
function isForOthers({ status, category }: LedgerRecord): boolean {
  return status === 'failed' && category !== 'rejected';
}

function notBefore({ status, notBeforeMs }: LedgerRecord, nowMs: number): string {
  const waits = (status === 'pending' || status === 'in_doubt') && (notBeforeMs ?? 0) > nowMs;
  return waits && notBeforeMs !== null ? `, but not before ${clockTimeAfter(notBeforeMs, nowMs)}` : '';
}

function whatToTry(query: string, keying: string | null, context: StepsContext): readonly NextStep[] {
  const { lastRun, ledgerPath } = context;
  if (lastRun === null) return [{ say: 'Nothing has been run with this ledger yet', command: null }];
  const rule = keying === null ? '' : ` (this ledger's keys are made by ${keying})`;
  return [
    {
      say: `Write a key or a carried value exactly as the file has it, capitals included${rule}; an email in any case; a key that begins with a dash after --`,
      command: null,
    },
    {
      say: 'A row that could not be read has its line here',
      command: reportCommand(['--select', 'invalid'], ledgerPath),
    },
    { say: `If “${query}” went into another ledger, name that with --ledger FILE`, command: null },
  ];
}
