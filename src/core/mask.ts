/** What stands before an @ (in a URI: %40), in quotes or up to what no address holds. */
const LOCAL_PART = /(?:"[^"\n]{1,320}"|(?:[^\s@<>"'`(){},;:|\\[\]=/?&%]|%(?!40)){1,320})(?=@|%40)/gu;

/** A text that is an address and nothing else: whatever stands in it is part of it. */
const WHOLE = /^([^\s@<>"(),;:\\[\]])[^\s@<>"(),;:\\[\]]*(?=@[^\s@<>"(),;:\\[\]]+$)/u;

/** Each email address in a text as `a***@example.com`: its first character and its domain stay. */
export function maskEmails(text: string): string {
  if (!text.includes('@') && !text.includes('%40')) return text;
  if (WHOLE.test(text)) return text.replace(WHOLE, '$1***');
  return text.replace(LOCAL_PART, (local) => `${String.fromCodePoint(local.codePointAt(0) ?? 0)}***`);
}

/** The same for every text in a value made of objects and lists, names of fields aside. */
export function maskDeep<T>(value: T): T {
  // What is masked keeps its shape: only texts are changed.
  return masked(value) as T;
}

function masked(value: unknown): unknown {
  if (typeof value === 'string') return maskEmails(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, masked(held)]));
}
