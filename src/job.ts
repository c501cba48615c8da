import type { Caller } from './caller.js';
import type { Clock, JobApi, JobSnapshot, Ledger, LedgerReader, Log, Progress } from './ports.js';
import type { StopSwitch } from './stop.js';

/** What a job other than a migration works with. The ledger is held, and is of the key's application. */
export interface JobPorts {
  /** The job's own run: attempts and decisions hang on it. */
  readonly runId: number;
  readonly ledger: Ledger;
  /** A view of the ledger of its own, as it stands now; whoever opens it closes it. */
  readonly openReader: () => Promise<LedgerReader>;
  readonly api: JobApi;
  /** The way in which calls of the API are made: paced, counted, and never once the job is stopped. */
  readonly caller: Caller;
  readonly clock: Clock;
  readonly log: Log;
  readonly progress: Progress<JobSnapshot>;
  readonly stop: StopSwitch;
  /** Told what whoever watches should know. */
  readonly warn: (message: string) => void;
  /** Only to scrub it from whatever a server echoes. */
  readonly apiKey: string;
}
