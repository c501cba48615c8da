import { HANDLING } from './core/category.js';
import type { ExplainedAttempt, ExplainedIssue, ExplainedRecord, Explanation } from './core/explanation.js';
import type { LedgerAttempt, LedgerIssue, LedgerRecord } from './core/ledger-rows.js';
import { reportCommand, runCommand, type NextStep, type StepsContext } from './core/next-steps.js';
import { ISSUE_REMEDIES, remedyOf } from './core/remedy.js';
import { recordRow, reportColumns, type Cell } from './core/report.js';
import { clockTimeAfter, isoOrNull } from './core/utc.js';
import { stepsContext } from './next.js';
import type { LedgerReader } from './ports.js';

const ISSUES_MAX = 50;

/** Everything the ledger knows of a key, an email or a grant id. */
export function explainUser(
  reader: LedgerReader,
  query: string,
  nowMs: number,
  ledgerPath: string,
): Explanation {
  const context = stepsContext(reader, nowMs, ledgerPath);
  const { applicationId, host, keying } = reader.identity();
  const records = reader.find(query).map((record) => explainRecord(reader, record, context));
  const issues = reader.findIssues(query, ISSUES_MAX).map(explainIssue);
  const known = records.length + issues.length > 0;
  const next = known ? [] : whatToTry(query, keying, context);
  return { query, ledger: { path: ledgerPath, applicationId, host }, records, issues, next };
}

function explainRecord(reader: LedgerReader, record: LedgerRecord, context: StepsContext): ExplainedRecord {
  const handling = record.category === null ? null : HANDLING[record.category];
  return {
    facts: factsOf(record),
    meaning: handling === null ? null : { what: handling.what, who: handling.who },
    next: nextOf(record, context),
    attempts: reader.attempts(record.recordId).map(explainAttempt),
  };
}

function factsOf(record: LedgerRecord): Readonly<Record<string, Cell>> {
  const columns = reportColumns(Object.keys(record.carried));
  const row = recordRow(record, columns);
  return Object.fromEntries([
    ...columns.map(({ name }, index) => [name, row[index] ?? null] as const),
    ['grant_email', record.grantEmail],
    ['provider_error', record.providerError],
    ['not_before', isoOrNull(record.notBeforeMs)],
  ]);
}

function explainAttempt({ startedAtMs, endedAtMs, ...attempt }: LedgerAttempt): ExplainedAttempt {
  return { ...attempt, startedAt: isoOrNull(startedAtMs), endedAt: isoOrNull(endedAtMs) };
}

function explainIssue({ runId, line, kind, key, email, reasons }: LedgerIssue): ExplainedIssue {
  const texts = reasons.map(({ message }) => message);
  return { run: runId, line, kind, key, email, reasons: texts, remedy: ISSUE_REMEDIES[kind] };
}

function nextOf(record: LedgerRecord, context: StepsContext): NextStep | null {
  const remedy = remedyOf(record);
  if (remedy === null) return null;
  const { lastRun, ledgerPath } = context;
  const runs = lastRun === null || isForOthers(record) ? null : runCommand(lastRun.input, ledgerPath);
  return { say: remedy + notBefore(record, context.nowMs), command: runs };
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
      say: `Write a key exactly as the file has it, capitals included${rule}; an email in any case`,
      command: null,
    },
    {
      say: 'A row that could not be read has its line here',
      command: reportCommand(['--select', 'invalid'], ledgerPath),
    },
    { say: `If “${query}” went into another ledger, name that with --ledger FILE`, command: null },
  ];
}
