/** How a run ended, by the word that the ledger keeps, for whoever looks at it later. */
const ENDINGS: Readonly<Record<string, string>> = {
  done: 'complete',
  people_remain: 'complete; rows need a person',
  work_remains: 'work is left for a rerun',
  refused: 'rows held back: something must be mended',
  key_refused: 'stopped: Nylas refused the API key',
  signal: 'stopped by a signal',
  abort: 'stopped by the program that called it',
  limit: 'stopped at its limit',
  stop_time: 'stopped at the time it was given',
  input: 'the input broke off',
  failure: 'broken off by a failure',
  failed: 'failed',
  bug: 'its books did not balance: a bug',
};

/** In plain words; a word that an unknown version wrote stays as it is. */
export function describeEnding(endedHow: string): string {
  return ENDINGS[endedHow] ?? endedHow;
}

/** Why a run did not go through its whole input. */
export function describeStop(endedHow: string | null): string {
  switch (endedHow) {
    case 'limit':
      return 'the last run stopped at its limit';
    case 'stop_time':
      return 'the last run stopped at the time it was given';
    case 'signal':
      return 'the last run was stopped by a signal';
    case 'abort':
      return 'the last run was stopped by the program that called it';
    case 'key_refused':
      return 'the last run stopped because Nylas refused its API key';
    default:
      return 'the last run did not reach the end of its input';
  }
}

/**
 * What must be mended before those whom a run held back are worth submitting; null: it reached all, or what kept it
 * from them is over.
 */
export function heldBackBy(
  run: { readonly endedHow: string | null; readonly endedWhy: string | null } | null,
): string | null {
  if (run?.endedHow === 'key_refused') return 'Nylas refused the API key';
  return run?.endedHow === 'refused' ? run.endedWhy : null;
}
