import type { Answer } from './core/answer.js';
import { inBatches } from './core/batches.js';
import { compareGrant, presentGrant, type Finding } from './core/deviation.js';
import { UserError } from './core/errors.js';
import { grantOf } from './core/grant.js';
import { keepable } from './core/listed.js';
import type { Candidate, ComparedRecord } from './core/ledger-rows.js';
import { isNotFound } from './core/outcome.js';
import type { SampleSize } from './core/parse.js';
import { verdictOfCounts, type VerifyCounts } from './core/verification.js';
import type { Verdict } from './core/verdict.js';
import type { JobPorts } from './job.js';
import { GrantIndex, type Listed } from './listing.js';
import type { OnLeft } from './ports/nylas.js';
import { Probing } from './probing.js';
import { SignIns } from './sign-ins.js';
import { Verifying, WRITTEN_AT_ONCE } from './verifying.js';

export interface VerifyOptions {
  /** Whether people who signed in by themselves get their grant in the ledger. */
  readonly adopt: boolean;
  /** How many grants are tried; null: none but those that could not be used before. */
  readonly probe: SampleSize | null;
  readonly concurrencyMax: number;
}

export interface VerifyResult {
  readonly runId: number;
  readonly verdict: Verdict;
  readonly counts: VerifyCounts;
  /** Whether it came to its end. */
  readonly isWhole: boolean;
  /** People who have signed in, and were not adopted. */
  readonly signedIn: readonly Candidate[];
  /** By record: the grants that could each be meant. */
  readonly several: readonly Candidate[];
}

/** So many records are asked for by their grant's id; of more, the listing alone must tell. */
const ASKS_MAX = 1_000;

/** Holds the ledger's grants against those that Nylas has. Throws UserError where they can't be listed. */
export function verify(ports: JobPorts, options: VerifyOptions): Promise<VerifyResult> {
  return new Verification(ports, options).run();
}

class Verification {
  readonly #ports: JobPorts;
  readonly #options: VerifyOptions;
  readonly #verifying: Verifying;
  readonly #index: GrantIndex;
  readonly #probing: Probing;
  readonly #signIns: SignIns;
  readonly #doubtful: ComparedRecord[] = [];

  constructor(ports: JobPorts, options: VerifyOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#verifying = new Verifying(ports, options.concurrencyMax);
    this.#index = new GrantIndex(this.#listingWork());
    this.#probing = new Probing(this.#verifying, options.probe);
    this.#signIns = new SignIns(this.#verifying);
  }

  async run(): Promise<VerifyResult> {
    const { progress, caller } = this.#ports;
    progress.begin(() => caller.snapshot(this.#verifying.stage, this.#verifying.share));
    const stages = [
      () => this.#list(),
      () => this.#compare(),
      () => this.#askForDoubtful(),
      () => this.#probing.run(),
      () => this.#findSignIns(),
      () => this.#countUnknown(),
    ];
    for (const stage of stages) {
      if (caller.stopping()) break;
      await stage();
    }
    return this.#result(!caller.stopping());
  }

  #result(isWhole: boolean): VerifyResult {
    const counts = { ...this.#verifying.counts };
    return {
      runId: this.#ports.runId,
      verdict: this.#verdict(counts),
      counts,
      isWhole,
      signedIn: this.#signIns.signedIn,
      several: this.#signIns.several,
    };
  }

  #verdict(counts: VerifyCounts): Verdict {
    const reason = this.#ports.stop.reason();
    if (reason === null) return verdictOfCounts(counts);
    if (reason.kind === 'key_refused') return 'refused';
    return reason.kind === 'signal' ? 'signal' : 'work_remains';
  }

  #listingWork() {
    const { ledger, api, clock, caller } = this.#ports;
    let pages = 0;
    return {
      ledger,
      clock,
      nylasClock: caller.nylasClock,
      send: caller.send,
      pause: caller.pause,
      stopping: caller.stopping,
      api: {
        grantById: (id: string, onLeft?: OnLeft) => api.grantById(id, onLeft),
        listGrants: (...asked: Parameters<JobPorts['api']['listGrants']>) => {
          this.#verifying.stage = `listing grants, page ${(pages += 1)}`;
          return api.listGrants(...asked);
        },
      },
    };
  }

  async #list(): Promise<void> {
    const listed = await this.#index.listAll();
    this.#ports.ledger.flush();
    if (listed !== 'whole' && listed !== 'stopped') throw notListed(listed);
  }

  async #compare(): Promise<void> {
    this.#verifying.stage = 'comparing';
    const { ledger, caller } = this.#ports;
    await this.#verifying.read(async (reader) => {
      for (const batch of inBatches(reader.compared(this.#index.firstListingId), WRITTEN_AT_ONCE)) {
        if (caller.stopping()) break;
        const written = batch.map((record) => this.#take(record));
        ledger.flush();
        await Promise.all(written);
      }
    });
  }

  /** What the listing says for itself is counted, and written down where it is news; the rest stays to be asked for. */
  async #take(record: ComparedRecord): Promise<void> {
    const { counts } = this.#verifying;
    counts.compared += 1;
    const finding = compareGrant(record, record.seen === null ? null : { ...record.seen, aliases: [] });
    if (finding === 'matched' && record.grantStatus === 'unusable') {
      this.#probing.tryAgain(record);
      return;
    }
    if (finding === 'matched' && (record.grantStatus ?? 'valid') === 'valid') {
      counts.matched += 1;
      this.#probing.offer(record);
      return;
    }
    const isOpen = finding === 'missing' || finding === 'changed';
    if (isOpen && this.#doubtful.length < ASKS_MAX) {
      this.#doubtful.push(record);
      return;
    }
    if (finding === 'missing') counts.missing_unasked += 1;
    await this.#settle(record, finding, null);
  }

  /** A listing can miss by paging, and doesn't tell aliases: what looks missing or changed is asked for once. */
  async #askForDoubtful(): Promise<void> {
    await this.#verifying.inParallel('asked for by id', this.#doubtful, async (record) => {
      const attemptId = await this.#verifying.begin(record);
      const answer = await this.#verifying.ask(record.grantId);
      if (answer === null) return this.#verifying.end(attemptId, 'not_sent', null);
      await this.#settle(record, this.#judge(record, answer), { attemptId, answer });
    });
  }

  #judge(record: ComparedRecord, answer: Answer): Finding {
    if (isNotFound(answer)) return compareGrant(record, null);
    const grant = answer.kind === 'reply' && answer.status === 200 ? grantOf(answer.body) : null;
    const kept = grant?.id === record.grantId ? keepable(grant) : null;
    return kept === null ? 'unsure' : compareGrant(record, presentGrant(kept));
  }

  /** Counts a finding and writes it down where it is news, with the request that brought it, if one did. */
  async #settle(
    record: ComparedRecord,
    finding: Finding,
    asked: { readonly attemptId: number; readonly answer: Answer } | null,
  ): Promise<void> {
    const { ledger } = this.#ports;
    this.#verifying.counts[finding] += 1;
    if (finding === 'unsure') this.#verifying.unsure.add(record.recordId);
    const grantStatus = finding === 'matched' ? 'valid' : finding;
    const isNews = finding !== 'unsure' && grantStatus !== (record.grantStatus ?? 'valid');
    if (asked === null && !isNews) return;
    const attemptId = asked?.attemptId ?? (await this.#verifying.begin(record));
    await this.#verifying.end(attemptId, finding, asked?.answer ?? null);
    if (isNews) await ledger.setGrantStatus(record.recordId, grantStatus);
    if (finding === 'missing' && asked !== null) await ledger.forget(record.grantId);
  }

  async #findSignIns(): Promise<void> {
    await this.#signIns.find(this.#index.firstListingId);
    if (this.#options.adopt) await this.#signIns.adopt();
  }

  /** What a sign-in made is no stranger. */
  async #countUnknown(): Promise<void> {
    this.#ports.ledger.flush();
    const found = new Set(
      [...this.#signIns.signedIn, ...this.#signIns.several].map(({ grantId }) => grantId),
    );
    await this.#verifying.read((reader) => {
      this.#verifying.counts.unknown = reader.unknownGrants(this.#index.firstListingId, [...found]);
    });
  }
}

function notListed(listed: Exclude<Listed, 'whole' | 'stopped'>): UserError {
  switch (listed) {
    case 'refused':
      return new UserError(
        'refused',
        'Nylas refuses to list the grants: the API key is not accepted for that.',
        'Check NYLAS_API_KEY and its application; nothing was compared.',
      );
    case 'absent':
      return new UserError(
        'usage',
        'What answers there can’t list grants: it isn’t Nylas v3.',
        'Check --api-uri or --region; nothing was compared.',
      );
    case 'failed':
      return new UserError(
        'unfinished',
        'The grants could not be listed to their end: Nylas gave no usable answer.',
        'Run the same command again later; nothing was compared.',
      );
  }
}
