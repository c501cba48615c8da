import { mapHeader, type HeaderMap } from './core/header.js';
import type { ReadingOptions } from './core/record.js';
import type { OpenSource, RecordSource } from './ports/source.js';
import type { StopSwitch } from './stop.js';

/** An input whose header has been understood. */
export interface Input {
  readonly name: string;
  readonly source: OpenSource;
  readonly header: HeaderMap;
  /** Opens it for another pass. Throws UserError where it can be read only once. */
  readonly reopen: () => Promise<OpenSource>;
}

/**
 * Opens an input and reads its header, which can take for ever: whoever writes it may be silent. Null: the run
 * was stopped. Throws UserError where it can't be read, or isn't a CSV of users.
 */
export async function openInput(
  source: RecordSource,
  reading: ReadingOptions,
  stop: StopSwitch,
): Promise<Input | null> {
  const open = await openUntilStop(source, stop);
  if (open === null) return null;
  try {
    const header = mapHeader(open.header, reading);
    return { name: source.name, source: open, header, reopen: () => source.open() };
  } catch (error) {
    await open.close();
    throw error;
  }
}

async function openUntilStop(source: RecordSource, stop: StopSwitch): Promise<OpenSource | null> {
  const unsubscribe = stop.onStop(() => {
    source.giveUp();
  });
  try {
    return await source.open();
  } catch (error) {
    if (stop.reason() !== null) return null;
    throw error;
  } finally {
    unsubscribe();
  }
}
