import type { GrantIndex } from './listing.js';
import type { Clock } from './ports/clock.js';

/** A run at Nylas' limit makes 6,000 grants meanwhile: sixty pages, since each is made and renewed. */
const EVERY_MS = 120_000;

/** Listing that goes on beside a run. */
export interface KeptListed {
  /** Begins nothing more, and resolves when what was begun is over. Rejects with what listing failed of. */
  end(): Promise<void>;
}

/**
 * Keeps the ledger's copy of the application's grants up to date while a run makes more of them, two pages for
 * every 200. The next run lists what is new before it submits anybody: that must not be all that this one has made,
 * page by page. And who signs in by themselves meanwhile, or anew, is spared.
 */
export function keepListed(
  index: Pick<GrantIndex, 'refreshWhole' | 'close'>,
  clock: Pick<Clock, 'monotonic' | 'after'>,
  everyMs = EVERY_MS,
): KeptListed {
  let isOver = false;
  let failure: { readonly error: unknown } | null = null;
  let running: Promise<void> = Promise.resolve();
  let cancel = (): void => undefined;

  const list = async (): Promise<void> => {
    try {
      const listed = await index.refreshWhole(clock.monotonic());
      // It isn't Nylas itself, and can't list.
      if (listed !== 'absent') plan();
    } catch (error) {
      failure = { error };
    }
  };
  const plan = (): void => {
    if (isOver) return;
    cancel = clock.after(everyMs, () => {
      running = list();
    });
  };

  plan();
  return {
    end: async () => {
      isOver = true;
      cancel();
      index.close();
      await running;
      if (failure !== null) throw failure.error;
    },
  };
}
