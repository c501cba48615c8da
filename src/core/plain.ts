export const EMAIL_LENGTH_MAX = 320;
export const KEY_LENGTH_MAX = 512;

/** Simple on purpose: the provider knows best, and this only has to catch columns that hold something else. */
export const EMAIL = /^[^\s@<>"(),;:\\[\]]+@[^\s@<>"(),;:\\[\].]+(\.[^\s@<>"(),;:\\[\].]+)+$/;
export const CONTROL = /[\u0000-\u001f\u007f]/;

/** Longer than most mailboxes' names and shorter than any refresh token known. */
const SHOWN_LENGTH_MAX = 40;
const PLAIN = /^[\w.@+ -]+$/;
/** A long run without a break, with a digit in it: rather a token than a name. */
const TOKEN_LIKE = /(?=[A-Za-z_-]*\d)[\w-]{20,}/;

/**
 * Whether a field's value may stand in a message or a ledger although its row is bad: where columns have
 * shifted or been swapped, a token can sit where an email or a provider belongs.
 */
export function isPlain(value: string): boolean {
  return PLAIN.test(value) && !isTokenLike(value);
}

/** Whether what was given as a record key looks like one: short, and no line of a CSV. */
export function canBeKey(value: string): boolean {
  return value.length <= SHOWN_LENGTH_MAX && PLAIN.test(value);
}

/** Whether a value holds what looks like a token, however long the rest of it is. */
export function hasTokenRun(value: string): boolean {
  return TOKEN_LIKE.test(value);
}

/** Whether a value may be a credential, going by its length and by what it is made of. */
export function isTokenLike(value: string): boolean {
  return value.length > SHOWN_LENGTH_MAX || hasTokenRun(value);
}
