import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../core/errors.js';

/** What lies beside a ledger and belongs to it. */
const SIBLINGS = ['', '-wal', '-shm', '.lock', '.bak'];

/**
 * Refuses to write over a ledger, what belongs to it, or an input. Throws UserError('usage'). `inputs` are
 * paths, or names of what is no file.
 */
export function assertNotPrecious(
  path: string,
  optionName: string,
  ledger: string,
  inputs: readonly string[],
): void {
  const ledgerFiles = SIBLINGS.map((suffix) => ledger + suffix);
  const precious = [...ledgerFiles, ...inputs].find((other) => isSameFile(path, other));
  if (precious === undefined) return;
  const what = ledgerFiles.includes(precious)
    ? 'belongs to the ledger'
    : 'is an input, which holds credentials';
  throw new UserError(
    'usage',
    `${optionName} ${path} ${what}: it would be written over.`,
    `Name another file with ${optionName}; nothing was written.`,
  );
}

/** By name, and through links, where both exist. */
function isSameFile(path: string, other: string): boolean {
  if (resolve(path) === resolve(other)) return true;
  const [one, two] = [path, other].map((name) => statSync(name, { throwIfNoEntry: false }));
  return one !== undefined && one.ino === two?.ino && one.dev === two.dev;
}
