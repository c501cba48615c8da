import { closeSync, openSync, writeSync } from 'node:fs';

const WRITE_ROWS = 5_000;

/** A made-up user; the server finds the email again after the tilde of the token. */
export interface User {
  readonly accountId: string;
  readonly email: string;
  readonly token: string;
}

/** The user of a row, the same one every time. */
export function userOf(row: number, tokenLength: number): User {
  const email = `user${row}@example${row % 500}.com`;
  const end = `~${email}`;
  return {
    accountId: `account-${String(row).padStart(8, '0')}`,
    email,
    token: `1//0${String(row)}`.padEnd(tokenLength - end.length, 'Ab3dEf_7hIjKl-9nOpQrStUv') + end,
  };
}

/** Writes the users of the rows from `first` up to `end` as a CSV that the tool understands without options. */
export function writeUsers(file: string, first: number, end: number, tokenLength: number): void {
  const descriptor = openSync(file, 'w', 0o600);
  writeSync(descriptor, 'account_id,provider,email,refresh_token\n');
  for (let row = first; row < end; row += WRITE_ROWS) {
    const length = Math.min(WRITE_ROWS, end - row);
    const lines = Array.from({ length }, (_, index) => lineOf(userOf(row + index, tokenLength)));
    writeSync(descriptor, lines.join(''));
  }
  closeSync(descriptor);
}

function lineOf({ accountId, email, token }: User): string {
  return `${accountId},google,${email},${token}\n`;
}

/** Of a hundred made-up users, whom the simulator refuses, and with what words. */
const REFUSED: ReadonlyMap<number, string> = new Map([
  [13, 'revoked'],
  [57, 'revoked'],
  [71, 'consent'],
]);
const MIXED_PROVIDERS = ['google', 'google', 'google', 'microsoft', 'microsoft', 'yahoo', 'zoom'] as const;

/** Writes users of several providers, as the simulator knows them; returns how many it will refuse. */
export function writeMixedUsers(file: string, count: number): number {
  const descriptor = openSync(file, 'w', 0o600);
  writeSync(descriptor, 'account_id,provider,email,refresh_token\n');
  let refused = 0;
  for (let row = 0; row < count; row += WRITE_ROWS) {
    const length = Math.min(WRITE_ROWS, count - row);
    const numbers = Array.from({ length }, (_, index) => row + index);
    refused += numbers.filter((number) => REFUSED.has(number % 100)).length;
    writeSync(descriptor, numbers.map(mixedLineOf).join(''));
  }
  closeSync(descriptor);
  return refused;
}

function mixedLineOf(row: number): string {
  const { accountId, email } = userOf(row, 0);
  const provider = MIXED_PROVIDERS[row % MIXED_PROVIDERS.length] ?? 'google';
  const token = `sim.${REFUSED.get(row % 100) ?? 'ok'}.${email}#${String(row).padEnd(60, 'x')}`;
  return `${accountId},${provider},${email},${token}\n`;
}
