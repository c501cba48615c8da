import type { Readable, Writable } from 'node:stream';
import { WIDTH, wrap } from '../core/wrap.js';

export interface Terminal extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export type StopSignal = 'SIGHUP' | 'SIGINT' | 'SIGTERM';

/** The process as commands see it: the only way from a command to the world around it. */
export interface Shell {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly pid: number;
  readonly hostname: string;
  readonly version: string;
  readonly stdin: Readable;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** Takes over the stop signals; a second one leaves at once. Returns how to give them back. */
  readonly onStopSignal: (callback: (signal: StopSignal) => void) => () => void;
  /** Calls back each time that the process is asked how it stands (SIGUSR2). Returns how to leave off. */
  readonly onStateSignal: (callback: () => void) => () => void;
}

/** Writes a whole text and waits until it is out: the process may end right after. */
export function print(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text.endsWith('\n') ? text : `${text}\n`, () => {
      resolve();
    });
  });
}

/** Writes sentences: where somebody reads them as they come, lines break between words. */
export function say(stream: Terminal, text: string): Promise<void> {
  if (stream.isTTY !== true) return print(stream, text);
  const width = stream.columns ?? WIDTH;
  const lines = text.split('\n').flatMap((line) => wrap(line, width));
  return print(stream, lines.join('\n'));
}
