import { renderers } from '../context.js';
import { check } from '../check.js';
import { runCommand } from '../core/next-command.js';
import { repeatedOptions } from '../core/run-options.js';
import type { Action } from './command.js';
import { EXIT } from '../core/exit-codes.js';
import { readingOf, sourceOf } from './input.js';
import { CHECK } from './options.js';
import { print } from './shell.js';
import { shownOptions } from './shown-options.js';

export const action: Action<typeof CHECK> = async (values, args, _flags, shell) => {
  const source = await sourceOf(values, args, shell);
  const summary = await check(source, readingOf(values), values.rate);
  const input = {
    name: source.name,
    isCommand: values.inputCommand !== null,
    options: repeatedOptions(shownOptions(values, CHECK)),
    narrowing: [],
  };
  const render = await renderers.check();
  const text = values.json
    ? JSON.stringify(summary, null, 2)
    : render(summary, runCommand(input, values.ledger));
  await print(shell.stdout, text);
  return summary.bad > 0 ? EXIT.peopleRemain : EXIT.done;
};
