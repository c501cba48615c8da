import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../../core/errors.js';
import { copyBeside } from './backup.js';
import type { CopyFailure } from './copy-thread.js';

/** The thread that copies the ledger of that path; it says how that ended, and anything unforeseen ends it. */
const path: unknown = workerData;
parentPort?.postMessage(await copyBeside(String(path)).then(() => null, failureOf));

/** An error that is sent to another thread loses its class. */
function failureOf(error: unknown): CopyFailure {
  if (!(error instanceof UserError)) throw error;
  return { kind: error.kind, message: error.message, next: error.next };
}
