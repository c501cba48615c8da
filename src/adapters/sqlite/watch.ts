import { closeSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import type { Clock } from '../../ports/clock.js';

/** Twice a second, so that what happens to a file is noticed within one. */
const WATCH_EVERY_MS = 500;

export interface WatchedFile {
  readonly path: string;
  /**
   * What it begins with unless it is empty: a file that was cut short and written on shows it here. Only for
   * files without locks: closing one again drops those that this process holds on it (POSIX).
   */
  readonly magic?: Buffer;
}

interface Watched extends WatchedFile {
  readonly opened: Stats;
  sizeMax: number;
}

interface Watch {
  /** Looks at once, at no more than what the files' folder knows of them. */
  readonly look: () => void;
  readonly stop: () => void;
}

/**
 * Watches that files stay the ones that were opened and don't shrink: SQLite goes on writing into a file that
 * was deleted, replaced or cut short, and would notice only when it is opened again. Calls back once, with the
 * file and what became of it. What isn't there at the beginning isn't watched.
 */
export function watchFiles(
  files: readonly WatchedFile[],
  clock: Clock,
  onChange: (path: string, what: string) => void,
): Watch {
  let watched: readonly Watched[] = files.flatMap(asOpened);
  let cancel = (): void => undefined;
  const stop = (): void => {
    watched = [];
    cancel();
  };
  const lookBy = (changeOf: (file: Watched) => string | null): void => {
    for (const file of watched) {
      const what = changeOf(file);
      if (what === null) continue;
      stop();
      onChange(file.path, what);
      return;
    }
  };
  const lookOn = (): void => {
    cancel = clock.after(WATCH_EVERY_MS, lookOn);
    lookBy((file) => changeOf(file) ?? changeInside(file));
  };
  cancel = clock.after(WATCH_EVERY_MS, lookOn);
  const look = (): void => {
    lookBy(changeOf);
  };
  return { look, stop };
}

function asOpened(file: WatchedFile): Watched[] {
  const opened = statSync(file.path, { throwIfNoEntry: false });
  return opened === undefined ? [] : [{ ...file, opened, sizeMax: opened.size }];
}

function changeOf(file: Watched): string | null {
  return guarded(() => {
    const now = statSync(file.path, { throwIfNoEntry: false });
    if (now === undefined) return 'was deleted or moved';
    if (now.ino !== file.opened.ino || now.dev !== file.opened.dev) return 'was replaced by another file';
    if (now.size < file.sizeMax) return 'was cut short';
    file.sizeMax = now.size;
    return null;
  });
}

function changeInside({ path, magic, sizeMax }: Watched): string | null {
  if (magic === undefined || sizeMax < magic.length) return null;
  return guarded(() => (headOf(path, magic.length).equals(magic) ? null : 'was cut short'));
}

function guarded(look: () => string | null): string | null {
  try {
    return look();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    // That we are out of descriptors at this moment says nothing of the file.
    if (code === 'EMFILE' || code === 'ENFILE') return null;
    return `can't be reached any more (${code})`;
  }
}

function headOf(path: string, length: number): Buffer {
  const head = Buffer.alloc(length);
  const file = openSync(path, 'r');
  try {
    readSync(file, head, 0, length, 0);
    return head;
  } finally {
    closeSync(file);
  }
}
