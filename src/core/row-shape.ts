import { TOKEN_FIELDS, type Field } from './header.js';
import { CONTROL } from './plain.js';
import type { RawRow, RowReason } from './record.js';
import type { Work } from './row-fields.js';

const FIELD_BYTES_MAX = 65_536;
const LINE_BREAK = /[\r\n]/;
const NOT_TEXT = /[\uFFFD\0]/;

/** What is wrong with a row whatever it means: most of all, signs that its columns have shifted. */
export function checkShape(work: Work): void {
  const { raw, reasons } = work;
  if (raw.problem !== null) reasons.push(raw.problem);
  if (hasWrongCount(work)) reasons.push(wrongCount(work));
  const tooLong = raw.fields.findIndex(isTooLong);
  if (tooLong >= 0) reasons.push(fieldTooLong(work.map.headers[tooLong]));
  if (readValues(work).some((value) => NOT_TEXT.test(value))) reasons.push(NOT_UTF8);
  const suspects = suspectFields(work);
  if (suspects.some(hasLineBreak)) reasons.push(openQuote(raw));
  for (const suspect of suspects) {
    const reason = hasLineBreak(suspect) ? null : badCharacters(suspect);
    if (reason !== null) reasons.push(reason);
  }
}

/** Whether the row's fields can't be believed to be in the columns of the header. */
export function hasShifted(work: Work): boolean {
  return work.raw.problem !== null || hasWrongCount(work) || suspectFields(work).some(hasLineBreak);
}

/** A stray letter of another encoding in a column that nothing is read from does no harm. */
function readValues({ raw, map, fields }: Work): string[] {
  return [...Object.values(fields), ...map.carried.map(({ index }) => raw.fields[index] ?? '')];
}

const NOT_UTF8: RowReason = {
  code: 'malformed',
  message: 'characters that are not UTF-8 text (a NUL or a replacement character): save the file as UTF-8',
};

/** Blank fields too many at the end are a spreadsheet's habit and shift nothing. */
function hasWrongCount({ raw, map }: Work): boolean {
  const expected = map.headers.length;
  return raw.fields.length < expected || raw.fields.slice(expected).some((value) => value.trim() !== '');
}

function wrongCount({ raw, map }: Work): RowReason {
  return {
    code: 'malformed',
    message: `${raw.fields.length} fields where the header has ${map.headers.length}: is a quote or a delimiter missing?`,
    summary: `not the ${map.headers.length} fields of the header: is a quote or a delimiter missing?`,
  };
}

function fieldTooLong(header: string | undefined): RowReason {
  return { code: 'malformed', message: `${header ?? 'a field'} is longer than 64 KiB` };
}

/** Three bytes are the most that a UTF-16 code unit takes in UTF-8: short fields need no encoding. */
function isTooLong(value: string): boolean {
  return value.length * 3 > FIELD_BYTES_MAX && new TextEncoder().encode(value).length > FIELD_BYTES_MAX;
}

type Named = readonly [Field, string];

/** The fields whose characters need a look: a scope alone may go over lines. */
function suspectFields({ fields }: Work): Named[] {
  const entries = Object.entries(fields) as [Field, string][];
  return entries.filter(([field, value]) => field !== 'scope' && (isToken(field) || CONTROL.test(value)));
}

function hasLineBreak([, value]: Named): boolean {
  return LINE_BREAK.test(value);
}

function badCharacters([field, value]: Named): RowReason | null {
  if (CONTROL.test(value)) return { code: 'malformed', message: `${field} holds control characters` };
  if (!isToken(field) || !/[\s"]/.test(value)) return null;
  return { code: 'malformed', message: `${field} holds a space or a quote, which no token does` };
}

function isToken(field: Field): boolean {
  return (TOKEN_FIELDS as readonly Field[]).includes(field);
}

function openQuote({ line, fields }: RawRow): RowReason {
  const breaks = fields.reduce((sum, value) => sum + (value.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
  return {
    code: 'malformed',
    message: `a quote opened on this line may never have been closed; the record runs over lines ${line}–${line + breaks}`,
    summary: 'a quote may never have been closed: the record runs over several lines',
  };
}
