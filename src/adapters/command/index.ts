import { spawn, type ChildProcess } from 'node:child_process';

/** After SIGTERM a command has so long to end by itself. */
const GRACE_MS = 2_000;

/**
 * Runs a command through the shell, in a process group of its own, with a text on its standard input; what it prints
 * goes to our standard error. Resolves to what went wrong with it, as in `it ended with exit code 3`; null: nothing.
 * Never rejects, and takes no longer than the time-out and a moment.
 */
export function runToEnd(
  command: string,
  input: string,
  { timeoutMs, giveUp }: { readonly timeoutMs: number; readonly giveUp: AbortSignal },
): Promise<string | null> {
  return new Promise((resolve) => {
    // Without a key in it: the environment of this process has none any more.
    const child = spawn(command, { shell: true, detached: true, stdio: ['pipe', 2, 2] });
    let trouble: string | null = null;
    const end = (why: string): void => {
      trouble ??= why;
      signalGroup(child, 'SIGTERM');
      killTimer ??= setTimeout(() => {
        signalGroup(child, 'SIGKILL');
      }, GRACE_MS);
    };
    let killTimer: NodeJS.Timeout | null = null;
    const timer = setTimeout(() => {
      end(`it took longer than ${timeoutMs / 1000} s and was ended`);
    }, timeoutMs);
    const onGiveUp = (): void => {
      end('a signal ended it');
    };
    giveUp.addEventListener('abort', onGiveUp);
    const done = (what: string | null): void => {
      clearTimeout(timer);
      if (killTimer !== null) clearTimeout(killTimer);
      giveUp.removeEventListener('abort', onGiveUp);
      child.stdin?.destroy();
      resolve(trouble ?? what);
    };
    child.once('error', ({ message }) => {
      done(`it could not be started (${message})`);
    });
    // Not 'close': what the command leaves running in the background is its own affair.
    child.once('exit', (code, signal) => {
      if (code === 0) done(null);
      else done(code === null ? `${String(signal)} ended it` : `it ended with exit code ${code}`);
    });
    // A command need not read: then the text finds nobody, which is no trouble.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** With all that the command has started. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    // eslint-disable-next-line no-restricted-globals -- only the process can signal a whole group
    process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
