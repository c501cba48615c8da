import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { longName } from '../../src/config.js';
import { testFolder } from '../support/cli.js';
import { runHere } from '../support/command.js';

const outputOf = async (...args: readonly string[]): Promise<string> =>
  (await runHere(args, { cwd: testFolder(), columns: 80 })).stdout;

describe.each(COMMANDS)('help $name', ({ name, options }) => {
  test('fits 80 columns, with every option, examples, exit codes and environment', async () => {
    const text = await outputOf('help', name);
    expect(text).toBe(await outputOf(name, '--help'));
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    for (const { flags } of Object.values(await options())) expect(text).toContain(`--${longName(flags)}`);
    expect(text).toMatch(/^Usage: nylas-migrate /);
    for (const title of ['Examples', 'Exit codes']) expect(text).toMatch(new RegExp(`^${title}`, 'm'));
    for (const [, example] of text.matchAll(/^ {2}nylas-migrate (\S+)/gm)) expect(example).toBe(name);
  });
});

test('the list of commands fits 80 columns', async () => {
  const text = await outputOf('--help');
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  for (const { name } of COMMANDS) expect(text).toMatch(new RegExp(`^ {2}${name} `, 'm'));
});

describe('completion', () => {
  /** What bash offers for the last of the words, as its readline would ask. */
  async function offered(words: readonly string[]): Promise<readonly string[]> {
    const script = `${await outputOf('completion', 'bash')}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nylas_migrate; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const cwd = testFolder();
    writeFileSync(join(cwd, 'my users.csv'), '');
    const output = execFileSync('bash', ['-c', script, 'bash', 'nylas-migrate', ...words], {
      cwd,
      encoding: 'utf8',
    });
    return output.split('\n').filter((line) => line !== '');
  }

  test.each<[string, readonly string[], readonly string[]]>([
    ['commands', ['re'], ['report', 'resolve', 'redact']],
    ['options of the command', ['run', '--ex'], ['--expect-reauth', '--exclude', '--existing']],
    ['no options of other commands', ['status', '--ra'], []],
    ['values', ['report', '--format', ''], ['csv', 'jsonl', 'json', 'sql', 'html']],
    ['values behind an equals sign', ['report', '--format', '=', 'j'], ['jsonl', 'json']],
    ['values of a list', ['run', 'users.csv', '--provider', 'google,mi'], ['google,microsoft']],
    ['statuses', ['report', '--select', 'mig'], ['migrated']],
    ['categories', ['run', '--retry', 'needs'], ['needs_reauth', 'needs_admin']],
    ['files as an argument', ['run', 'my'], ['my users.csv']],
    ['files as a value', ['status', '--ledger', 'm'], ['my users.csv']],
    ['nothing for a number', ['run', '--rate', ''], []],
    ['shells', ['completion', ''], ['bash', 'zsh', 'fish', '--help']],
    ['commands to be explained', ['help', 'und'], ['undo']],
  ])('of bash offers %s', async (_, words, expected) => {
    expect(await offered(words)).toEqual(expected);
  });

  test.each(['bash', 'zsh', 'fish'])('of %s is a script without mistakes', async (shell) => {
    const file = join(testFolder(), 'completion');
    writeFileSync(file, await outputOf('completion', shell));
    const { error, status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    // Not every machine has every shell.
    if (error !== undefined) return;
    expect([status, stderr]).toEqual([0, '']);
  });

  test('of fish offers values of a list, where there is fish', async () => {
    const cwd = testFolder();
    writeFileSync(join(cwd, 'completion'), await outputOf('completion', 'fish'));
    const script = 'source completion; complete -C "nylas-migrate run --provider google,mi"';
    const { error, stdout } = spawnSync('fish', ['-c', script], { cwd, encoding: 'utf8' });
    if (error === undefined) expect(stdout).toMatch(/^google,microsoft\t/);
  });

  test('of an unknown shell is refused', async () => {
    const { exitCode, stderr } = await runHere(['completion', 'tcsh'], { cwd: testFolder() });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('Name bash, zsh or fish.')]);
  });
});
