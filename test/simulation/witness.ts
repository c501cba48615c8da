import type { Provider } from '../../src/core/provider.js';
import type { MigrateOptions } from '../../src/migrate.js';
import type { Life } from './life.js';
import type { Nylas, Submission, Watcher } from './nylas.js';
import type { People, Person } from './people.js';

/** Each look comes a whole settle delay after what it looks for, and the second one after the first. */
const LOOKED_AFTER_DELAYS = 2;

interface Run {
  readonly life: Life;
  readonly options: MigrateOptions;
  readonly callsAtMs: number[];
  readonly submissions: Submission[];
  /** Those whose end the process doesn't know yet. */
  readonly open: Set<Submission>;
}

/** Sees what reaches Nylas, and says of it at once what must never be. */
export class Witness implements Watcher {
  readonly violations: string[] = [];
  /** Told of each call as it leaves. */
  onCall = (): void => undefined;
  readonly #people: People;
  readonly #earlier: Submission[] = [];
  #run: Run | null = null;
  #nylas: Nylas | null = null;

  constructor(people: People) {
    this.#people = people;
  }

  /** From now on this process is the one that lives. */
  begin(life: Life, options: MigrateOptions, nylas: Nylas): void {
    this.#run = { life, options, callsAtMs: [], submissions: [], open: new Set() };
    this.#nylas = nylas;
  }

  /** What the latest process sent. */
  get sent(): Pick<Run, 'callsAtMs' | 'submissions'> {
    return this.#run ?? { callsAtMs: [], submissions: [] };
  }

  /** What every process so far has sent. */
  get allSubmissions(): readonly Submission[] {
    return this.#earlier;
  }

  accuse(what: string): void {
    this.violations.push(what);
  }

  called(life: Life): void {
    const run = this.#of(life);
    run.callsAtMs.push(life.monotonic());
    this.onCall();
  }

  submitting(life: Life, submission: Submission): () => void {
    const run = this.#of(life);
    const person = this.#people.personOf(submission.body.state);
    this.#checkOpen(run, person);
    this.#checkSingleUse(run, submission, person);
    this.#checkExisting(run, submission, person);
    run.submissions.push(submission);
    this.#earlier.push(submission);
    run.open.add(submission);
    return () => {
      run.open.delete(submission);
    };
  }

  #of(life: Life): Run {
    if (this.#run?.life !== life) throw new Error('another process than the one that lives sends');
    return this.#run;
  }

  /** Neither a record nor an email is in flight twice, nor more than the window holds. */
  #checkOpen({ open, options }: Run, person: Person): void {
    if (open.size >= options.concurrencyMax) this.accuse(`${open.size + 1} submissions in flight`);
    for (const { body } of open) {
      const other = this.#people.personOf(body.state);
      const isSameEmail = person.email !== null && other.email?.toLowerCase() === person.email.toLowerCase();
      if (other === person || isSameEmail)
        this.accuse(`${other.key} and ${person.key} are in flight at once`);
    }
  }

  /**
   * A token that is known to work once isn't sent while an earlier answer can still come, nor after it made a grant that a
   * look can have found: the last of two, a settle delay apart.
   */
  #checkSingleUse({ options, life }: Run, { credential }: Submission, { key, email }: Person): void {
    if (!options.singleUse.has(credential.provider)) return;
    const lookedAfterMs = LOOKED_AFTER_DELAYS * options.retry.settleDelayMs;
    const isTold = email === null && options.retryTargets.has('in_doubt');
    const isOfRow = email === null || email.toLowerCase() === credential.mailbox;
    for (const earlier of this.#earlier.filter((each) => each.credential.token === credential.token)) {
      const agoMs = life.monotonic() - earlier.leftAtMs;
      if (earlier.isPending && !isTold && agoMs < lookedAfterMs) {
        this.accuse(`${key}: sent again ${agoMs} ms after ${earlier.body.state}, which Nylas still works on`);
      }
      const { healthy } = this.#grantBefore(credential.provider, credential.mailbox, life);
      const tookAfterMs = (earlier.tookAtMs ?? Infinity) - earlier.leftAtMs;
      if (tookAfterMs < lookedAfterMs && healthy && isOfRow && !isTold)
        this.accuse(`${key}: sent again after ${earlier.body.state} took its token ${agoMs} ms ago`);
    }
  }

  /** A healthy grant that was there before the run isn't given an older credential. */
  #checkExisting({ options, life }: Run, { body }: Submission, { key, email }: Person): void {
    if (options.existing !== 'skip' || email === null) return;
    const { healthy, wasThere } = this.#grantBefore(body.provider, email.toLowerCase(), life);
    if (healthy && wasThere)
      this.accuse(`${key}: submitted though its mailbox had a healthy grant before the run`);
  }

  #grantBefore(provider: Provider, mailbox: string, life: Life) {
    const grant = this.#nylas?.healthyGrantOf(provider, mailbox) ?? null;
    const beganS = this.#nylas?.secondOf(life.bornAtMs) ?? 0;
    const wasThere = grant !== null && Math.max(grant.created_at, grant.updated_at) < beganS - 1;
    return { healthy: grant !== null, wasThere };
  }
}
