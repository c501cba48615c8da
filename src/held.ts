import { grantOf } from './core/grant.js';
import type { HeldList, ListedHeld } from './core/held-list.js';
import type { HeldRecord } from './core/ledger-rows.js';
import type { NextStep } from './core/next-steps.js';
import { reportCommand, resolveCommand } from './core/next-command.js';
import type { Pacer } from './pacer.js';
import type { LedgerReader } from './ports/ledger-reader.js';
import type { NylasApi } from './ports/nylas.js';

/** Of more records nobody reads a list that is made at the pace of requests. */
const ALIASES_MAX = 200;

/** Where aliases can be asked for. */
export interface AliasSource {
  readonly api: Pick<NylasApi, 'grantById'>;
  readonly pacer: Pick<Pacer, 'send'>;
}

/** What `resolve --list` shows. `from`: where aliases come from, or why they don't. */
export async function heldList(
  reader: LedgerReader,
  ledgerPath: string,
  from: AliasSource | string,
  /** What says where Nylas is, as it is typed. */
  connection: readonly string[],
): Promise<HeldList> {
  const held = reader.held();
  const undecided = held.filter(({ isRejected }) => !isRejected);
  const aliases =
    typeof from === 'string' ? new Map<string, readonly string[]>() : await askAliases(undecided, from);
  const records = held.map((record): ListedHeld => ({ ...record, aliases: aliases.get(record.key) ?? null }));
  const lacks = undecided.some(({ key }) => !aliases.has(key));
  return {
    ledgerPath,
    undecided: undecided.length,
    rejected: held.length - undecided.length,
    records,
    withoutAliases: !lacks ? null : typeof from === 'string' ? from : 'Nylas did not tell all of them',
    next: steps(undecided, ledgerPath, connection),
  };
}

/** By record key. Where Nylas can't be reached, no more is asked. */
async function askAliases(
  held: readonly HeldRecord[],
  { api, pacer }: AliasSource,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const aliases = new Map<string, readonly string[]>();
  for (const { key, grantId } of held.slice(0, ALIASES_MAX)) {
    if (grantId === null) break;
    const answer = await pacer.send((onLeft) => api.grantById(grantId, onLeft));
    if (answer === null || answer.kind === 'fault') break;
    const grant = answer.status === 200 ? grantOf(answer.body) : null;
    if (grant !== null) aliases.set(key, grant.aliases);
  }
  return aliases;
}

/** The column `decision` is the one that a person adds. */
function manyAtOnce(ledgerPath: string): readonly NextStep[] {
  const columns = ['--columns', 'record_key,email,grant_email'];
  const options = ['--category', 'email_mismatch', ...columns, '--out', 'decisions.csv'];
  const say =
    'Many at once: add a column decision (accept or reject) to such a file, then resolve --decisions decisions.csv --by NAME --why TEXT';
  return [{ say, command: reportCommand(options, ledgerPath) }];
}

function steps(
  undecided: readonly HeldRecord[],
  ledgerPath: string,
  connection: readonly string[],
): readonly NextStep[] {
  const [first] = undecided;
  if (first === undefined) return [];
  const command = (decision: readonly string[]): string =>
    resolveCommand(first.key, decision, ledgerPath, connection);
  return [
    { say: 'If the mailbox that answered is the right one', command: command(['--accept']) },
    { say: 'If it is somebody else’s', command: command(['--reject']) },
    { say: 'If the user has another grant', command: command(['--grant', 'ID']) },
    ...(undecided.length === 1 ? [] : manyAtOnce(ledgerPath)),
  ];
}
