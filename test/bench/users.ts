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
