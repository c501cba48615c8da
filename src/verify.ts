import type { Answer } from './core/answer.js';
import { migrated, takenGrant } from './core/change.js';
import { formatCounted } from './core/counted.js';
import { compareGrant, judgeSignIn, presentGrant, type Finding } from './core/deviation.js';
import { UserError } from './core/errors.js';
import { grantOf } from './core/grant.js';
import { keepable } from './core/listed.js';
import type { Candidate, ComparedRecord } from './core/ledger-rows.js';
import { evidenceOf, isNotFound, NO_EVIDENCE, refusesKey, type Evidence } from './core/outcome.js';
import type { SampleSize } from './core/parse.js';
import { classifyProbe, confirmProbe, grantUseOf, type Confirmed } from './core/probe.js';
import { Sample } from './core/sample.js';
import { scrubberOf, type Scrub } from './core/scrub.js';
import { verdictOfCounts, type VerifyCounts } from './core/verification.js';
import type { Verdict } from './core/verdict.js';
import { inParallel } from './caller.js';
import type { JobPorts } from './job.js';
import { GrantIndex, type Listed } from './listing.js';
import type { LedgerReader } from './ports/ledger-reader.js';
import type { OnLeft } from './ports/nylas.js';
import { reread } from './reread.js';

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

type Counts = { -readonly [K in keyof VerifyCounts]: number };

const NOTHING: VerifyCounts = {
  matched: 0,
  missing: 0,
  invalid: 0,
  changed: 0,
  unusable: 0,
  unsure: 0,
  signed_in: 0,
  adopted: 0,
  several: 0,
  unknown: 0,
  compared: 0,
  probed: 0,
  probes_unsure: 0,
  missing_unasked: 0,
};

/** What an unfinished verification before this one has tried already, by record. */
type Tried = ReadonlyMap<number, string>;

class Verification {
  readonly #ports: JobPorts;
  readonly #options: VerifyOptions;
  readonly #index: GrantIndex;
  readonly #scrub: Scrub;
  readonly #counts: Counts = { ...NOTHING };
  readonly #doubtful: ComparedRecord[] = [];
  readonly #unusable: ComparedRecord[] = [];
  readonly #sample: Sample<ComparedRecord> | null;
  readonly #signedIn: Candidate[] = [];
  readonly #several: Candidate[] = [];
  #stage = '';
  #share: number | null = null;

  constructor(ports: JobPorts, options: VerifyOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#scrub = scrubberOf([ports.apiKey]);
    this.#sample = options.probe === null ? null : new Sample(options.probe);
    this.#index = new GrantIndex(this.#listingWork());
  }

  async run(): Promise<VerifyResult> {
    const { progress, caller } = this.#ports;
    progress.begin(() => caller.snapshot(this.#stage, this.#share));
    const stages = [
      () => this.#list(),
      () => this.#compare(),
      () => this.#askForDoubtful(),
      () => this.#probe(),
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
    const counts = { ...this.#counts };
    return {
      runId: this.#ports.runId,
      verdict: this.#verdict(counts),
      counts,
      isWhole,
      signedIn: this.#signedIn,
      several: this.#several,
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
          this.#stage = `listing grants, page ${(pages += 1)}`;
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
    this.#stage = 'comparing';
    await this.#read((reader) => {
      for (const record of reader.compared(this.#index.firstListingId)) this.#take(record);
    });
    await this.#settleUnasked();
  }

  #take(record: ComparedRecord): void {
    this.#counts.compared += 1;
    const finding = compareGrant(record, record.seen === null ? null : { ...record.seen, aliases: [] });
    const wasFine = record.grantStatus === null || record.grantStatus === 'valid';
    if (finding !== 'matched' || !(wasFine || record.grantStatus === 'unusable')) this.#doubtful.push(record);
    else if (!wasFine) this.#unusable.push(record);
    else {
      this.#counts.matched += 1;
      this.#sample?.offer(record);
    }
  }

  /** What the listing says for itself is written down; the rest stays to be asked for. */
  async #settleUnasked(): Promise<void> {
    const records = this.#doubtful.splice(0);
    const written: Promise<void>[] = [];
    for (const record of records) {
      const finding = compareGrant(record, record.seen === null ? null : { ...record.seen, aliases: [] });
      const isOpen = finding === 'missing' || finding === 'changed';
      if (isOpen && this.#doubtful.length < ASKS_MAX) this.#doubtful.push(record);
      else {
        if (finding === 'missing') this.#counts.missing_unasked += 1;
        written.push(this.#settle(record, finding, null));
      }
    }
    this.#ports.ledger.flush();
    await Promise.all(written);
  }

  /** A listing can miss by paging, and doesn't tell aliases: what looks missing or changed is asked for once. */
  async #askForDoubtful(): Promise<void> {
    await this.#inParallel('asked for by id', this.#doubtful, async (record) => {
      const attemptId = await this.#begin(record);
      const answer = await this.#ask(record.grantId);
      if (answer === null) return this.#end(attemptId, 'not_sent', null);
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
    this.#counts[finding] += 1;
    const grantStatus = finding === 'matched' ? 'valid' : finding;
    const isNews = finding !== 'unsure' && grantStatus !== (record.grantStatus ?? 'valid');
    if (asked === null && !isNews) return;
    const attemptId = asked?.attemptId ?? (await this.#begin(record));
    await this.#end(attemptId, finding, asked?.answer ?? null);
    if (isNews) await ledger.setGrantStatus(record.recordId, grantStatus);
    if (finding === 'missing' && asked !== null) await ledger.forget(record.grantId);
  }

  /** Those that could not be used before are tried again, whatever the sample is. */
  async #probe(): Promise<void> {
    const tried = await this.#triedBefore();
    const records = [...this.#unusable, ...(this.#sample?.items() ?? [])];
    await this.#inParallel('tried', records, (record) => this.#try(record, tried));
  }

  async #try(record: ComparedRecord, tried: Tried): Promise<void> {
    const use = grantUseOf(record);
    const before = tried.get(record.recordId);
    if (use === null) return;
    if (before !== undefined) return this.#countProbe(record, before);
    const attemptId = await this.#begin(record);
    const answer = await reread(this.#ports.caller, (onLeft) =>
      this.#ports.api.useGrant(record.grantId, use, onLeft),
    );
    if (answer === null) return this.#end(attemptId, 'not_sent', null);
    const result = await this.#resultOf(record, answer);
    await this.#end(attemptId, result, answer);
    await this.#countProbe(record, result);
  }

  async #resultOf(record: ComparedRecord, answer: Answer): Promise<'usable' | 'unsure' | Confirmed> {
    const probe = classifyProbe(answer, this.#evidence(answer));
    if (probe !== 'suspect') return probe;
    const asked = await this.#ask(record.grantId);
    return asked === null ? 'unsure' : confirmProbe(answer, asked, isNotFound(asked));
  }

  async #countProbe(record: ComparedRecord, result: string): Promise<void> {
    const { ledger } = this.#ports;
    const wasUnusable = record.grantStatus === 'unusable';
    this.#counts.probed += 1;
    if (result === 'unusable' || result === 'missing') {
      if (!wasUnusable) this.#counts.matched -= 1;
      this.#counts[result] += 1;
      await ledger.setGrantStatus(record.recordId, result);
      return;
    }
    if (result !== 'usable') this.#counts.probes_unsure += 1;
    if (!wasUnusable) return;
    this.#counts[result === 'usable' ? 'matched' : 'unusable'] += 1;
    if (result === 'usable') await ledger.setGrantStatus(record.recordId, 'valid');
  }

  /** A verification that was cut short is gone on with: what it tried isn't tried again. */
  async #triedBefore(): Promise<Tried> {
    const { runId, clock } = this.#ports;
    const sinceMs = clock.now() - RESUMED_MAX_MS;
    return this.#read((reader) => {
      const earlier = reader
        .runs()
        .filter((run) => run.kind === 'verify' && run.runId < runId && run.startedAtMs >= sinceMs);
      const finished = earlier.findLastIndex(({ endedHow }) => FINISHED.has(endedHow ?? ''));
      const first = earlier[finished + 1];
      return first === undefined ? new Map<number, string>() : reader.probedSince(first.runId);
    });
  }

  async #findSignIns(): Promise<void> {
    this.#stage = 'looking for people who signed in';
    this.#share = null;
    await this.#read((reader) => {
      for (const group of byRecord(reader.candidates(this.#index.firstListingId))) this.#judgeSignIn(group);
    });
    if (this.#options.adopt) await this.#adopt(this.#signedIn.splice(0));
  }

  #judgeSignIn(candidates: readonly Candidate[]): void {
    const judged = judgeSignIn(candidates);
    if (judged.kind === 'signed_in') {
      this.#counts.signed_in += 1;
      if (judged.candidate.isMissing) this.#counts.missing -= 1;
      this.#signedIn.push(judged.candidate);
    } else if (judged.kind === 'several') {
      this.#counts.several += 1;
      this.#several.push(...judged.candidates);
    }
  }

  async #adopt(candidates: readonly Candidate[]): Promise<void> {
    const { ledger, runId, clock } = this.#ports;
    const written = candidates.map(async (candidate) => {
      const attemptId = await ledger.attempt(runId, 'verify', candidate.recordId, clock.now());
      const grant = { ...takenGrant(candidate, 'signed_in'), email: candidate.mailbox };
      const end = { endedAtMs: clock.now(), result: 'signed_in', evidence: NO_EVIDENCE, latencyMs: null };
      await ledger.conclude(attemptId, end, migrated(grant, false));
      this.#counts.adopted += 1;
    });
    ledger.flush();
    await Promise.all(written);
  }

  /** What a sign-in made is no stranger. */
  async #countUnknown(): Promise<void> {
    this.#ports.ledger.flush();
    const found = new Set([...this.#signedIn, ...this.#several].map(({ grantId }) => grantId));
    await this.#read((reader) => {
      this.#counts.unknown = reader.unknownGrants(this.#index.firstListingId, [...found]);
    });
  }

  /** Asks for a grant; a refused key stops everything: nothing that follows would tell anything. */
  async #ask(grantId: string): Promise<Answer | null> {
    const { caller, api, stop } = this.#ports;
    const answer = await reread(caller, (onLeft) => api.grantById(grantId, onLeft));
    if (answer !== null && refusesKey(answer)) stop.stop({ kind: 'key_refused' });
    return answer;
  }

  #begin({ recordId }: ComparedRecord): Promise<number> {
    const { ledger, runId, clock } = this.#ports;
    return ledger.attempt(runId, 'verify', recordId, clock.now());
  }

  #end(attemptId: number, result: string, answer: Answer | null): Promise<void> {
    const evidence = answer === null ? NO_EVIDENCE : this.#evidence(answer);
    const end = {
      endedAtMs: this.#ports.clock.now(),
      result,
      evidence,
      latencyMs: answer?.latencyMs ?? null,
    };
    return this.#ports.ledger.conclude(attemptId, end, null);
  }

  #evidence(answer: Answer): Evidence {
    return evidenceOf(answer, this.#scrub);
  }

  async #inParallel(
    what: string,
    records: readonly ComparedRecord[],
    work: (record: ComparedRecord) => Promise<void>,
  ): Promise<void> {
    let done = 0;
    await inParallel(
      records,
      { concurrency: this.#options.concurrencyMax, stopping: this.#ports.caller.stopping },
      async (record) => {
        await work(record);
        done += 1;
        this.#stage = `${formatCounted(done, 'grant')} ${what}`;
        this.#share = done / records.length;
      },
    );
  }

  /** Reads the ledger as it stands now, everything so far included. */
  async #read<T>(act: (reader: LedgerReader) => T): Promise<T> {
    this.#ports.ledger.flush();
    const reader = await this.#ports.openReader();
    try {
      return act(reader);
    } finally {
      reader.close();
    }
  }
}

/** What was tried longer ago says nothing of today. */
const RESUMED_MAX_MS = 24 * 60 * 60_000;

const FINISHED: ReadonlySet<string> = new Set(['done', 'people_remain']);

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
