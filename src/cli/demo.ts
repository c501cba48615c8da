import { chmodSync, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { simulator } from '../context.js';
import { UserError } from '../core/errors.js';
import { describeWriteTrouble } from '../core/file-trouble.js';
import { commandLine } from '../core/shell.js';
import type { Action } from './command.js';
import { EXIT } from '../core/exit-codes.js';
import type { DEMO } from './options.js';
import { print, type Shell } from './shell.js';

const FIXTURES = fileURLToPath(new URL('../../fixtures/legacy-users.csv', import.meta.url));
const USERS = 'legacy-users.csv';
const API_KEY = 'sim-api-key';
/** What a demo run may end with: its fixtures hold people who must sign in, and a broken connector. */
const EXPECTED: ReadonlySet<number> = new Set([EXIT.done, EXIT.peopleRemain, EXIT.refused, EXIT.workRemains]);

/** The whole job on the fixtures, against a simulator of its own. */
export const action: Action<typeof DEMO> = async (values, _args, _flags, shell) => {
  const folder = resolve(shell.cwd, values.out);
  prepareFolder(folder, values.out);
  const { startSimulator } = await simulator();
  const server = await startSimulator({ latencyMs: { min: 50, max: 250 }, ratePerSecond: 50 });
  try {
    return await playThrough(stepsOf(folder, server.url, shell), shell);
  } finally {
    await server.close();
    const shown = relative(shell.cwd, folder);
    const again = commandLine(['nylas-migrate', 'simulate', '--port', new URL(server.url).port]);
    await print(
      shell.stderr,
      [
        `\nThe ledger and the reports are in ${shown}/. Look: report.html (in a browser), report.csv, report.jsonl, run.log`,
        `The simulator has ended with the demo: commands that ask it need it again, with NYLAS_API_KEY=${API_KEY}:`,
        `    ${again} --users ${join(shown, USERS)}`,
      ].join('\n'),
    );
  }
};

/** An earlier demo's ledger makes way, and the users are there. Throws UserError. */
function prepareFolder(folder: string, name: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const suffix of ['', '-wal', '-shm', '.lock'])
      rmSync(join(folder, `demo.db${suffix}`), { force: true });
    copyFileSync(FIXTURES, join(folder, USERS));
    chmodSync(join(folder, USERS), 0o600);
  } catch (error) {
    const why = describeWriteTrouble(error);
    throw new UserError(
      'usage',
      `The demo can't write to ${name}: ${why}.`,
      'Name another folder with --out.',
    );
  }
}

/** The commands of a real migration, in their order. */
function stepsOf(folder: string, url: string, shell: Shell): readonly (readonly string[])[] {
  const inFolder = (name: string): string => join(relative(shell.cwd, folder), name);
  const file = inFolder(USERS);
  const ledger = ['--ledger', inFolder('demo.db')];
  const out = (name: string): string[] => ['--out', inFolder(name)];
  const run = ['run', file, ...ledger, '--api-uri', url, '--carry', 'user_id', '--timeout', '2s'];
  const log = ['--log-file', inFolder('run.log'), '--log-level', 'debug'];
  return [
    ['check', file],
    [...run, '--settle-delay', '2s', ...log],
    ['status', ...ledger],
    ['explain', 'lost', ...ledger],
    ['report', ...ledger, ...out('report.csv')],
    ['report', '--format', 'jsonl', ...ledger, ...out('report.jsonl')],
    ['report', '--format', 'html', ...ledger, ...out('report.html')],
  ];
}

async function playThrough(steps: readonly (readonly string[])[], shell: Shell): Promise<number> {
  const { runCli } = await import('./program.js');
  const inner: Shell = { ...shell, env: { ...shell.env, NYLAS_API_KEY: API_KEY } };
  for (const step of steps) {
    await print(shell.stderr, `\n$ nylas-migrate ${step.join(' ')}\n`);
    const exitCode = await runCli(step, inner);
    if (exitCode !== EXIT.done) await print(shell.stderr, `(exit code ${exitCode})`);
    if (!EXPECTED.has(exitCode)) return exitCode;
  }
  return EXIT.done;
}
