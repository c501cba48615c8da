import { UserError } from '../core/errors.js';

/** Even loading our own code takes descriptors, so that their lack can strike anywhere. */
export function outOfDescriptors(error: unknown): UserError | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ERR_MODULE_NOT_FOUND') return incomplete(error);
  if (code !== 'EMFILE' && code !== 'ENFILE') return null;
  return new UserError(
    'unfinished',
    `This process may not open as many files as it needs (${code}).`,
    'Raise the limit with ulimit -n, then run the same command again: it resumes.',
  );
}

/** Newer versions of Node say of a package that they have no descriptor left to look at that it isn't there. */
function incomplete(error: unknown): UserError {
  const [what = ''] = /Cannot find (?:package|module) '[^']*'/.exec(String(error)) ?? [];
  return new UserError(
    'unfinished',
    `A part of nylas-migrate can't be loaded${what === '' ? '' : ` (${what})`}.`,
    'Raise the limit of open files with ulimit -n; if it is high enough, install nylas-migrate anew. Then run the same command again.',
  );
}
