/** Any of an HTTP date's three forms (RFC 9110, 5.6.7), as Unix milliseconds; NaN where it is none. */
export function parseHttpDate(text: string): number {
  // Date.parse finds a date in any text that ends with a number, and takes one without a zone as local.
  if (!/^(Mon|Tues?|Wed(nes)?|Thu(rs)?|Fri|Sat(ur)?|Sun)(day)?,? [\w :-]+$/.test(text)) return NaN;
  // The oldest of the forms leaves its GMT unsaid.
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
}
