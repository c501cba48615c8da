import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { UserError } from '../../core/errors.js';
import { commandLine } from '../../core/shell.js';

/** The copy that each run makes of its ledger. */
export function copyOf(path: string): string {
  return `${path}.bak`;
}

/**
 * Looks through the whole file where the last run didn't end by itself: nothing is submitted on the word of a
 * damaged ledger. Throws UserError('ledger').
 */
export function assertSound(db: Database, path: string): void {
  if (endedUncleanly(db)) assertIntact(db, path);
}

/** Looks through a whole database, the ledger of that path or a copy of it. Throws UserError('ledger'). */
export function assertIntact(db: Database, path: string): void {
  const found = String(db.pragma('quick_check(1)', { simple: true }));
  if (found === 'ok') return;
  const detail = found.replace('*** in database main ***', '').replaceAll(/\s+/g, ' ').trim();
  throw new UserError('ledger', `The ledger ${path} is damaged: ${detail}.`, keepAndGoBack(path));
}

function endedUncleanly(db: Database): boolean {
  if (Number(db.pragma('user_version', { simple: true })) === 0) return false;
  return db.prepare('SELECT 1 FROM runs WHERE ended_at IS NULL').get() !== undefined;
}

export function keepAndGoBack(path: string): string {
  return `Keep the file. ${wayBack(path)}`;
}

/** How to go on without this file: a run lists the grants there are, so even an old copy of it will do. */
export function wayBack(path: string): string {
  const recognised = 'Grants made since then are recognised: a run lists what is there before it sends.';
  const copy = copyOf(path);
  if (!existsSync(copy)) {
    return `Go on from your latest copy of it under a new name, or with a new ledger (--ledger). ${recognised}`;
  }
  const restored = join(dirname(path), `restored-${basename(path)}`);
  const [make, use] = [commandLine(['cp', copy, restored]), commandLine(['--ledger', restored])];
  return `Go on from the copy that a run made of it: ${make}, then the same command with ${use}. ${recognised}`;
}
