import { stripVTControlCharacters } from 'node:util';

/** What would move a terminal's cursor, change its state, or reverse the order of what is read. */
const UNSEEN = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu;

/** Text that came from a server or a file, on one line and without anything but text. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(UNSEEN, ' ').trim();
}
