import { Writable } from 'node:stream';

/**
 * Standard error for whatever is said while a bar may be drawn there: the bar is taken away first. Written past it,
 * words would be wiped away with its next frame.
 */
export class Notices extends Writable {
  readonly #screen: Writable;
  /** Takes away what is drawn. */
  clear = (): void => undefined;

  constructor(screen: Writable) {
    super({ decodeStrings: false });
    this.#screen = screen;
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, written: () => void): void {
    this.clear();
    this.#screen.write(chunk, () => {
      written();
    });
  }
}
