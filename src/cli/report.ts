import { openReader, reportWriter, textWriter } from '../context.js';
import type { OptionValues } from '../config.js';
import { formatCounted } from '../core/counted.js';
import { isLoopback, type SigninTarget } from '../core/signin-url.js';
import { tallyLines } from '../core/write-back.js';
import { attemptsReport, domainReport, peopleReport } from '../hand-over.js';
import type { LedgerReader, Report } from '../ports.js';
import { reportOf } from '../report.js';
import { reportSince } from '../since-report.js';
import { nextLine, writeBackOf, type WriteBackWishes } from '../write-back.js';
import type { Action } from './command.js';
import { EXIT } from './exit-codes.js';
import type { REPORT } from './options.js';
import { assertNotPrecious } from './precious.js';
import { reportForm, reportFormat, type RowsKind } from './report-form.js';
import { print, type Shell } from './shell.js';

type Values = OptionValues<typeof REPORT>;

export const action: Action<typeof REPORT> = async (values, _args, flags, shell) => {
  const form = reportForm(values, flags);
  const reader = await openReader(values.ledger);
  try {
    if (form.kind === 'sql') await writeScript(reader, form, values, shell);
    else await writeRows(reader, form.kind, values, shell);
    return EXIT.done;
  } finally {
    reader.close();
  }
};

/** What is told when a report is written. */
interface Written {
  readonly format: string;
  readonly rows: number;
  readonly noun: string;
  /** Where what comes later goes on from. */
  readonly next: number | null;
  readonly notices: readonly string[];
}

async function writeRows(reader: LedgerReader, kind: RowsKind, values: Values, shell: Shell): Promise<void> {
  const signin = signinOf(reader, values);
  const report = rowsOf(reader, kind, values, signin);
  const write = await reportWriter();
  const format = reportFormat(values);
  const place = placeOf(reader, values, shell);
  const rows = await write(report, format, place.out);
  const notices = rehearsalNotice(signin);
  await tell(
    { format, rows, noun: 'row', next: report.next ?? null, notices },
    values,
    shell,
    place.isWhole(),
  );
}

function rowsOf(reader: LedgerReader, kind: RowsKind, values: Values, signin: SigninTarget | null): Report {
  const { select, category, columns } = values;
  const wishes = { select, category, columns };
  switch (kind) {
    case 'since':
      return reportSince(reader, wishes, signin, values.after ?? 0);
    case 'people':
      return peopleReport(reader, wishes, signin);
    case 'domains':
      return domainReport(reader, wishes, signin);
    case 'attempts':
      return attemptsReport(reader, wishes);
    case 'records':
      return reportOf(reader, wishes, signin);
  }
}

async function writeScript(
  reader: LedgerReader,
  wishes: WriteBackWishes,
  values: Values,
  shell: Shell,
): Promise<void> {
  const { script, tally, match, next } = writeBackOf(reader, wishes, shell.version);
  const write = await textWriter();
  const place = placeOf(reader, values, shell);
  await write(script, place.out);
  const notices = [`${match}.`, ...tallyLines(tally())];
  const rows = tally().written;
  await tell({ format: 'sql', rows, noun: 'grant id', next, notices }, values, shell, place.isWhole());
}

/** Where it goes, and whether it got there to its end. Throws UserError where something would be lost. */
function placeOf(reader: LedgerReader, values: Values, shell: Shell) {
  let isWhole = true;
  if (values.out === '-') {
    const onGone = (): void => void (isWhole = false);
    return { out: { stream: shell.stdout, onGone }, isWhole: () => isWhole };
  }
  const inputs = reader.runs().map(({ inputName }) => inputName);
  assertNotPrecious(values.out, '--out', values.ledger, inputs);
  return { out: { file: values.out }, isWhole: () => true };
}

/**
 * The number to go on from is a result: it stands on standard output where the report went into a file, and is
 * told to nobody whose reader left before the end.
 */
async function tell(written: Written, values: Values, shell: Shell, isWhole: boolean): Promise<void> {
  const { format, rows, noun, next, notices } = written;
  const toFile = values.out !== '-';
  const said = toFile ? [`${formatCounted(rows, noun)} written to ${values.out}`, ...notices] : notices;
  if (!values.quiet && said.length > 0) await print(shell.stderr, said.join('\n'));
  if (toFile && values.json) {
    const told = { file: values.out, format, rows, ...(next === null ? {} : { next }) };
    await print(shell.stdout, JSON.stringify(told));
  } else if (next !== null && isWhole) {
    await (toFile ? print(shell.stdout, String(next)) : print(shell.stderr, nextLine(next)));
  }
}

function signinOf(reader: LedgerReader, { clientId, redirectUri }: Values): SigninTarget | null {
  if (clientId === null || redirectUri === null) return null;
  return { host: reader.identity().host, clientId, redirectUri };
}

function rehearsalNotice(signin: SigninTarget | null): readonly string[] {
  const host = signin?.host ?? null;
  if (host === null || !isLoopback(host)) return [];
  return [`The ledger is of a rehearsal: its links to sign in lead to ${host}, and not to Nylas.`];
}
