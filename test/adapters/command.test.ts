import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runToEnd } from '../../src/adapters/command/index.js';
import { testFolder } from '../support/cli.js';

const never = new AbortController().signal;
const run = (command: string, input = '{}', timeoutMs = 30_000): Promise<string | null> =>
  runToEnd(command, input, { timeoutMs, giveUp: never });

/** One that has ended may still lie there until somebody asks for its exit code. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a command', () => {
  it('gets all of a text that no pipe holds', async () => {
    const file = join(testFolder(), 'out');
    const text = 'x'.repeat(1_000_000);
    expect(await run(`sleep 0.1; cat > ${file}`, text)).toBeNull();
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('need not read it', async () => {
    expect(await run('exit 0', 'x'.repeat(1_000_000))).toBeNull();
    expect(await run('exec 0<&-; sleep 0.1', 'x'.repeat(1_000_000))).toBeNull();
  });

  it.each([
    ['exit 3', 'it ended with exit code 3'],
    ['kill -9 $$', 'SIGKILL ended it'],
    ['no-such-command-at-all 2>/dev/null', 'it ended with exit code 127'],
  ])('%s: %s', async (command, trouble) => {
    expect(await run(command)).toBe(trouble);
  });

  it('that takes too long is ended with all that it has started, also where it does not want to', async () => {
    const file = join(testFolder(), 'pid');
    const stubborn = `trap '' TERM; sleep 60 & echo $! > ${file}; sleep 60`;
    expect(await run(stubborn, '{}', 300)).toBe('it took longer than 0.3 s and was ended');
    const pid = Number(readFileSync(file, 'utf8'));
    while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
  });

  it('is given up when asked to', async () => {
    const giveUp = new AbortController();
    const ended = runToEnd('sleep 30', '{}', { timeoutMs: 30_000, giveUp: giveUp.signal });
    giveUp.abort();
    expect(await ended).toBe('a signal ended it');
  });

  it('is not waited for where it goes on in the background', async () => {
    expect(await run('sleep 5 & exit 0')).toBeNull();
  });
});
