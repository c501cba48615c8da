import { clock, openReader, renderers } from '../context.js';
import { statusOf } from '../status.js';
import type { Action } from './command.js';
import { EXIT } from '../core/exit-codes.js';
import type { STATUS } from './options.js';
import { print } from './shell.js';

export const action: Action<typeof STATUS> = async (values, _args, _flags, shell) => {
  const reader = await openReader(values.ledger);
  try {
    const status = statusOf(reader, clock.now(), values.ledger);
    const text = values.json ? JSON.stringify(status, null, 2) : (await renderers.status())(status);
    await print(shell.stdout, text);
    return status.balanced ? EXIT.done : EXIT.bug;
  } finally {
    reader.close();
  }
};
