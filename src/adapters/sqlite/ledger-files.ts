import { wayBack } from './damage.js';
import { lockOf } from './open.js';
import type { WatchedFile } from './watch.js';

/** What each WAL begins with, in either byte order of its checksums, but for the last bit. */
const WAL_MAGIC = Buffer.from([0x37, 0x7f, 0x06]);

/** Without its lock a second run could begin: it is watched like the ledger itself. */
export function filesOf(path: string): readonly WatchedFile[] {
  return [{ path }, { path: walOf(path), magic: WAL_MAGIC }, { path: lockOf(path) }];
}

function walOf(path: string): string {
  return `${path}-wal`;
}

/** What to do where one of them has changed under a run. */
export function afterChange(path: string, file: string): string {
  if (file === path) return `${wayBack(path)} A file that was only moved can be put back instead.`;
  if (file === walOf(path)) return 'Run the same command again: it examines the ledger before it goes on.';
  return 'That file keeps a second run out: leave it alone, and run the same command again.';
}
