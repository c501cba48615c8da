import { mapHeader } from '../../src/core/header.js';
import type { BadRow, LegacyUser, ReadingOptions, Row } from '../../src/core/record.js';
import { interpretRow } from '../../src/core/row.js';

/** How a CSV is read without any option, but for those given. */
export function reading(options: Partial<ReadingOptions> = {}): ReadingOptions {
  return {
    columns: new Map(),
    providerAliases: new Map(),
    defaultProvider: null,
    carry: [],
    identify: null,
    ...options,
  };
}

/** Interprets one row given as header → value. */
export function interpret(row: Readonly<Record<string, string>>, options: Partial<ReadingOptions> = {}): Row {
  return interpretFields(Object.keys(row), Object.values(row), options);
}

export function interpretFields(
  header: readonly string[],
  fields: readonly string[],
  options: Partial<ReadingOptions> = {},
): Row {
  const read = reading(options);
  const raw = { line: 2, fields, problem: null };
  return interpretRow(raw, mapHeader(header, read), {
    reading: read,
    keyOfCredential: (token) => `fingerprint-of-${token.length}`,
  });
}

export function userOf(row: Row): LegacyUser {
  if (row.kind === 'user') return row.user;
  throw new Error(`a bad row: ${row.bad.reasons.map((reason) => reason.message).join('; ')}`);
}

export function badOf(row: Row): BadRow {
  if (row.kind === 'bad') return row.bad;
  throw new Error('a good row');
}
