import { createLogUpdate } from 'log-update';
import type { Clock, Progress, Snapshot } from '../../ports.js';
import { formatProgress } from './progress-line.js';

const REDRAW_MS = 200;
const LINE_EVERY_MS = 10_000;

/** A bar that redraws itself on a terminal. */
export function progressBar(stream: NodeJS.WritableStream & { columns?: number }, clock: Clock): Progress {
  const draw = createLogUpdate(stream, { showCursor: true });
  return repeating(
    clock,
    REDRAW_MS,
    (snapshot) => {
      draw(formatProgress(snapshot, widthOf(stream)));
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
export function progressLines(stream: NodeJS.WritableStream, clock: Clock): Progress {
  return repeating(clock, LINE_EVERY_MS, (snapshot) => {
    stream.write(`${formatProgress(snapshot, Infinity)}\n`);
  });
}

export const noProgress: Progress = {
  begin: () => undefined,
  clear: () => undefined,
  end: () => undefined,
};

function repeating(
  clock: Clock,
  everyMs: number,
  show: (snapshot: Snapshot) => void,
  clear: () => void = () => undefined,
): Progress {
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
