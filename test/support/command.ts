import { hostname } from 'node:os';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { runCli } from '../../src/cli/program.js';
import type { Shell } from '../../src/cli/shell.js';
import { API_KEY, type CliOptions, type CliResult } from './cli.js';

/**
 * Runs a command line within this process: all of it but what `main.ts` adds, at a third of the cost. What signals,
 * crashes and the end of a process are about needs `runCli` of cli.ts, which starts one.
 */
export async function runHere(
  args: readonly string[],
  { cwd, env, stdin, columns }: CliOptions & { readonly columns?: number },
): Promise<CliResult> {
  const [stdout, stderr] = [Object.assign(new PassThrough(), columns && { columns }), new PassThrough()];
  const shell: Shell = {
    env: { NYLAS_API_KEY: API_KEY, ...env },
    cwd,
    pid: process.pid,
    hostname: hostname(),
    version: '0.0.0-test',
    stdin: Readable.from([Buffer.from(stdin ?? '')]),
    stdout,
    stderr,
    onStopSignal: () => () => undefined,
    onStateSignal: () => () => undefined,
  };
  const printed = Promise.all([text(stdout), text(stderr)]);
  const exitCode = await within(cwd, () => runCli(args, shell));
  stdout.end();
  stderr.end();
  const [out, err] = await printed;
  return { exitCode, signal: null, stdout: out, stderr: err };
}

/** Relative names mean files in the folder, as for a process that was started there. */
async function within<T>(cwd: string, act: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  onTestFinished(() => {
    process.chdir(before);
  });
  process.chdir(cwd);
  try {
    return await act();
  } finally {
    process.chdir(before);
  }
}
