import { closeSync, openSync } from 'node:fs';
import pino from 'pino';
import { UserError } from '../../core/errors.js';
import { describeWriteTrouble } from '../../core/file-trouble.js';
import type { Scrub } from '../../core/scrub.js';
import type { RunLog } from '../../ports/log.js';

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/**
 * JSON lines through pino, to a file (mode 0600) or to standard error. Every line passes the scrubber of the
 * API key before it is written; what concerns a single record was scrubbed where it arrived.
 */
export function openLog(options: {
  readonly level: LogLevel;
  readonly file: string | null;
  readonly scrub: Scrub;
}): RunLog {
  if (options.file !== null) assertWritable(options.file);
  const destination = pino.destination({ dest: options.file ?? 2, sync: true, mode: 0o600 });
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      hooks: { streamWrite: options.scrub },
    },
    destination,
  );
  return {
    close: () => {
      logger.level = 'silent';
      // Standard error is the process's own.
      if (options.file !== null) destination.end();
    },
    setRun: (run) => {
      logger.setBindings({ run });
    },
    debug: (event, fields) => {
      logger.debug(fields ?? {}, event);
    },
    info: (event, fields) => {
      logger.info(fields ?? {}, event);
    },
    warn: (event, fields) => {
      logger.warn(fields ?? {}, event);
    },
    error: (event, fields) => {
      logger.error(fields ?? {}, event);
    },
  };
}

function assertWritable(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600));
  } catch (error) {
    throw new UserError(
      'usage',
      `The log file ${file} can't be written: ${describeWriteTrouble(error)}.`,
      'Name another with --log-file.',
    );
  }
}
