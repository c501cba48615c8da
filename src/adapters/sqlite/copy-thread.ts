import { Worker } from 'node:worker_threads';
import { UserError } from '../../core/errors.js';
import { describeTrouble } from '../../core/file-trouble.js';
import { discardBeside } from './backup.js';

/** What the thread says of a copy that failed; null where it was made. */
export type CopyFailure = Pick<UserError, 'kind' | 'message' | 'next'>;

/** The built one, also for tests that run the sources: a thread is started by Node, which reads no TypeScript. */
const COPIER = new URL('../../../dist/adapters/sqlite/copier.js', import.meta.url);

/**
 * Copies a ledger that this process holds to its `.bak`, in a thread of its own: to sync and to check the copy of
 * a large ledger takes a second, for which no answer would be taken in. Settles when the thread has ended; rejects
 * with UserError, or with any other error where the copy was given up.
 */
export async function copyInThread(path: string, signal: AbortSignal): Promise<void> {
  try {
    await endOf(new Worker(COPIER, { workerData: path }), signal);
  } catch (error) {
    await discardBeside(path);
    throw error;
  }
}

/** A thread that is told to stop does so at its next step: within SQLite nothing stops it. */
function endOf(thread: Worker, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: Error | null = new Error('the copy of the ledger was given up');
    const stop = (): void => void thread.terminate();
    thread.on('message', (said: CopyFailure | null) => {
      failure = said === null ? null : new UserError(said.kind, said.message, said.next);
    });
    thread.on('error', (error: unknown) => {
      failure = new UserError(
        'usage',
        `No copy of the ledger was made: ${describeTrouble(error)}.`,
        'Make one with: nylas-migrate backup FILE',
      );
    });
    thread.on('exit', () => {
      signal.removeEventListener('abort', stop);
      if (failure === null) resolve();
      else reject(failure);
    });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
  });
}
