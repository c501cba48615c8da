import { REDACTED, scrubberOf } from './scrub.js';

/** An at sign, as it is and as servers escape it in URLs, JSON and HTML. */
const AT = String.raw`(?:@|%(?:25)?40|\\+u0040|&#0*64;|&#x0*40;|&commat;)`;
/** What no address has in it without quotes. */
const PART = String.raw`[^\s"'\x60<>()[\]{},;:=&?/\\|“”]{1,320}`;
const ADDRESS = new RegExp(PART + AT + PART, 'giu');
const HAS_AT = new RegExp(AT, 'i');

/** Whether a text holds what looks like an email address. */
export function holdsAddress(text: string): boolean {
  return HAS_AT.test(text) && forgetAddresses(text) !== text;
}

/** A text without the email addresses in it, whosever they are. */
function forgetAddresses(text: string): string {
  return HAS_AT.test(text) ? text.replace(ADDRESS, REDACTED) : text;
}

/**
 * The same of what was said about somebody: their own addresses are found also where they were cut off, escaped or
 * encoded, as secrets are.
 */
export function forgetIn(text: string, own: readonly string[]): string {
  return forgetAddresses(own.length === 0 ? text : scrubberOf(own)(text));
}

/** The user's own columns, those that hold an address without it. */
export function forgetCarried(
  carried: Readonly<Record<string, string>>,
  own: readonly string[],
): Readonly<Record<string, string>> {
  const entries = Object.entries(carried).map(([header, value]) => [header, forgetIn(value, own)] as const);
  return Object.fromEntries(entries);
}

interface Reason {
  readonly code: string;
  readonly message: string;
  /** Says the same without the row's values. */
  readonly summary?: string;
}

/** Why a row was bad, without its addresses; one that was bad itself doesn't look like one. */
export function forgetReasons(reasons: readonly Reason[], own: readonly string[]): readonly Reason[] {
  return reasons.map(({ code, message, ...rest }) => ({
    code,
    message: code === 'bad_email' ? (rest.summary ?? 'the email is none') : forgetIn(message, own),
    ...rest,
  }));
}
