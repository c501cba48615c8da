/** What a simulator has seen since it started. */
export interface SimulatorStats {
  /**
   * Requests by kind and by what came of them: an HTTP status, or `lost`, `reset`, `hang` for those that
   * got no answer, or `aborted` for those whose client left before they were complete.
   */
  readonly requests: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly requestsTotal: number;
  /** The largest number of requests that any sliding second held, refused ones included. */
  readonly requestsPerSecondMax: number;
  readonly inFlightMax: number;
  /** The largest number of submissions for one mailbox that were in flight at once. */
  readonly sameMailboxInFlightMax: number;
  readonly grantsCreated: number;
  readonly grantsReauthenticated: number;
  readonly grantsDeleted: number;
  /** How often a single-use token was submitted after it had been exchanged. */
  readonly tokensSpentTwice: number;
}

type Counter = 'grantsCreated' | 'grantsReauthenticated' | 'grantsDeleted' | 'tokensSpentTwice';

/** Counts what happens. */
export class Tally {
  readonly #requests = new Map<string, Map<string, number>>();
  readonly #counters: Record<Counter, number> = {
    grantsCreated: 0,
    grantsReauthenticated: 0,
    grantsDeleted: 0,
    tokensSpentTwice: 0,
  };
  readonly #mailboxes = new Map<string, number>();
  #inFlight = 0;
  #inFlightMax = 0;
  #sameMailboxInFlightMax = 0;

  began(): void {
    this.#inFlight += 1;
    this.#inFlightMax = Math.max(this.#inFlightMax, this.#inFlight);
  }

  ended(kind: string, result: string): void {
    this.#inFlight -= 1;
    const results = this.#requests.get(kind) ?? new Map<string, number>();
    this.#requests.set(kind, results.set(result, (results.get(result) ?? 0) + 1));
  }

  count(counter: Counter): void {
    this.#counters[counter] += 1;
  }

  /** A submission for this mailbox is under way until the function that comes back is called. */
  mailboxEntered(email: string): () => void {
    const folded = email.toLowerCase();
    const now = (this.#mailboxes.get(folded) ?? 0) + 1;
    this.#mailboxes.set(folded, now);
    this.#sameMailboxInFlightMax = Math.max(this.#sameMailboxInFlightMax, now);
    return () => {
      this.#mailboxLeft(folded);
    };
  }

  stats(requestsPerSecondMax: number): SimulatorStats {
    const requests = [...this.#requests].map(
      ([kind, results]) => [kind, Object.fromEntries(results)] as const,
    );
    const totals = [...this.#requests.values()].flatMap((results) => [...results.values()]);
    return {
      requests: Object.fromEntries(requests),
      requestsTotal: totals.reduce((sum, count) => sum + count, 0),
      requestsPerSecondMax,
      inFlightMax: this.#inFlightMax,
      sameMailboxInFlightMax: this.#sameMailboxInFlightMax,
      ...this.#counters,
    };
  }

  #mailboxLeft(folded: string): void {
    const left = (this.#mailboxes.get(folded) ?? 1) - 1;
    if (left === 0) this.#mailboxes.delete(folded);
    else this.#mailboxes.set(folded, left);
  }
}
