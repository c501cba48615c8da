import { backUpLedger } from '../context.js';
import { formatCounted } from '../core/counted.js';
import type { Action } from './command.js';
import { EXIT } from '../core/exit-codes.js';
import type { BACKUP } from './options.js';
import { print } from './shell.js';

export const action: Action<typeof BACKUP> = async (values, args, _flags, shell) => {
  const copy = await backUpLedger(values.ledger, args[0] ?? '');
  const text = values.json
    ? JSON.stringify({ ledger: values.ledger, ...copy }, null, 2)
    : `${values.ledger} copied to ${copy.file}: ${formatCounted(copy.records, 'record')}, ${formatCounted(copy.bytes, 'byte')}`;
  await print(shell.stdout, text);
  return EXIT.done;
};
