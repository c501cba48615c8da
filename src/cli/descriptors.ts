import { UserError } from '../core/errors.js';

/** Even loading our own code takes descriptors, so that their lack can strike anywhere. */
export function outOfDescriptors(error: unknown): UserError | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code !== 'EMFILE' && code !== 'ENFILE') return null;
  return new UserError(
    'unfinished',
    `This process may not open as many files as it needs (${code}).`,
    'Raise the limit with ulimit -n, then run the same command again: it resumes.',
  );
}
