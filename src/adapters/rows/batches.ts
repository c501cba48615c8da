import { setImmediate as soon } from 'node:timers/promises';

/** An iterator that can be left while it is being waited for. */
export class Pull<T> {
  readonly #iterator: AsyncIterator<T>;
  #leave = (): void => undefined;
  #isLeft = false;

  constructor(iterator: AsyncIterator<T>) {
    this.#iterator = iterator;
  }

  /** The next item; null: there is none, or nobody wants it any more. Rejects with what the iterator throws. */
  next(): Promise<{ readonly item: T } | null> {
    if (this.#isLeft) return Promise.resolve(null);
    const coming = new Promise<{ readonly item: T } | null>((resolve, reject) => {
      this.#leave = () => {
        resolve(null);
      };
      this.#iterator.next().then(({ done, value }) => {
        resolve(done === true ? null : { item: value });
      }, reject);
    });
    // It is asked for ahead: until somebody takes it, its failure is nobody's.
    coming.catch(() => undefined);
    return coming;
  }

  /** Ends it, whatever its producer does: one that is silent would never hear of it. */
  leave(): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    this.#leave();
    // What it throws where it cleans up is too late to matter to anybody.
    this.#end().catch(() => undefined);
  }

  async #end(): Promise<void> {
    await this.#iterator.return?.();
  }
}

const BATCH_MAX = 500;
const LATER = 'later';

/**
 * Gathers what comes without waiting into batches: a slow producer's items aren't held back, and a fast one's don't
 * each cost what a batch costs. What the producer throws is thrown once the items before it are out.
 */
export async function* inBatches<T>(pull: Pull<T>): AsyncGenerator<T[]> {
  let batch: T[] = [];
  let coming = pull.next();
  for (;;) {
    const next = batch.length === 0 ? await coming : await hereOrLater(coming);
    if (next === null) break;
    if (next !== LATER) {
      batch.push(next.item);
      coming = pull.next();
    }
    if (next === LATER || batch.length === BATCH_MAX) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

function hereOrLater<T>(coming: Promise<T>): Promise<Awaited<T> | T | typeof LATER> {
  const later = soon<typeof LATER>(LATER);
  return Promise.race<T | typeof LATER>([coming, later]).catch((): typeof LATER => LATER);
}
