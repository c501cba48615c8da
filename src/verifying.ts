import type { Answer } from './core/answer.js';
import { formatCounted } from './core/counted.js';
import type { ComparedRecord } from './core/ledger-rows.js';
import { evidenceOf, NO_EVIDENCE, refusesKey, type Evidence } from './core/outcome.js';
import { scrubberOf, type Scrub } from './core/scrub.js';
import { NO_COUNTS, type VerifyCounts } from './core/verification.js';
import { inParallel } from './caller.js';
import type { JobPorts } from './job.js';
import type { LedgerReader } from './ports/ledger-reader.js';
import { reread } from './reread.js';

/** So much is under way to the ledger at once; a verification can be of millions. */
export const WRITTEN_AT_ONCE = 1_000;

/** What the stages of a verification share: what they count, how far they are, and requests that the ledger keeps. */
export class Verifying {
  readonly ports: JobPorts;
  readonly counts: { -readonly [K in keyof VerifyCounts]: number } = { ...NO_COUNTS };
  /** What is being done, for whoever watches, and how much of that is done; null: not known. */
  stage = '';
  share: number | null = null;
  /** The records of which Nylas gave no usable answer this time: no more than are asked for. */
  readonly unsure = new Set<number>();
  readonly #concurrencyMax: number;
  readonly #scrub: Scrub;

  constructor(ports: JobPorts, concurrencyMax: number) {
    this.ports = ports;
    this.#concurrencyMax = concurrencyMax;
    this.#scrub = scrubberOf([ports.apiKey]);
  }

  /** Asks for a grant; a refused key stops everything: nothing that follows would tell anything. */
  async ask(grantId: string): Promise<Answer | null> {
    const { caller, api, stop } = this.ports;
    const answer = await reread(caller, (onLeft) => api.grantById(grantId, onLeft));
    if (answer !== null && refusesKey(answer)) stop.stop({ kind: 'key_refused' });
    return answer;
  }

  /** Writes down that a record's grant is about to be asked for; resolves to the attempt. */
  begin({ recordId }: ComparedRecord): Promise<number> {
    const { ledger, runId, clock } = this.ports;
    return ledger.attempt(runId, 'verify', recordId, clock.now());
  }

  /** Writes down what came of it; without an answer there is no evidence. */
  end(attemptId: number, result: string, answer: Answer | null): Promise<void> {
    const evidence = answer === null ? NO_EVIDENCE : this.evidence(answer);
    const end = {
      endedAtMs: this.ports.clock.now(),
      result,
      evidence,
      latencyMs: answer?.latencyMs ?? null,
    };
    return this.ports.ledger.conclude(attemptId, end, null);
  }

  evidence(answer: Answer): Evidence {
    return evidenceOf(answer, this.#scrub);
  }

  /** Works through records, many at once, and says how far it is. */
  async inParallel(
    what: string,
    records: readonly ComparedRecord[],
    work: (record: ComparedRecord) => Promise<void>,
  ): Promise<void> {
    let done = 0;
    await inParallel(
      records,
      { concurrency: this.#concurrencyMax, stopping: this.ports.caller.stopping },
      async (record) => {
        await work(record);
        done += 1;
        this.stage = `${formatCounted(done, 'grant')} ${what}`;
        this.share = done / records.length;
      },
    );
  }

  /** Reads the ledger as it stands now, everything so far included. */
  async read<T>(act: (reader: LedgerReader) => T | Promise<T>): Promise<T> {
    this.ports.ledger.flush();
    const reader = await this.ports.openReader();
    try {
      return await act(reader);
    } finally {
      reader.close();
    }
  }
}
