import { renderers } from '../context.js';
import { check } from '../check.js';
import type { Action } from './command.js';
import { EXIT } from './exit-codes.js';
import { readingOf, sourceOf } from './input.js';
import type { CHECK } from './options.js';
import { print } from './shell.js';

export const action: Action<typeof CHECK> = async (values, args, _flags, shell) => {
  const source = await sourceOf(values, args, shell);
  const summary = await check(source, readingOf(values), values.rate);
  await print(
    shell.stdout,
    values.json ? JSON.stringify(summary, null, 2) : (await renderers.check())(summary),
  );
  return summary.bad > 0 ? EXIT.peopleRemain : EXIT.done;
};
