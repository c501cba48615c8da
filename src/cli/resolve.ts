import { clock, openApi, openReader, openSource, renderers } from '../context.js';
import type { OptionValues } from '../config.js';
import { readWish, type Wish } from '../core/decisions.js';
import { UserError } from '../core/errors.js';
import { readDecisions } from '../decisions-file.js';
import { connectionOptions } from '../core/run-options.js';
import { heldList, type AliasSource } from '../held.js';
import { startPacer } from '../pacer.js';
import { resolve, type ResolveResult } from '../resolve.js';
import { assertSameHost, connectionOfLast } from '../same-host.js';
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
  const aliases = await aliasesFrom(values, flags, shell);
  try {
    const given = connectionOptions(shownOptions(values, RESOLVE));
    const isPlaced = given.includes('--api-uri') || given.includes('--region');
    const connection = isPlaced && aliases.kind !== 'elsewhere' ? given : connectionOfLast(reader);
    const from = aliases.kind === 'nylas' ? aliases.source : WITHOUT_ALIASES[aliases.kind];
    const held = await heldList(reader, values.ledger, from, connection);
    await print(shell.stdout, values.json ? JSON.stringify(held, null, 2) : (await renderers.held())(held));
    return EXIT.done;
  } finally {
    if (aliases.kind === 'nylas') aliases.close();
    reader.close();
  }
}

const WITHOUT_ALIASES = {
  no_key: 'without an API key Nylas can’t be asked',
  elsewhere: 'the ledger is of another Nylas than would be asked',
} as const;

type Aliases =
  | { readonly kind: 'nylas'; readonly source: AliasSource; readonly close: () => void }
  | { readonly kind: keyof typeof WITHOUT_ALIASES };

async function aliasesFrom(values: Values, flags: ReadonlySet<string>, shell: Shell): Promise<Aliases> {
  try {
    const connection = await readConnection(values, shell, flags);
    await assertSameHost(values.ledger, connection.host);
    const api = await openApi({ ...connection, timeoutMs: values.timeout, version: shell.version });
    const close = (): void => {
      api.close();
    };
    return { kind: 'nylas', source: { api, pacer: startPacer(values.rate, clock) }, close };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { kind: error.kind === 'ledger' ? 'elsewhere' : 'no_key' };
  }
}

async function tell(values: Values, result: ResolveResult, exitCode: number, shell: Shell): Promise<void> {
  const json = { ...result, ledgerPath: values.ledger, exitCode };
  const text = values.json ? JSON.stringify(json, null, 2) : (await renderers.resolved())(result.resolved);
  await print(shell.stdout, text);
}
