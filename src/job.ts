import type { Caller } from './caller.js';
import type { Clock } from './ports/clock.js';
import type { Ledger } from './ports/ledger.js';
import type { LedgerReader } from './ports/ledger-reader.js';
import type { Log } from './ports/log.js';
import type { JobApi } from './ports/nylas.js';
import type { JobSnapshot, Progress } from './ports/progress.js';
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
