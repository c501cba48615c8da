import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { testFolder } from '../support/cli.js';
import { runHere } from '../support/command.js';
import { emailInToken, startNylasServer } from '../support/nylas-server.js';

const HEADER = 'account_id,provider,email,refresh_token,plan';
const ROWS = [0, 1, 2].map((n) => `acc-${n},google,u${n}@example.com,token:u${n}@example.com,gold`);

/** Runs again over a file in which the first row has lost its token. */
async function rerun(...more: readonly string[]): Promise<{ readonly text: string; readonly sent: number }> {
  return rerunOver(['acc-0,google,u0@example.com,,gold', ...ROWS.slice(1), ...ROWS.slice(2)], more);
}

/** Migrates three users, then runs again over these rows. */
async function rerunOver(
  rows: readonly string[],
  more: readonly string[],
): Promise<{ readonly text: string; readonly sent: number }> {
  const cwd = testFolder();
  const server = await startNylasServer(emailInToken);
  const write = (rows: readonly string[]): void => {
    writeFileSync(join(cwd, 'users.csv'), [HEADER, ...rows, ''].join('\n'), { mode: 0o600 });
  };
  const args = ['run', 'users.csv', '--api-uri', server.url, '--rate', '0', '--json'];
  write(ROWS);
  expect((await runHere(args, { cwd })).exitCode).toBe(0);
  write(rows);
  const { stdout } = await runHere([...args, ...more], { cwd });
  return { text: stdout, sent: server.submitted.length };
}

it('a row whose record is migrated is done, whatever else it holds now; its repeat is a repeat', async () => {
  const { text, sent } = await rerun();
  expect(JSON.parse(text)).toMatchObject({
    balance: { read: 4, buckets: { already_done: 3, duplicate: 1, invalid: 0 } },
  });
  expect(sent).toBe(3);
});

it('a key that only begins like that of a migrated record is not that', async () => {
  const { text } = await rerunOver(['acc-0\0,google,u0@example.com,token:u0@example.com,gold'], []);
  expect(JSON.parse(text)).toMatchObject({ balance: { read: 1, buckets: { already_done: 0, invalid: 1 } } });
});

it('a dry run counts it likewise', async () => {
  const { text } = await rerun('--dry-run');
  expect(JSON.parse(text)).toMatchObject({ rows: 4, rest: { done: 3, duplicate: 1 } });
});

it.each([
  ['columns that travel with a record', ['--carry', 'plan']],
  ['an option that chooses rows', ['--provider', 'google']],
])('%s ask for the whole row, which is judged then', async (_what, options) => {
  const { text } = await rerun(...options);
  expect(JSON.parse(text)).toMatchObject({
    balance: { read: 4, buckets: { already_done: 2, duplicate: 1, invalid: 1 } },
  });
});
