const TROUBLES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EISDIR: 'it is a directory',
  EACCES: 'this user has no permission for it',
  EPERM: 'this user has no permission for it',
  EROFS: 'its file system is read-only',
  ENOSPC: 'there is no room on that disk',
  EDQUOT: "this user's quota on that disk is used up",
  EFBIG: 'it would be larger than this process may make a file',
  EEXIST: 'something else lies there already',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'this process has too many open files (ulimit -n)',
  ENFILE: 'this machine has too many open files',
  EIO: 'the disk failed',
  EADDRINUSE: 'another program listens there',
};

/** Why an operation of the system failed, as half a sentence; its code stands behind it, for whoever looks it up. */
export function describeTrouble(error: unknown): string {
  const code = codeOf(error);
  const known = TROUBLES[code];
  if (known !== undefined) return `${known} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

/** Likewise of a file that was to be made: what lacks is then its folder. */
export function describeWriteTrouble(error: unknown): string {
  return codeOf(error) === 'ENOENT' ? 'its folder does not exist (ENOENT)' : describeTrouble(error);
}

/** The system's code of an error; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
