/** The beginning of a byte stream, and how to go on from it. */
export interface Taken {
  readonly head: Buffer;
  readonly hasEnded: boolean;
  /** The whole stream again, the beginning included, or what is given in its place. */
  readonly whole: (head?: Buffer) => AsyncGenerator<Buffer>;
}

/** Reads until the beginning is `enough` or the stream ends, so that it can be looked at first. */
export async function take(
  chunks: AsyncIterable<Buffer>,
  isEnough: (head: Buffer) => boolean,
): Promise<Taken> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  let hasEnded = false;
  while (!hasEnded && !isEnough(head)) {
    const next = await iterator.next();
    if (next.done === true) hasEnded = true;
    else head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  return { head, hasEnded, whole: (start = head) => chain(start, iterator) };
}

async function* chain(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  yield* { [Symbol.asyncIterator]: () => rest };
}
