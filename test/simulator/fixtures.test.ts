import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { SCENARIOS } from '../../src/simulator/scenarios.js';

type Row = Readonly<Record<string, string>>;

const text = readFileSync(new URL('../../fixtures/legacy-users.csv', import.meta.url), 'utf8');
const readme = readFileSync(new URL('../../fixtures/README.md', import.meta.url), 'utf8');
const rows: Row[] = parse(text, { columns: true, skip_empty_lines: true });

const SECRETS = /_refresh_token$|^refresh_token$|password$/;

function secretsOf(row: Row): string[] {
  return Object.entries(row).flatMap(([name, value]) => (SECRETS.test(name) && value !== '' ? [value] : []));
}

test('the example holds made-up credentials only, and mail addresses that cannot exist', () => {
  expect(rows.flatMap(secretsOf).filter((secret) => !secret.startsWith('sim.'))).toEqual([]);
  const domains = new Set(rows.map((row) => row['email_address']?.split('@').at(-1)?.toLowerCase()));
  const real = [...domains].filter((domain) => domain?.includes('.') === true);
  expect(real.filter((domain) => !/(^|\.)example(\.(com|org|net))?$/.test(domain ?? ''))).toEqual([]);
});

test('the example shows every scenario that there is', () => {
  const shown = new Set(rows.flatMap(secretsOf).map((secret) => secret.split('.')[1]));
  expect([...shown].toSorted()).toEqual(Object.keys(SCENARIOS).toSorted());
});

test('every row of the example is named in its README', () => {
  const unnamed = rows
    .map((row) => row['account_id'] ?? '')
    .filter((account) => !readme.includes(`\`${account}\``) && !isInRange(account));
  expect(unnamed.filter((account) => account !== '')).toEqual([]);
});

/** `google-3` is named by `google-1` … `google-7`, `revoked-imap` by `revoked-*`. */
function isInRange(account: string): boolean {
  const [stem = '', last = ''] = account.split(/-(?=[^-]*$)/);
  return /^\d$/.test(last) ? readme.includes(`\`${stem}-1\` …`) : readme.includes(`\`${stem}-*\``);
}
