import { UserError } from './core/errors.js';
import type { Unwritten } from './ports/ledger.js';

/** What came back from Nylas when the ledger could take nothing any more: printed, counted, and told at the end. */
export class UnwrittenOutcomes {
  readonly #settleDelayMs: number;
  readonly #print: (outcome: Unwritten) => void;
  #count = 0;
  #doubts = 0;

  constructor(settleDelayMs: number, print: (outcome: Unwritten) => void) {
    this.#settleDelayMs = settleDelayMs;
    this.#print = print;
  }

  add(outcome: Unwritten): void {
    this.#count += 1;
    if (outcome.status === 'in_doubt') this.#doubts += 1;
    this.#print(outcome);
  }

  /** The ledger's failure, and what became of the outcomes that it cost. */
  explain({ message, next }: UserError): UserError {
    if (this.#count === 0) return new UserError('ledger', message, next);
    const outcomes = this.#count === 1 ? 'One outcome is' : `${this.#count} outcomes are`;
    return new UserError(
      'ledger',
      `${message} ${outcomes} not in it, but printed above: keep that; the next run looks before it sends those again.`,
      this.#doubts === 0 ? next : `${this.#waitFirst()} ${next}`,
    );
  }

  /** Whatever ledger comes next knows nothing of these, and so wouldn't leave them the settle delay by itself. */
  #waitFirst(): string {
    const seconds = Math.ceil(this.#settleDelayMs / 1000);
    return `Wait ${seconds} s first: what got no answer may still come to a grant, which the next run must find.`;
  }
}

/** In one line, for whoever keeps it: it is written down nowhere else. */
export function describeUnwritten({ key, result, status, grantId }: Unwritten): string {
  const facts = { record_key: key, outcome: result, status, grant_id: grantId };
  return `Not in the ledger: ${JSON.stringify(facts)}`;
}
