import { resolve } from 'node:path';
import { clock, openReader, pageWriter, reportWriter, textWriter } from '../context.js';
import type { OptionValues } from '../config.js';
import { formatCounted } from '../core/counted.js';
import { UserError } from '../core/errors.js';
import { maskDeep } from '../core/mask.js';
import type { Provenance } from '../core/provenance.js';
import { isLoopback, type SigninTarget } from '../core/signin-url.js';
import { tallyLines } from '../core/write-back.js';
import { attemptsReport, domainReport, peopleReport } from '../hand-over.js';
import type { LedgerReader } from '../ports/ledger-reader.js';
import type { ReportTable } from '../ports/report.js';
import { readProvenance } from '../provenance.js';
import { pageOf } from '../report-page.js';
import { maskProvenance, maskReport, reportOf } from '../report.js';
import { reportSince } from '../since-report.js';
import { nextLine, writeBackOf, type WriteBackWishes } from '../write-back.js';
import type { Action } from './command.js';
import { EXIT } from '../core/exit-codes.js';
import type { REPORT } from './options.js';
import { assertNotPrecious } from './precious.js';
import { reportForm, reportFormat, type RowsKind } from './report-form.js';
import { print, type Shell } from './shell.js';

type Values = OptionValues<typeof REPORT>;

/** What every form of a report is written from, and with. */
interface Making {
  readonly reader: LedgerReader;
  readonly values: Values;
  readonly shell: Shell;
  /** Read once, and only where something of it is written. */
  readonly provenance: () => Provenance;
  readonly place: ReturnType<typeof placeOf>;
}

/** What is told when a report is written. */
interface Written {
  readonly format: string;
  readonly rows: number;
  /** What was written, for people. */
  readonly what: string;
  /** Where what comes later goes on from. */
  readonly next: number | null;
  readonly notices: readonly string[];
}

export const action: Action<typeof REPORT> = async (values, _args, flags, shell) => {
  const form = reportForm(values, flags);
  const reader = await openReader(values.ledger);
  try {
    assertWritable(values, reader);
    const provenance = once(() => readProvenance(reader, shell.version, clock.now()));
    const making = { reader, values, shell, provenance, place: placeOf(values, shell) };
    await writeProvenance(making);
    const written = await write(form, making);
    await tell(written, making);
    return EXIT.done;
  } finally {
    reader.close();
  }
};

function write(form: ReturnType<typeof reportForm>, making: Making): Promise<Written> {
  if (form.kind === 'sql') return writeScript(form, making);
  return form.kind === 'page' ? writePage(making) : writeRows(form.kind, making);
}

async function writeRows(kind: RowsKind, { reader, values, provenance, place }: Making): Promise<Written> {
  const signin = signinOf(reader, values);
  const report = { ...rowsOf(reader, kind, values, signin), provenance };
  const writeOut = await reportWriter();
  const format = reportFormat(values);
  const rows = await writeOut(values.maskEmails ? maskReport(report) : report, format, place.out);
  const what = formatCounted(rows, 'row');
  return { format, rows, what, next: report.next ?? null, notices: rehearsalNotice(signin) };
}

function rowsOf(
  reader: LedgerReader,
  kind: RowsKind,
  { select, category, columns, after }: Values,
  signin: SigninTarget | null,
): ReportTable {
  const wishes = { select, category, columns };
  switch (kind) {
    case 'since':
      return reportSince(reader, wishes, signin, after ?? 0);
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

async function writeScript(wishes: WriteBackWishes, { reader, shell, place }: Making): Promise<Written> {
  const { script, tally, match, rehearsal, next } = writeBackOf(reader, wishes, shell.version);
  const writeOut = await textWriter();
  await writeOut(script, place.out);
  const { written: rows } = tally();
  const notices = [`${match}.`, ...tallyLines(tally()), ...(rehearsal === null ? [] : [rehearsal])];
  return { format: 'sql', rows, what: formatCounted(rows, 'grant id'), next, notices };
}

async function writePage({ reader, values, provenance, place }: Making): Promise<Written> {
  const { select, category, columns, maskEmails, ledger } = values;
  const page = pageOf(reader, { select, category, columns }, provenance, ledger);
  const writeOut = await pageWriter();
  const masked = maskEmails ? { ...maskDeep(page), provenance: maskProvenance(page.provenance) } : page;
  await writeOut(masked, place.out);
  const rows = page.records.rows.length;
  return { format: 'html', rows, what: `A page with ${formatCounted(rows, 'row')}`, next: null, notices: [] };
}

async function writeProvenance({ values, provenance }: Making): Promise<void> {
  if (values.provenance === null) return;
  const writeOut = await textWriter();
  const shown = values.maskEmails ? maskProvenance(provenance()) : provenance();
  await writeOut([`${JSON.stringify(shown, null, 2)}\n`], {
    file: values.provenance,
    option: '--provenance',
  });
}

/** Throws UserError where something would be lost. */
function assertWritable({ out, provenance, ledger }: Values, reader: LedgerReader): void {
  const inputs = reader.runs().flatMap(({ inputName }) => (inputName === '' ? [] : [inputName]));
  if (out !== '-') assertNotPrecious(out, '--out', ledger, inputs);
  if (provenance === null) return;
  assertNotPrecious(provenance, '--provenance', ledger, inputs);
  if (resolve(provenance) !== resolve(out)) return;
  throw new UserError(
    'usage',
    `--out and --provenance name the same file, ${out}.`,
    'Name another one; nothing was written.',
  );
}

/** Where it goes, and whether it got there to its end. */
function placeOf({ out }: Values, shell: Shell) {
  let isWhole = true;
  const onGone = (): void => void (isWhole = false);
  return {
    out: out === '-' ? { stream: shell.stdout, onGone } : { file: out },
    isWhole: () => isWhole,
  };
}

/**
 * The number to go on from is a result: it stands on standard output where the report went into a file, and is
 * told to nobody whose reader left before the end.
 */
async function tell(written: Written, { values, shell, place }: Making): Promise<void> {
  const { format, rows, next } = written;
  const { out, json, quiet, provenance } = values;
  const toFile = out !== '-';
  const said = toFile ? [fileNotice(written, values), ...written.notices] : written.notices;
  if (!quiet && said.length > 0) await print(shell.stderr, said.join('\n'));
  if (toFile && json) {
    const beside = { ...(next !== null && { next }), ...(provenance !== null && { provenance }) };
    await print(shell.stdout, JSON.stringify({ file: out, format, rows, ...beside }));
  } else if (next !== null && place.isWhole()) {
    await (toFile ? print(shell.stdout, String(next)) : print(shell.stderr, nextLine(next)));
  }
}

function fileNotice({ what }: Written, { out, provenance }: Values): string {
  return `${what} written to ${out}${provenance === null ? '' : `, where it comes from to ${provenance}`}`;
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

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
