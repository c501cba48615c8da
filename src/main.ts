#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { outOfDescriptors } from './cli/descriptors.js';
import { EXIT, exitOfFailure } from './core/exit-codes.js';
import type * as Program from './cli/program.js';
import type { Shell, StopSignal } from './cli/shell.js';
import { packageVersion } from './version.js';

// Node would open its debugger on SIGUSR1, and with it every credential in memory.
process.on('SIGUSR1', () => undefined);

let outputFailure: string | null = null;

// Whoever reads our output may leave before we have said everything, and a disk may have no room for it: the work
// goes on, the words are lost.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', ({ code = 'unknown error' }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE') outputFailure ??= code;
  });
}

/** Output that couldn't be written is no success, even where the work is. */
function withOutput(exitCode: number): number {
  if (outputFailure === null) return exitCode;
  process.stderr.write(
    `Error: output can't be written (${outputFailure}).\nMake room, or write it elsewhere.\n`,
  );
  return exitCode === EXIT.done ? EXIT.workRemains : exitCode;
}

// By itself SIGUSR2 would end the process.
process.on('SIGUSR2', () => undefined);

function onStateSignal(callback: () => void): () => void {
  process.on('SIGUSR2', callback);
  return () => {
    process.off('SIGUSR2', callback);
  };
}

const STOP_SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

function onStopSignal(callback: (signal: StopSignal) => void): () => void {
  let stopping = false;
  const listener = (signal: NodeJS.Signals): void => {
    if (signal !== 'SIGHUP' && signal !== 'SIGINT' && signal !== 'SIGTERM') return;
    if (stopping) process.exit(STOP_SIGNALS[signal]);
    stopping = true;
    callback(signal);
  };
  const signals = Object.keys(STOP_SIGNALS);
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

/** The environment without the key: no process that we start gets it, and no report that Node writes. */
function takeEnvironment(): Shell['env'] {
  const env = { ...process.env };
  delete process.env['NYLAS_API_KEY'];
  return env;
}

/** With too few descriptors not even our own code can be read: that is told by the little that is here. */
async function loadProgram(): Promise<typeof Program> {
  try {
    return await import('./cli/program.js');
  } catch (error) {
    const failure = outOfDescriptors(error);
    if (failure === null) throw error;
    writeSync(process.stderr.fd, `Error: ${failure.message}\n${failure.next}\n`);
    process.exit(exitOfFailure(failure.kind));
  }
}

const shell: Shell = {
  env: takeEnvironment(),
  cwd: process.cwd(),
  pid: process.pid,
  hostname: hostname(),
  version: packageVersion(),
  // Node makes a stream of it when it is first asked for, which takes time: most commands never ask.
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  onStopSignal,
  onStateSignal,
};

const { describeBug, runCli } = await loadProgram();

// Node would print the error with all that it holds, such as a request with its headers and body.
process.on('uncaughtException', (error: unknown) => {
  try {
    writeSync(process.stderr.fd, `${describeBug(error, shell)}\n`);
  } finally {
    process.exit(EXIT.bug);
  }
});

process.exitCode = withOutput(await runCli(process.argv.slice(2), shell));
