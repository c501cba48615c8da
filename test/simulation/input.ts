import { UserError } from '../../src/core/errors.js';
import { mapHeader } from '../../src/core/header.js';
import type { RawRow, ReadingOptions } from '../../src/core/record.js';
import type { Input } from '../../src/input.js';
import type { Clock } from '../../src/ports/clock.js';
import type { OpenSource } from '../../src/ports/source.js';
import { HEADER } from './people.js';

interface Reading {
  readonly isOnceOnly: boolean;
  readonly batchSize: number;
  readonly batchDelayMs: number;
}

/** Rows in memory as an input, as slow as asked for. */
export function inputOf(rows: readonly RawRow[], options: ReadingOptions, how: Reading, clock: Clock): Input {
  const open = (): OpenSource => sourceOf(rows, how, clock);
  return {
    name: 'users.csv',
    source: open(),
    header: mapHeader(HEADER, options),
    reopen: () =>
      how.isOnceOnly
        ? Promise.reject(new UserError('usage', 'It can be read only once.', 'Run again.'))
        : Promise.resolve(open()),
  };
}

function sourceOf(rows: readonly RawRow[], { batchSize, batchDelayMs }: Reading, clock: Clock): OpenSource {
  let isClosed = false;
  let wake = (): void => undefined;
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      clock.after(batchDelayMs, resolve);
    });
  async function* batches(): AsyncGenerator<readonly RawRow[]> {
    for (let start = 0; start < rows.length; start += batchSize) {
      if (batchDelayMs > 0) await pause();
      if (isClosed) return;
      yield rows.slice(start, start + batchSize);
    }
  }
  return {
    header: HEADER,
    delimiter: ',',
    batches: batches(),
    progress: () => ({ bytesRead: rows.length, bytesTotal: rows.length, rowsParsed: rows.length }),
    digest: () => ({ sha256: '', bytes: rows.length }),
    close: () => {
      isClosed = true;
      wake();
      return Promise.resolve();
    },
  };
}
