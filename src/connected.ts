import { clock, openApi, openLog } from './context.js';
import type { Connection } from './connection.js';
import { scrubberOf } from './core/scrub.js';
import { startPacer, type Pacer } from './pacer.js';
import type { Clock } from './ports/clock.js';
import type { RunLog } from './ports/log.js';
import type { JobApi } from './ports/nylas.js';
import type { StopSwitch } from './stop.js';
import { readTarget, type Target } from './target.js';

/** The options that decide how Nylas is talked to, and where that is written down. */
export interface Talking {
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug' | null;
  readonly logFile: string | null;
  /** Of one request, in milliseconds. */
  readonly timeout: number;
  /** Requests a second; 0: unpaced. */
  readonly rate: number;
}

/** Nylas within reach, and whose key it is. */
export interface Connected {
  readonly target: Target;
  readonly api: JobApi;
  readonly clock: Clock;
  readonly log: RunLog;
  readonly pacer: Pacer;
  readonly stop: StopSwitch;
}

/**
 * Opens the way to Nylas, reads whose key it is, and acts; closes everything again. Null: it was stopped before.
 * Throws UserError where Nylas refuses the key or can't be reached.
 */
export async function connected<T>(
  values: Talking,
  connection: Connection,
  stop: StopSwitch,
  version: string,
  act: (connected: Connected) => Promise<T>,
): Promise<T | null> {
  const log = await openLog({
    level: values.logLevel ?? (values.logFile === null ? 'silent' : 'info'),
    file: values.logFile,
    scrub: scrubberOf([connection.apiKey]),
  });
  const api = await openApi({ ...connection, timeoutMs: values.timeout, version });
  const pacer = startPacer(values.rate, clock);
  const unsubscribe = stop.onStop(() => {
    pacer.stop();
  });
  try {
    const target = await readTarget({ api, pacer, clock, stop }, connection.apiUri);
    if (target === null) return null;
    return await act({ target, api, clock, log, pacer, stop });
  } finally {
    unsubscribe();
    api.close();
    log.close();
  }
}
