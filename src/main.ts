#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { runCli } from './cli/program.js';
import type { Shell, StopSignal } from './cli/shell.js';

// Node would open its debugger on SIGUSR1, and with it every credential in memory.
process.on('SIGUSR1', () => undefined);

// Whoever reads our output may leave before we have said everything: the work goes on, the words are lost.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
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

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const content: unknown = JSON.parse(text);
  const isPackage = typeof content === 'object' && content !== null && 'version' in content;
  return isPackage ? String(content.version) : 'unknown';
}

const shell: Shell = {
  env: process.env,
  cwd: process.cwd(),
  pid: process.pid,
  hostname: hostname(),
  version: packageVersion(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  onStopSignal,
};

process.exitCode = await runCli(process.argv.slice(2), shell);
