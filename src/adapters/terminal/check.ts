import { BAD_ROWS_MAX, type CheckSummary, type Problem } from '../../core/check.js';
import { commandLine } from '../../core/shell.js';
import { formatCount, formatCounted } from '../../core/counted.js';
import { WIDTH, wrap } from '../../core/wrap.js';
import { formatDuration, formatTable } from './format.js';
import { INDENT } from './steps.js';

/**
 * The answer of `check` for a person. `runCommand` is what to type next, with the options that this check
 * was given; without it the plain command is named.
 */
export function renderCheck(summary: CheckSummary, runCommand?: string): string {
  const sections = [
    headline(summary),
    providers(summary),
    problems(summary),
    repeats(summary),
    withoutCredential(summary),
    ignored(summary),
    estimate(summary),
    next(summary, runCommand ?? commandLine(['nylas-migrate', 'run', summary.file])),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function headline({ file, rows, good, bad, identifiedBy, delimiter, notes }: CheckSummary): string[] {
  const layout = [...notes, delimiter === ',' ? '' : `delimiter ${delimiterName(delimiter)}`];
  const how = [`users identified by ${identifiedBy}`, ...layout.filter((part) => part !== '')].join(', ');
  return [
    `${file}: ${formatCounted(rows, 'row')}, ${formatCount(good)} good, ${formatCount(bad)} bad`,
    ...wrap(how, WIDTH, INDENT),
  ];
}

function delimiterName(delimiter: string): string {
  return delimiter === '\t' ? 'tab' : `“${delimiter}”`;
}

function providers({ byProvider, good }: CheckSummary): string[] {
  const rows = Object.entries(byProvider).map(([provider, count]) => [provider, formatCount(count)]);
  return good === 0 ? [] : ['Good rows by provider', ...formatTable(rows, { right: [1], indent: INDENT })];
}

function problems({ problems: found, badRowsLeftOut }: CheckSummary): string[] {
  if (found.length === 0) return [];
  return [
    'Problems (a row can have several; bad rows are never sent)',
    ...found.flatMap(problem),
    ...wrap(whereAllAre(badRowsLeftOut), WIDTH, INDENT),
  ];
}

function whereAllAre(leftOut: number): string {
  if (leftOut === 0) return '--json lists every bad row with its line and reasons.';
  return (
    `--json lists the first ${formatCount(BAD_ROWS_MAX)} bad rows with line and reasons, and leaves out ` +
    `${formatCount(leftOut)} more. A run keeps every one of them: nylas-migrate report --select invalid.`
  );
}

function problem({ message, count, lines }: Problem): string[] {
  return [
    ...wrap(`${formatCounted(count, 'row')}: ${message}`, WIDTH, INDENT),
    ...wrap(linesOf(lines, count), WIDTH, INDENT + INDENT),
  ];
}

function linesOf(lines: readonly number[], count: number): string {
  const left = count - lines.length;
  const more = left > 0 ? ` and ${formatCount(left)} more` : '';
  return `${count === 1 ? 'line' : 'lines'} ${lines.join(', ')}${more}`;
}

const REPEATS_SHOWN = 5;

function repeats({ repeats: { count, otherMailbox, examples }, sharedMailboxes }: CheckSummary): string[] {
  const lines: string[] = [];
  if (count > 0) {
    lines.push(
      ...wrap(
        `${formatCounted(count, 'row')} with the record key of an earlier row: only the first counts`,
        WIDTH,
      ),
    );
    for (const { line, firstLine, key } of examples.slice(0, REPEATS_SHOWN)) {
      lines.push(
        ...wrap(
          `line ${line} repeats line ${firstLine}${key === null ? '' : ` (${printable(key)})`}`,
          WIDTH,
          INDENT,
        ),
      );
    }
  }
  const left = count - Math.min(count, REPEATS_SHOWN);
  if (left > 0) lines.push(`${INDENT}and ${formatCount(left)} more`);
  if (otherMailbox > 0) lines.push(...wrap(otherMailboxes(otherMailbox), WIDTH, INDENT));
  if (sharedMailboxes > 0) {
    const shared = `${formatCounted(sharedMailboxes, 'row')} of another user with the mailbox of an earlier row: they share its grant`;
    lines.push(...wrap(shared, WIDTH));
  }
  return lines;
}

function otherMailboxes(count: number): string {
  const whose = count === 1 ? 'One of them names' : `${formatCount(count)} of them name`;
  return `${whose} another mailbox, which would not be migrated: --identify-by another column tells them apart.`;
}

function withoutCredential({ withoutCredential: { count } }: CheckSummary): string[] {
  if (count === 0) return [];
  const text = `${formatCounted(count, 'row')} without any credential. Users of Hosted auth have none in your database: Nylas holds their tokens, and moves them with its own batch clone. The others must sign in again.`;
  return wrap(text, WIDTH);
}

/** Where one of them may be meant to hold the tokens, nobody must take its users for Nylas' own. */
function ignored({ ignoredHeaders, hasTokenColumn }: CheckSummary): string[] {
  if (ignoredHeaders.length === 0) return [];
  const text = `Columns not read: ${ignoredHeaders.map(printable).join(', ')}`;
  const hint = hasTokenColumn
    ? '. --carry HEADER keeps one, such as your own user id, beside each grant in the reports'
    : '. None is read as refresh tokens: if one of these holds them, name it with --column refresh_token=HEADER';
  return wrap(`${text}${hint}`, WIDTH);
}

function estimate({ estimate: { ratePerSecond, requests, seconds } }: CheckSummary): string[] {
  const time =
    seconds === null ? 'unpaced' : `${formatDuration(seconds * 1000)} at ${ratePerSecond} a second`;
  return requests === 0 ? [] : [`${formatCounted(requests, 'request')} to Nylas: ${time}`];
}

/** What a file says can hold what a terminal would obey. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '�');
}

/** Of fewer users a canary would be most of them. */
const CANARY_WORTHWHILE_FROM = 200;

/** Each command stands on a line of its own, unbroken, to be copied. */
function next({ rows, good, bad }: CheckSummary, runCommand: string): string[] {
  if (rows === 0) return ['The input has a header and no rows: there is nothing to migrate.'];
  if (good === 0) return ['Nothing can be migrated: correct the file, then check it again.'];
  const whole = [`${INDENT}${runCommand}`];
  const corrected = bad === 0 ? '' : ' (corrected rows later, with the same command)';
  if (good < CANARY_WORTHWHILE_FROM) return [`Next${corrected}:`, ...whole];
  const canary = `${INDENT}${runCommand} --limit-per-provider 20 --label canary`;
  return [
    'Next, a canary of twenty users of each provider:',
    canary,
    `Then everybody${corrected}:`,
    ...whole,
  ];
}
