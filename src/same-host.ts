import { openReader } from './context.js';
import { UserError } from './core/errors.js';
import { lastMigration } from './core/ledger-rows.js';
import { commandLine } from './core/shell.js';
import { connectionOptions } from './core/run-options.js';
import type { LedgerReader } from './ports/ledger-reader.js';

/**
 * Makes sure, before anything is sent, that a ledger was begun with the Nylas that is about to be asked: a key, and
 * what it is asked of, is nothing for another one. Throws UserError('ledger').
 */
export async function assertSameHost(ledgerPath: string, host: string): Promise<void> {
  const reader = await readerOf(ledgerPath);
  if (reader === null) return;
  try {
    const own = reader.identity().host;
    if (own !== null && own !== host) throw otherHost(ledgerPath, own, host, placeOfLast(reader));
  } finally {
    reader.close();
  }
}

/** Those that say which host it is, and nothing of pace and key. */
function placeOfLast(reader: LedgerReader): readonly string[] {
  const { apiUri, region } = lastMigration(reader.runs())?.options ?? {};
  return connectionOptions({ apiUri, region });
}

/** The options of the last migration that say where Nylas is, as they are typed. */
export function connectionOfLast(reader: LedgerReader): readonly string[] {
  return connectionOptions(lastMigration(reader.runs())?.options ?? {});
}

/** Null: it isn't there yet, or can't be read, which is told by whoever opens it to write. */
async function readerOf(ledgerPath: string): Promise<LedgerReader | null> {
  try {
    return await openReader(ledgerPath);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

function otherHost(path: string, own: string, host: string, connection: readonly string[]): UserError {
  const options =
    connection.length === 0 ? 'leave out --api-uri and --region' : `add ${commandLine(connection)}`;
  return new UserError(
    'ledger',
    `The ledger ${path} belongs to ${own}, and this would ask ${host}: nothing was sent.`,
    `To go on with it, ${options}, as in its last run; else name another ledger with --ledger.`,
  );
}
