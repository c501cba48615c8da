import { migrated, takenGrant } from './core/change.js';
import { judgeSignIn } from './core/deviation.js';
import type { Candidate } from './core/ledger-rows.js';
import { NO_EVIDENCE } from './core/outcome.js';
import { inBatches } from './core/batches.js';
import { WRITTEN_AT_ONCE, type Verifying } from './verifying.js';

/** Finds people who had no working grant, and have signed in by themselves. */
export class SignIns {
  /** Those who were not adopted. */
  readonly signedIn: Candidate[] = [];
  /** By record: the grants that could each be meant. */
  readonly several: Candidate[] = [];
  readonly #verifying: Verifying;

  constructor(verifying: Verifying) {
    this.#verifying = verifying;
  }

  /** `listingId`: of the first listing of this verification. */
  async find(listingId: number): Promise<void> {
    this.#verifying.stage = 'looking for people who signed in';
    this.#verifying.share = null;
    await this.#verifying.read((reader) => {
      for (const group of byRecord(reader.candidates(listingId))) this.#judge(group);
    });
  }

  #judge(candidates: readonly Candidate[]): void {
    const judged = judgeSignIn(candidates);
    if (judged.kind === 'signed_in') {
      this.#verifying.counts.signed_in += 1;
      if (judged.candidate.isMissing) this.#uncount(judged.candidate);
      this.signedIn.push(judged.candidate);
    } else if (judged.kind === 'several') {
      this.#verifying.counts.several += 1;
      this.several.push(...judged.candidates);
    }
  }

  /** Who is missing in the ledger counts as that, unless asking for the grant told nothing this time. */
  #uncount({ recordId }: Candidate): void {
    const { counts, unsure } = this.#verifying;
    counts[unsure.has(recordId) ? 'unsure' : 'missing'] -= 1;
  }

  /** Gives them their grants in the ledger. */
  async adopt(): Promise<void> {
    const candidates = this.signedIn.splice(0);
    const { ledger, runId, clock } = this.#verifying.ports;
    for (const batch of inBatches(candidates, WRITTEN_AT_ONCE)) {
      const written = batch.map(async (candidate) => {
        const attemptId = await ledger.attempt(runId, 'verify', candidate.recordId, clock.now());
        const grant = { ...takenGrant(candidate, 'signed_in'), email: candidate.mailbox };
        const end = { endedAtMs: clock.now(), result: 'signed_in', evidence: NO_EVIDENCE, latencyMs: null };
        await ledger.conclude(attemptId, end, migrated(grant, false));
        this.#verifying.counts.adopted += 1;
      });
      ledger.flush();
      await Promise.all(written);
    }
  }
}

/** Rows that follow each other and are of one record. */
function* byRecord(candidates: Iterable<Candidate>): Generator<readonly Candidate[]> {
  let group: Candidate[] = [];
  for (const candidate of candidates) {
    if (group[0] !== undefined && group[0].recordId !== candidate.recordId) {
      yield group;
      group = [];
    }
    group.push(candidate);
  }
  if (group.length > 0) yield group;
}
