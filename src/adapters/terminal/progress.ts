import { createLogUpdate } from 'log-update';
import type { Clock } from '../../ports/clock.js';
import type { Progress } from '../../ports/progress.js';

const REDRAW_MS = 200;
const LINE_EVERY_MS = 10_000;

/** One line for a job in progress, no longer than `columns`. */
type Format<S> = (snapshot: S, columns: number) => string;

/** A bar that redraws itself on a terminal. */
export function progressBar<S>(
  stream: NodeJS.WritableStream & { columns?: number },
  clock: Clock,
  format: Format<S>,
): Progress<S> {
  const draw = createLogUpdate(stream, { showCursor: true });
  return repeating<S>(
    clock,
    REDRAW_MS,
    (snapshot) => {
      draw(format(snapshot, widthOf(stream)));
    },
    () => {
      draw.clear();
    },
  );
}

/** A terminal that doesn't know its width says 0. */
function widthOf({ columns = 0 }: { columns?: number }): number {
  return columns > 0 ? columns : 80;
}

/** A line every ten seconds, for logs and pipes. */
export function progressLines<S>(
  stream: NodeJS.WritableStream,
  clock: Clock,
  format: Format<S>,
): Progress<S> {
  return repeating<S>(clock, LINE_EVERY_MS, (snapshot) => {
    stream.write(`${format(snapshot, Infinity)}\n`);
  });
}

export const noProgress: Progress<unknown> = {
  begin: () => undefined,
  clear: () => undefined,
  end: () => undefined,
};

function repeating<S>(
  clock: Clock,
  everyMs: number,
  show: (snapshot: S) => void,
  clear: () => void = () => undefined,
): Progress<S> {
  let cancel = (): void => undefined;
  return {
    begin: (snapshot) => {
      const tick = (): void => {
        cancel = clock.after(everyMs, () => {
          show(snapshot());
          tick();
        });
      };
      tick();
    },
    clear,
    end: () => {
      cancel();
      clear();
    },
  };
}
