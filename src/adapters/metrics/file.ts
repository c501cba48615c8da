import { randomUUID } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../core/errors.js';

/** node_exporter runs as a user of its own. */
const MODE = 0o644;

/** Refuses what a rename must not replace, such as a device. Throws UserError('usage'). */
export function assertReplaceable(file: string): void {
  const facts = lstatSync(file, { throwIfNoEntry: false });
  if (facts === undefined || facts.isFile() || facts.isSymbolicLink()) return;
  throw new UserError(
    'usage',
    `--metrics-file ${file} is ${facts.isDirectory() ? 'a folder' : 'no regular file'}.`,
    'Name a file in a folder that this user may write to, such as migration.prom.',
  );
}

/** Writes a file anew: whoever reads it sees the earlier text or this one, never a part. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const target = await realpath(file).catch(() => file);
  // Not named *.prom: node_exporter would read it.
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID().slice(0, 8)}.tmp`);
  try {
    const handle = await open(temporary, 'wx', MODE);
    try {
      // Whatever the umask says.
      await handle.chmod(MODE);
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}
