import { resolve } from 'node:path';
import { clock, openReader, pageWriter, reportWriter, textWriter } from '../context.js';
import type { OptionValues } from '../config.js';
import { formatCounted } from '../core/counted.js';
import { UserError } from '../core/errors.js';
import { maskDeep } from '../core/mask.js';
import type { Provenance } from '../core/provenance.js';
import type { ReportFormat } from '../core/report.js';
import type { LedgerReader } from '../ports.js';
import { readProvenance } from '../provenance.js';
import { pageOf } from '../report-page.js';
import { maskProvenance, maskReport, reportOf } from '../report.js';
import type { Action } from './command.js';
import { EXIT } from './exit-codes.js';
import type { REPORT } from './options.js';
import { assertNotPrecious } from './precious.js';
import { print, type Shell } from './shell.js';

type Values = OptionValues<typeof REPORT>;
type Out = { readonly file: string } | { readonly stream: Shell['stdout'] };

/** What is written, and how it is told. */
interface Written {
  readonly format: ReportFormat | 'html';
  readonly rows: number;
}

export const action: Action<typeof REPORT> = async (values, _args, _flags, shell) => {
  const reader = await openReader(values.ledger);
  try {
    const toFile = values.out !== '-';
    assertWritable(values, reader);
    const provenance = once(() => readProvenance(reader, shell.version, clock.now()));
    const out = toFile ? { file: values.out } : { stream: shell.stdout };
    const written = isPage(values)
      ? await writePage(values, reader, provenance, out)
      : await writeRows(values, reader, provenance, out);
    await writeProvenance(values, provenance);
    if (toFile) await tell(values, written, shell);
    return EXIT.done;
  } finally {
    reader.close();
  }
};

/** JSON is what `--json` promises on standard output. */
function isPage({ format, json, out }: Values): boolean {
  return format === 'html' && !(json && out === '-');
}

function assertWritable(values: Values, reader: LedgerReader): void {
  const inputs = reader.runs().flatMap(({ inputName }) => (inputName === '' ? [] : [inputName]));
  if (values.out !== '-') assertNotPrecious(values.out, '--out', values.ledger, inputs);
  if (values.provenance === null) return;
  assertNotPrecious(values.provenance, '--provenance', values.ledger, inputs);
  if (resolve(values.provenance) !== resolve(values.out)) return;
  throw new UserError(
    'usage',
    `--out and --provenance name the same file, ${values.out}.`,
    'Name another one; nothing was written.',
  );
}

async function writeRows(
  values: Values,
  reader: LedgerReader,
  provenance: () => Provenance,
  out: Out,
): Promise<Written> {
  const { select, category, columns, maskEmails } = values;
  const report = reportOf(reader, { select, category, columns }, provenance);
  const format = formatOf(values);
  const write = await reportWriter();
  return { format, rows: await write(maskEmails ? maskReport(report) : report, format, out) };
}

async function writePage(
  values: Values,
  reader: LedgerReader,
  provenance: () => Provenance,
  out: Out,
): Promise<Written> {
  const { select, category, columns, maskEmails } = values;
  const wishes = { select, category, columns };
  const page = pageOf(reader, wishes, provenance, values.ledger);
  const write = await pageWriter();
  const masked = maskEmails ? { ...maskDeep(page), provenance: maskProvenance(page.provenance) } : page;
  await write(masked, out);
  return { format: 'html', rows: page.records.rows.length };
}

async function writeProvenance(values: Values, provenance: () => Provenance): Promise<void> {
  if (values.provenance === null) return;
  const write = await textWriter();
  const shown = values.maskEmails ? maskProvenance(provenance()) : provenance();
  await write(`${JSON.stringify(shown, null, 2)}\n`, { file: values.provenance });
}

async function tell(values: Values, { format, rows }: Written, shell: Shell): Promise<void> {
  const { out, json, quiet, provenance } = values;
  const beside = provenance === null ? {} : { provenance };
  if (json) await print(shell.stdout, JSON.stringify({ file: out, format, rows, ...beside }));
  if (quiet) return;
  const what = format === 'html' ? `A page with ${formatCounted(rows, 'row')}` : formatCounted(rows, 'row');
  await print(
    shell.stderr,
    `${what} written to ${out}${provenance === null ? '' : `, where it comes from to ${provenance}`}`,
  );
}

function formatOf({ json, raw, format }: Values): ReportFormat {
  if (json || format === 'html') return 'json';
  return raw && format === 'csv' ? 'raw csv' : format;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
