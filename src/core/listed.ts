import type { Grant } from './grant.js';
import { EMAIL, hasTokenRun, isPlain, isTokenLike } from './plain.js';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const WORD = /^[a-z][a-z_-]{0,31}$/i;
const SCOPE = /^[a-z][\w.:/-]*$/i;

/**
 * What may be kept of a listed grant. A listing is of other people's grants too, so that nobody knows which
 * credentials a server could repeat in it: whatever hasn't the form of what it should be is left out, and a grant
 * whose id hasn't altogether (null). The `state` is for the ledger to hide.
 */
export function keepable(grant: Grant): Grant | null {
  if (!UUID.test(grant.id) && isTokenLike(grant.id)) return null;
  const { provider, status, email } = grant;
  return {
    ...grant,
    provider: provider !== null && WORD.test(provider) ? provider : null,
    // A virtual calendar's is any text.
    email: email !== null && (EMAIL.test(email) || isPlain(email)) ? email : null,
    // Not null, which would be taken for a healthy one.
    status: status === null || WORD.test(status) ? status : 'unknown',
    scope: grant.scope.filter((scope) => SCOPE.test(scope) && !hasTokenRun(scope)),
  };
}
