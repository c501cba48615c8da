import type { Answer } from './core/answer.js';
import type { ComparedRecord } from './core/ledger-rows.js';
import { isNotFound } from './core/outcome.js';
import type { SampleSize } from './core/parse.js';
import { classifyProbe, confirmProbe, grantUseOf, type Confirmed } from './core/probe.js';
import { Sample } from './core/sample.js';
import { reread } from './reread.js';
import type { Verifying } from './verifying.js';

/** What an unfinished verification before this one has tried already, by record. */
type Tried = ReadonlyMap<number, string>;

/** What was tried longer ago says nothing of today. */
const RESUMED_MAX_MS = 24 * 60 * 60_000;

const FINISHED: ReadonlySet<string> = new Set(['done', 'people_remain']);

/** Tries grants for real: a sample of those that look well, and all that could not be used before. */
export class Probing {
  readonly #verifying: Verifying;
  readonly #unusable: ComparedRecord[] = [];
  readonly #sample: Sample<ComparedRecord> | null;

  /** `size`: how many of those that look well are tried; null: none. */
  constructor(verifying: Verifying, size: SampleSize | null) {
    this.#verifying = verifying;
    this.#sample = size === null ? null : new Sample(size);
  }

  /** One whose grant looks well, and did before. */
  offer(record: ComparedRecord): void {
    this.#sample?.offer(record);
  }

  /** One whose grant looks well, but could not be used when it was tried. */
  tryAgain(record: ComparedRecord): void {
    this.#unusable.push(record);
  }

  async run(): Promise<void> {
    const records = [...this.#unusable, ...(this.#sample?.items() ?? [])];
    if (records.length === 0) return;
    const tried = await this.#triedBefore();
    await this.#verifying.inParallel('tried', records, (record) => this.#try(record, tried));
  }

  async #try(record: ComparedRecord, tried: Tried): Promise<void> {
    const use = grantUseOf(record);
    const before = tried.get(record.recordId);
    if (use === null) return;
    if (before !== undefined) return this.#countProbe(record, before);
    const attemptId = await this.#verifying.begin(record);
    const answer = await reread(this.#verifying.ports.caller, (onLeft) =>
      this.#verifying.ports.api.useGrant(record.grantId, use, onLeft),
    );
    if (answer === null) return this.#verifying.end(attemptId, 'not_sent', null);
    const result = await this.#resultOf(record, answer);
    await this.#verifying.end(attemptId, result, answer);
    await this.#countProbe(record, result);
  }

  async #resultOf(record: ComparedRecord, answer: Answer): Promise<'usable' | 'unsure' | Confirmed> {
    const probe = classifyProbe(answer, this.#verifying.evidence(answer));
    if (probe !== 'suspect') return probe;
    const asked = await this.#verifying.ask(record.grantId);
    return asked === null ? 'unsure' : confirmProbe(answer, asked, isNotFound(asked));
  }

  async #countProbe(record: ComparedRecord, result: string): Promise<void> {
    const { ledger } = this.#verifying.ports;
    const wasUnusable = record.grantStatus === 'unusable';
    this.#verifying.counts.probed += 1;
    if (result === 'unusable' || result === 'missing') {
      if (!wasUnusable) this.#verifying.counts.matched -= 1;
      this.#verifying.counts[result] += 1;
      await ledger.setGrantStatus(record.recordId, result);
      return;
    }
    if (result !== 'usable') this.#verifying.counts.probes_unsure += 1;
    if (!wasUnusable) return;
    this.#verifying.counts[result === 'usable' ? 'matched' : 'unusable'] += 1;
    if (result === 'usable') await ledger.setGrantStatus(record.recordId, 'valid');
  }

  /** A verification that was cut short is gone on with: what it tried isn't tried again. */
  async #triedBefore(): Promise<Tried> {
    const { runId, clock } = this.#verifying.ports;
    const sinceMs = clock.now() - RESUMED_MAX_MS;
    return this.#verifying.read((reader) => {
      const earlier = reader
        .runs()
        .filter((run) => run.kind === 'verify' && run.runId < runId && run.startedAtMs >= sinceMs);
      const finished = earlier.findLastIndex(({ endedHow }) => FINISHED.has(endedHow ?? ''));
      const first = earlier[finished + 1];
      return first === undefined ? new Map<number, string>() : reader.probedSince(first.runId);
    });
  }
}
