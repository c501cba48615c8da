import { Writable } from 'node:stream';
import { WIDTH } from '../core/wrap.js';
import type { Terminal } from './shell.js';

/**
 * Standard error for whatever is said while a bar may be drawn there: the bar is taken away first. Written past it,
 * words would be wiped away with its next frame.
 */
export class Notices extends Writable {
  readonly #screen: Terminal;
  /** Takes away what is drawn. */
  clear = (): void => undefined;

  constructor(screen: Terminal) {
    super({ decodeStrings: false });
    this.#screen = screen;
  }

  get isTTY(): boolean {
    return this.#screen.isTTY === true;
  }

  get columns(): number {
    return this.#screen.columns ?? WIDTH;
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, written: () => void): void {
    this.clear();
    this.#screen.write(chunk, () => {
      written();
    });
  }
}
