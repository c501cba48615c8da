import { clock, openReader, renderers } from '../context.js';
import { explainUser } from '../explain.js';
import type { Action } from './command.js';
import { EXIT } from '../core/exit-codes.js';
import type { EXPLAIN } from './options.js';
import { print } from './shell.js';

export const action: Action<typeof EXPLAIN> = async (values, args, _flags, shell) => {
  const reader = await openReader(values.ledger);
  try {
    const story = explainUser(reader, args[0] ?? '', clock.now(), values.ledger);
    const text = values.json ? JSON.stringify(story, null, 2) : (await renderers.explanation())(story);
    await print(shell.stdout, text);
    return EXIT.done;
  } finally {
    reader.close();
  }
};
