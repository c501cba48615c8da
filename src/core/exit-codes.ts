import type { FailureKind } from './errors.js';
import type { StopReason, Verdict } from './verdict.js';

/** The exit codes that scripts rely on. */
export const EXIT = {
  done: 0,
  bug: 1,
  usage: 2,
  peopleRemain: 3,
  refused: 4,
  locked: 5,
  ledger: 6,
  workRemains: 7,
} as const;

const EXIT_BY_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export function exitOfFailure(kind: FailureKind): number {
  switch (kind) {
    case 'usage':
      return EXIT.usage;
    case 'refused':
      return EXIT.refused;
    case 'locked':
      return EXIT.locked;
    case 'ledger':
      return EXIT.ledger;
    case 'unfinished':
      return EXIT.workRemains;
  }
}

export function exitOfVerdict(verdict: Verdict, stop: StopReason | null): number {
  switch (verdict) {
    case 'bug':
      return EXIT.bug;
    case 'refused':
      return EXIT.refused;
    case 'signal':
      return stop?.kind === 'signal' ? EXIT_BY_SIGNAL[stop.signal] : EXIT.workRemains;
    case 'work_remains':
      return EXIT.workRemains;
    case 'people_remain':
      return EXIT.peopleRemain;
    case 'done':
      return EXIT.done;
  }
}

/** Shown by `--help`. */
export const EXIT_CODES_HELP = `
Exit codes:
  0  done: every eligible row has its grant
  1  a bug: please report it
  2  usage or configuration: nothing was submitted
  3  nothing left to run; rows that need a person remain
     (0 with --ok-if-attention)
  4  Nylas refused the key or a connector, a safety stop, or the input broke
     off: somebody must fix something
  5  another run holds this ledger
  6  the ledger can't be used
  7  work remains that a rerun will do
  129, 130, 143  SIGHUP, SIGINT, SIGTERM: drained and resumable`;
