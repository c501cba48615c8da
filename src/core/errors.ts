/** How an expected failure ends the process; the exit codes themselves stand in exit-codes.ts. */
export type FailureKind = 'usage' | 'refused' | 'locked' | 'ledger' | 'unfinished';

/**
 * A failure that the user can mend: told in one or two sentences, never with a stack trace.
 * The message says what is wrong and where; `next` says what to do about it.
 */
export class UserError extends Error {
  readonly kind: FailureKind;
  readonly next: string;

  constructor(kind: FailureKind, message: string, next: string) {
    super(message);
    this.name = 'UserError';
    this.kind = kind;
    this.next = next;
  }
}

/** Whether the ledger failed: nothing can be written down any more, and the run is stopping. */
export function isLedgerFailure(error: unknown): error is UserError {
  return error instanceof UserError && error.kind === 'ledger';
}
