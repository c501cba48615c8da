import { clock, openApi, openReader, openSource, renderers } from '../context.js';
import type { OptionValues } from '../config.js';
import { readWish, type Wish } from '../core/decisions.js';
import { UserError } from '../core/errors.js';
import { readDecisions } from '../decisions-file.js';
import { connectionOptions } from '../core/run-options.js';
import { heldList, type AliasSource } from '../held.js';
import { startPacer } from '../pacer.js';
import { resolve, type ResolveResult } from '../resolve.js';
import type { Action } from './command.js';
import { readConnection } from './connection.js';
import { EXIT } from '../core/exit-codes.js';
import { doJob } from './job.js';
import { RESOLVE } from './options.js';
import { print, type Shell } from './shell.js';
import { shownOptions } from './shown-options.js';

type Values = OptionValues<typeof RESOLVE>;

export const action: Action<typeof RESOLVE> = async (values, args, flags, shell) => {
  const key = args[0] ?? null;
  assertOneThing(values, key);
  if (values.list) return list(values, flags, shell);
  const wishes = key === null ? await wishesInFile(values) : [wishFor(key, values)];
  return doJob(
    {
      kind: 'resolve',
      specs: RESOLVE,
      work: (ports) => resolve(ports, wishes),
      tell: (result, exitCode, _to, spoken) => tell(values, result, exitCode, spoken),
    },
    values,
    flags,
    shell,
  );
};

/** Throws UserError where it isn't clear what is wanted. */
function assertOneThing({ list: lists, decisions, accept, reject, grant }: Values, key: string | null): void {
  const things = [lists, decisions !== null, key !== null].filter(Boolean).length;
  const wishes = [accept, reject, grant !== null].filter(Boolean).length;
  const problem =
    things !== 1
      ? 'Name one thing to do: --list, a record to decide about, or --decisions FILE.'
      : key !== null && wishes !== 1
        ? `Decide one thing about ${key}: --accept, --reject or --grant ID.`
        : key === null && wishes > 0
          ? '--accept, --reject and --grant are for one record: in a CSV its column decision says it.'
          : null;
  if (problem === null) return;
  throw new UserError('usage', problem, 'Nothing was decided. See: nylas-migrate resolve --help');
}

function wishFor(key: string, { accept, grant, by, why }: Values): Wish {
  const decision = accept ? 'accept' : grant === null ? 'reject' : 'grant';
  const fields = { key, decision, grant_id: grant ?? '', by: by ?? '', why: why ?? '' };
  const wish = readWish(null, (column) => fields[column], { by, why });
  if ('key' in wish) return wish;
  const problems = wish.map((problem) => `${key}: ${problem}.`).join('\n');
  throw new UserError('usage', problems, 'Nothing was decided: give --by NAME and --why TEXT.');
}

async function wishesInFile(values: Values): Promise<readonly Wish[]> {
  const { decisions, by, why } = values;
  // It holds no credentials: that others can read it needs no warning.
  const source = await openSource({ file: decisions ?? '' }, () => undefined);
  return readDecisions(source, { by, why });
}

/** Changes nothing, and needs no key: with one, aliases are shown too. */
async function list(values: Values, flags: ReadonlySet<string>, shell: Shell): Promise<number> {
  const reader = await openReader(values.ledger);
  const from = await aliasSource(values, flags, shell);
  try {
    const held = await heldList(
      reader,
      values.ledger,
      from,
      connectionOptions(shownOptions(values, RESOLVE)),
    );
    await print(shell.stdout, values.json ? JSON.stringify(held, null, 2) : (await renderers.held())(held));
    return EXIT.done;
  } finally {
    if (typeof from !== 'string') from.close();
    reader.close();
  }
}

async function aliasSource(
  values: Values,
  flags: ReadonlySet<string>,
  shell: Shell,
): Promise<(AliasSource & { readonly close: () => void }) | string> {
  try {
    const connection = await readConnection(values, shell, flags);
    const api = await openApi({ ...connection, timeoutMs: values.timeout, version: shell.version });
    const close = (): void => {
      api.close();
    };
    return { api, pacer: startPacer(values.rate, clock), close };
  } catch (error) {
    if (error instanceof UserError) return 'without an API key Nylas can’t be asked';
    throw error;
  }
}

async function tell(values: Values, result: ResolveResult, exitCode: number, shell: Shell): Promise<void> {
  const json = { ...result, ledgerPath: values.ledger, exitCode };
  const text = values.json ? JSON.stringify(json, null, 2) : (await renderers.resolved())(result.resolved);
  await print(shell.stdout, text);
}
