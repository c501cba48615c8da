import { openReader, reportWriter } from '../context.js';
import type { OptionValues } from '../config.js';
import { formatCounted } from '../core/counted.js';
import type { ReportFormat } from '../core/report.js';
import { reportOf } from '../report.js';
import type { Action } from './command.js';
import { EXIT } from './exit-codes.js';
import type { REPORT } from './options.js';
import { assertNotPrecious } from './precious.js';
import { print } from './shell.js';

export const action: Action<typeof REPORT> = async (values, _args, _flags, shell) => {
  const reader = await openReader(values.ledger);
  try {
    const { select, category, columns } = values;
    const report = reportOf(reader, { select, category, columns });
    const write = await reportWriter();
    const toFile = values.out !== '-';
    if (toFile) {
      const inputs = reader.runs().flatMap(({ inputName }) => (inputName === '' ? [] : [inputName]));
      assertNotPrecious(values.out, '--out', values.ledger, inputs);
    }
    const format = formatOf(values);
    const rows = await write(report, format, toFile ? { file: values.out } : { stream: shell.stdout });
    if (toFile && values.json) await print(shell.stdout, JSON.stringify({ file: values.out, format, rows }));
    if (toFile && !values.quiet)
      await print(shell.stderr, `${formatCounted(rows, 'row')} written to ${values.out}`);
    return EXIT.done;
  } finally {
    reader.close();
  }
};

function formatOf({ json, raw, format }: OptionValues<typeof REPORT>): ReportFormat {
  if (json) return 'json';
  return raw && format === 'csv' ? 'raw csv' : format;
}
