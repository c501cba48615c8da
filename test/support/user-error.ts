import { expect } from 'vitest';
import type { FailureKind } from '../../src/core/errors.js';

/** Matches a UserError by its kind and by what its message (or its `next`) says. */
export function userError(
  kind: FailureKind,
  says: string | RegExp = '',
  field: 'message' | 'next' = 'message',
) {
  const text: unknown = expect.stringMatching(says);
  const matcher: unknown = expect.objectContaining({ name: 'UserError', kind, [field]: text });
  return matcher as Error;
}
