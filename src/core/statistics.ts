import type { Category, Status } from './category.js';

/** Records without a grant in one state whose mail has one domain. */
export interface DomainCount {
  readonly status: Status;
  readonly category: Category | null;
  /** Null: no email, or a name that is none. */
  readonly domain: string | null;
  readonly records: number;
  /** Separated by commas. */
  readonly providers: string;
  /** How many domains that state has in all. */
  readonly domains: number;
}

/** The requests that one run made for records; those that never left aside. */
export interface RunActivity {
  readonly runId: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly attempts: number;
}

/** How a run's time is divided: slots of one width, from its first request on. */
export interface Span {
  readonly runId: number;
  readonly fromMs: number;
  readonly slotMs: number;
}

/** What came of the requests that were answered in one slot of a run. */
export interface SlotCount {
  readonly runId: number;
  readonly slot: number;
  /** A submission's result; `look_up`: the request was no submission. */
  readonly outcome: string;
  readonly count: number;
}

/** How many submissions took so long. */
export interface LatencyCount {
  readonly latencyMs: number;
  readonly count: number;
}

/** How many records took so many attempts. */
export interface AttemptsCount {
  readonly attempts: number;
  readonly records: number;
}
