import { readColumns, readWish, type Defaults, type Wish } from './core/decisions.js';
import { UserError } from './core/errors.js';
import type { RecordSource } from './ports/source.js';

/** Reads a CSV of decisions whole. Throws UserError with every problem at once, each with its line. */
export async function readDecisions(source: RecordSource, defaults: Defaults): Promise<readonly Wish[]> {
  const open = await source.open();
  const wishes: Wish[] = [];
  try {
    const { places, problems: ofHeader } = readColumns(open.header);
    const problems = [...ofHeader];
    if (problems.length > 0) throw wrong(source.name, problems);
    for await (const batch of open.batches) {
      for (const { line, fields, problem } of batch) {
        const read = readWish(line, (column) => fields[places.get(column) ?? -1] ?? '', defaults);
        if (problem !== null) problems.push(`line ${line}: ${problem.message}`);
        else if ('key' in read) wishes.push(read);
        else problems.push(...read.map((text) => `line ${line}: ${text}`));
      }
    }
    if (wishes.length + problems.length === 0) problems.push('it holds no decision');
    if (problems.length > 0) throw wrong(source.name, problems);
    return wishes;
  } finally {
    await open.close();
  }
}

function wrong(name: string, problems: readonly string[]): UserError {
  const lines = problems.map((problem) => `${name}, ${problem}.`);
  return new UserError(
    'usage',
    lines.join('\n'),
    'Nothing was decided: mend these lines and give the file again.',
  );
}
