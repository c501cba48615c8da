import type {
  ExplainedAttempt,
  ExplainedDecision,
  ExplainedIssue,
  ExplainedRecord,
  Explanation,
} from '../../core/explanation.js';
import { WIDTH, wrap } from '../../core/wrap.js';
import { printable } from './printable.js';
import { hanging, INDENT, joinSections, renderSteps, words } from './steps.js';

const LABEL_WIDTH = 18;

/** One user's story as text, made to be pasted into a ticket. */
export function renderExplanation(story: Explanation): string {
  const { query, records, issues, next, ledger } = story;
  const owner =
    ledger.applicationId === null ? '' : `, application ${ledger.applicationId} at ${ledger.host ?? '?'}`;
  const found = records.length + issues.length > 0 ? query : `“${query}” is not in this ledger`;
  return joinSections([
    wrap(printable(`${found} (ledger ${ledger.path}${owner})`), WIDTH),
    ...records.flatMap(recordSections),
    issueLines(issues),
    next.length === 0 ? [] : renderSteps(next),
  ]);
}

/** The remedy is the next step, and the attempts are counted over their list. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(['remedy', 'attempts']);

function recordSections({
  facts,
  meaning,
  next,
  attempts,
  decisions,
}: ExplainedRecord): (readonly string[])[] {
  const told = Object.entries(facts).filter(([name, value]) => value !== null && !TOLD_ELSEWHERE.has(name));
  return [
    [
      ...told.flatMap(([name, value]) => labelled(name, String(value))),
      ...(meaning === null ? [] : labelled('meaning', `${meaning.what}; it is for ${meaning.who} to act`)),
    ],
    attemptLines(attempts, Number(facts['attempts'] ?? 0)),
    decisionLines(decisions),
    next === null ? [] : renderSteps([next]),
  ];
}

function attemptLines(attempts: readonly ExplainedAttempt[], counted: number): readonly string[] {
  if (attempts.length === 0) return ['No request was made for this record.'];
  return [...wrap(requestsHeading(attempts.length, counted), WIDTH), ...attempts.flatMap(attemptEntry)];
}

function requestsHeading(made: number, counted: number): string {
  if (made === counted) return `Requests: ${made}`;
  const many = counted === 1 ? '1 of them counts as an attempt' : `${counted} of them count as attempts`;
  return `Requests: ${made} (${many}; look-ups, throttling and what was never sent do not)`;
}

function attemptEntry(attempt: ExplainedAttempt): string[] {
  const { startedAt, kind, runId, endedAt, result, httpStatus, latencyMs } = attempt;
  const ending = [
    endedAt === null ? 'no end was written down: the process died, or it is in flight' : words(result ?? ''),
    httpStatus === null ? '' : `HTTP ${httpStatus}`,
    latencyMs === null ? '' : `${latencyMs} ms`,
  ].filter((part) => part !== '');
  const heading = `${startedAt ?? '?'}  ${words(kind)}, run ${runId}: ${ending.join(', ')}`;
  return [...wrap(heading, WIDTH, INDENT), ...details(attempt)];
}

function details(attempt: ExplainedAttempt): string[] {
  const lines: readonly (readonly [string, string | null])[] = [
    ['error', joined(attempt.errorType, attempt.errorMessage)],
    ['provider error', attempt.providerError],
    ['request id', attempt.requestId],
    ['x-fastly-id', attempt.fastlyId],
  ];
  return lines.flatMap(([name, value]) => (value === null ? [] : labelled(name, value, INDENT + INDENT)));
}

function decisionLines(decisions: readonly ExplainedDecision[]): readonly string[] {
  if (decisions.length === 0) return [];
  return ['Decisions', ...decisions.flatMap(decisionEntry)];
}

function decisionEntry(decided: ExplainedDecision): readonly string[] {
  const { decidedAt, decision, by, why, runId, heldGrantId, heldEmail, grantId } = decided;
  const text = `${decidedAt ?? '?'}  ${decision} by ${by}, run ${runId}: ${why}`;
  const held =
    heldGrantId === null ? null : joined(heldGrantId, heldEmail === null ? null : `of ${heldEmail}`);
  return [
    ...hanging(printable(text), INDENT),
    ...(held === null ? [] : labelled('about the grant', held, INDENT + INDENT)),
    ...(grantId === null ? [] : labelled('its grant now', grantId, INDENT + INDENT)),
  ];
}

function issueLines(issues: readonly ExplainedIssue[]): readonly string[] {
  if (issues.length === 0) return [];
  return ['Rows of this user that a run left aside', ...issues.flatMap(issueEntry)];
}

function issueEntry({ run, line, kind, reasons, remedy }: ExplainedIssue): readonly string[] {
  const text = `run ${run}, line ${line}, ${words(kind)}: ${reasons.join('; ')}`;
  return hanging(printable(remedy === null ? text : `${text}; ${remedy}`), INDENT);
}

/** A name and its value, whose further lines stand under the first. */
function labelled(name: string, value: string, indent = INDENT): string[] {
  const label = `${indent}${printable(name).padEnd(LABEL_WIDTH)}`;
  const [first = '', ...rest] = wrap(printable(value), WIDTH - label.length);
  return [`${label}${first}`, ...rest.map((line) => ' '.repeat(label.length) + line)];
}

function joined(type: string | null, message: string | null): string | null {
  const parts = [type, message].filter((part) => part !== null && part !== '');
  return parts.length === 0 ? null : parts.join(': ');
}
