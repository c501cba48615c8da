import type { Answer } from './core/answer.js';
import { UserError } from './core/errors.js';
import { credentialKey } from './core/fingerprint.js';
import { describeIdentify } from './core/header.js';
import type { RetryTarget } from './core/plan.js';
import type { Provider } from './core/provider.js';
import type { BadRow, LegacyUser, RawRow, ReadingOptions, Row } from './core/record.js';
import type { RetryPolicy } from './core/retry.js';
import { interpretRow } from './core/row.js';
import { inScope, type Scope } from './core/scope.js';
import { SeenKeys } from './core/seen.js';
import { balances, Tally, type Balance } from './core/tally.js';
import type { StopReason } from './core/verdict.js';
import { Books } from './books.js';
import { makeBell, type Bell } from './bell.js';
import { Dispatcher } from './dispatch.js';
import { watchRefusals } from './guard.js';
import type { Input } from './input.js';
import { Later } from './later.js';
import { LedgerView } from './ledger-view.js';
import { GrantIndex, listBeforehand } from './listing.js';
import { Meter, type Measured } from './meter.js';
import { NylasClock } from './nylas-clock.js';
import { startPacer, type Pacer } from './pacer.js';
import type {
  Clock,
  Ledger,
  LedgerOwner,
  Log,
  NylasApi,
  Progress,
  RowIssue,
  RunStart,
  Unwritten,
} from './ports.js';
import { pauseUntilStop, type StopSwitch } from './stop.js';
import { openWindow, type Window } from './window.js';
import type { Work } from './work.js';

export interface MigrateOptions {
  readonly reading: ReadingOptions;
  readonly scope: Scope;
  readonly retryTargets: ReadonlySet<RetryTarget>;
  readonly limit: number | null;
  readonly limitPerProvider: number | null;
  readonly ratePerSecond: number;
  readonly concurrencyMax: number;
  readonly retry: RetryPolicy;
  readonly drainTimeoutMs: number;
  readonly emailMismatch: 'hold' | 'accept';
  readonly existing: 'skip' | 'reauthenticate';
  /** Providers whose refresh tokens work only once. */
  readonly singleUse: ReadonlySet<Provider>;
  /** Only to scrub it from whatever a server echoes. */
  readonly apiKey: string;
}

export interface MigratePorts {
  /** The migration closes it. */
  readonly input: Input;
  readonly ledger: Ledger;
  readonly api: NylasApi;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the application was asked something before: the pacer that this went through. */
  readonly pacer?: Pacer;
  readonly progress: Progress;
  readonly stop: StopSwitch;
  /** Told what whoever watches should know. */
  readonly warn: (message: string) => void;
  /** Told each outcome that the ledger couldn't take any more: it is nowhere else. */
  readonly onUnwritten: (outcome: Unwritten) => void;
}

export interface RunResult {
  readonly runId: number;
  readonly balance: Balance;
  readonly balanced: boolean;
  readonly stop: StopReason | null;
  readonly stoppedLanes: readonly string[];
  readonly misconfigured: number;
  readonly measured: Measured;
  /** Of the whole input; null where it wasn't read to its end. */
  readonly input: { readonly sha256: string; readonly bytes: number } | null;
}

/** Rows that wait for a time or for another record: the only credentials held beyond those in flight. */
const LATER_MAX = 1_000;

/**
 * Migrates every eligible row of the input: read → plan → submit → record. Throws UserError where nothing could
 * be begun, or where the ledger can't be written any more.
 */
export async function migrate(
  ports: MigratePorts,
  options: MigrateOptions,
  owner: Omit<LedgerOwner, 'keying'>,
  run: RunStart,
): Promise<RunResult> {
  const { input, ledger, log } = ports;
  try {
    ledger.claim({ ...owner, keying: describeIdentify(input.header.identify) });
    const runId = ledger.beginRun(run);
    log.info('run begins', { run: runId, input: input.header.headers.length });
    return await new Migration(ports, options, runId).run();
  } finally {
    await input.source.close();
  }
}

class Migration {
  readonly #ports: MigratePorts;
  readonly #options: MigrateOptions;
  readonly #input: Input;
  readonly #runId: number;
  readonly #tally = new Tally();
  readonly #seen = new SeenKeys();
  readonly #later = new Later(LATER_MAX);
  readonly #bell: Bell;
  readonly #pacer: Pacer;
  readonly #window: Window;
  readonly #view: LedgerView;
  readonly #meter: Meter;
  readonly #books: Books;
  readonly #work: Work;
  readonly #index: GrantIndex;
  readonly #dispatcher: Dispatcher;
  #wholeInput = false;
  #ledgerFailure: UserError | null = null;
  #unwritten = 0;
  #cancelCut = (): void => undefined;

  constructor(ports: MigratePorts, options: MigrateOptions, runId: number) {
    this.#ports = ports;
    this.#options = options;
    this.#input = ports.input;
    this.#runId = runId;
    this.#bell = makeBell(ports.clock);
    this.#pacer = ports.pacer ?? startPacer(options.ratePerSecond, ports.clock);
    this.#window = openWindow(options.concurrencyMax, () => {
      this.#bell.ring();
    });
    this.#view = new LedgerView(ports.ledger);
    this.#meter = new Meter(ports.clock);
    this.#books = new Books(ports, runId, this.#tally);
    this.#work = this.#makeWork();
    this.#index = new GrantIndex(this.#work);
    this.#dispatcher = this.#makeDispatcher();
  }

  async run(): Promise<RunResult> {
    const release = this.#follow();
    this.#ports.progress.begin(() => this.#snapshot());
    try {
      const result = await this.#goThrough();
      if (this.#ledgerFailure === null) return result;
      throw this.#ledgerFailure;
    } catch (error) {
      await this.#abandon();
      if (this.#ledgerFailure !== null) throw this.#withUnwritten(this.#ledgerFailure);
      if (error instanceof UserError) this.#endFailed();
      throw error;
    } finally {
      release();
      this.#ports.progress.end();
    }
  }

  async #goThrough(): Promise<RunResult> {
    const warning = await listBeforehand(this.#index, this.#ports.clock.monotonic());
    if (warning !== null) this.#ports.warn(warning);
    const inputFailure = await this.#feed();
    await this.#dispatcher.drain();
    await this.#dispatcher.finish();
    return this.#end(inputFailure);
  }

  /** Follows what may stop the run; returns how to leave off. */
  #follow(): () => void {
    const { ledger, stop, progress } = this.#ports;
    const unwatch = ledger.watch((failure) => {
      this.#ledgerFailure = failure;
      // What can't be written down is printed instead: nothing may be drawn over it.
      progress.end();
      stop.stop({ kind: 'failure' });
    });
    const unsubscribe = stop.onStop(() => {
      this.#onStop();
    });
    return () => {
      unwatch();
      unsubscribe();
      this.#cancelCut();
    };
  }

  /** Nothing more is read or sent. Past the drain time-out what is in flight is cut off, and is in doubt. */
  #onStop(): void {
    const { api, clock, log } = this.#ports;
    this.#pacer.stop();
    this.#bell.ring();
    void this.#input.source.close();
    this.#cancelCut = clock.after(this.#options.drainTimeoutMs, () => {
      log.warn('drain time-out: connections are cut', { inFlight: this.#window.inFlight() });
      api.close();
    });
  }

  /** Whatever went wrong, what was begun is seen through. */
  async #abandon(): Promise<void> {
    this.#ports.stop.stop({ kind: 'failure' });
    // Its failure follows from the one that led here.
    await this.#dispatcher.finish().catch(() => undefined);
  }

  /** The run ended in good order, though not well: it isn't taken for one that died. */
  #endFailed(): void {
    const { ledger, clock } = this.#ports;
    const balance = this.#tally.balance();
    ledger.endRun(this.#runId, { endedAtMs: clock.now(), how: 'failed', input: null, balance });
  }

  #withUnwritten({ message, next }: UserError): UserError {
    if (this.#unwritten === 0) return new UserError('ledger', message, next);
    const outcomes = this.#unwritten === 1 ? 'One outcome is' : `${this.#unwritten} outcomes are`;
    return new UserError(
      'ledger',
      `${message} ${outcomes} not in it, but printed above: keep that; the next run looks before it sends those again.`,
      next,
    );
  }

  /** Reads the input to its end, or until the run stops. Resolves to what was wrong with the input, if anything. */
  async #feed(): Promise<StopReason | null> {
    try {
      for await (const batch of this.#input.source.batches) {
        if (!(await this.#feedBatch(batch))) return null;
      }
      // A run that stops closes the input itself, which then ends quietly.
      this.#wholeInput = this.#ports.stop.reason() === null;
      return null;
    } catch (error) {
      if (!(error instanceof UserError) || error.kind !== 'usage') throw error;
      if (this.#tally.balance().read === 0) throw error;
      return { kind: 'input', message: error.message, next: error.next };
    }
  }

  /** Resolves to whether the reading goes on. */
  async #feedBatch(batch: readonly RawRow[]): Promise<boolean> {
    const rows = batch.map((raw) => this.#interpret(raw));
    this.#view.fetch(rows.flatMap((row) => (row.kind === 'user' ? [row.user] : [])));
    for (const row of rows) {
      if (this.#ports.stop.reason() !== null || this.#dispatcher.limitReached) return false;
      this.#tally.row();
      if (row.kind === 'bad') this.#books.note(invalidIssue(row.bad), 'invalid');
      else await this.#considerUser(row.user);
      await this.#dispatcher.serveDue();
    }
    return true;
  }

  async #considerUser(user: LegacyUser): Promise<void> {
    if (!inScope(user, this.#options.scope)) this.#books.note(outOfScopeIssue(user), 'out_of_scope');
    else await this.#dispatcher.consider(user, this.#seen.note(user.key, user.line));
  }

  #interpret(raw: RawRow): Row {
    const { ledger } = this.#ports;
    return interpretRow(raw, this.#input.header, {
      reading: this.#options.reading,
      keyOfCredential: (token) => credentialKey(token, ledger.fingerprintKey),
    });
  }

  #end(inputFailure: StopReason | null): RunResult {
    const balance = this.#tally.balance();
    const { limit } = this.#options;
    const limited: StopReason | null =
      limit !== null && this.#dispatcher.limitReached ? { kind: 'limit', limit } : null;
    return {
      runId: this.#runId,
      balance,
      balanced: balances(balance),
      stop: this.#ports.stop.reason() ?? inputFailure ?? limited,
      stoppedLanes: this.#dispatcher.stoppedLanes,
      misconfigured: this.#dispatcher.misconfigured,
      measured: this.#meter.measured(this.#pacer.sent()),
      input: this.#wholeInput ? this.#input.source.digest() : null,
    };
  }

  #snapshot(): ReturnType<Parameters<Progress['begin']>[0]> {
    return {
      balance: this.#tally.balance(),
      inFlight: this.#window.inFlight(),
      share: this.#share(),
      ...this.#meter.measured(this.#pacer.sent()),
    };
  }

  /** Rows are read ahead in chunks: of what was read, only the part whose rows have ended counts. */
  #share(): number | null {
    const { bytesRead, bytesTotal, rowsParsed } = this.#input.source.progress();
    if (bytesTotal === null || bytesTotal === 0 || rowsParsed === 0) return null;
    const { read } = this.#tally.balance();
    const ended = Math.max(0, read - this.#window.inFlight() - this.#later.size);
    return Math.min(1, (bytesRead / bytesTotal) * (ended / rowsParsed));
  }

  #makeDispatcher(): Dispatcher {
    const { retryTargets, existing, limit, limitPerProvider, retry } = this.#options;
    return new Dispatcher({
      work: this.#work,
      options: { retryTargets, existing, limit, limitPerProvider, waitAtEndMaxMs: retry.settleDelayMs },
      view: this.#view,
      window: this.#window,
      later: this.#later,
      bell: this.#bell,
      books: this.#books,
      firstListingId: () => this.#index.firstListingId,
    });
  }

  #makeWork(): Work {
    const { ledger, api, clock, log, stop } = this.#ports;
    return {
      ledger,
      api,
      clock,
      log,
      pacer: this.#pacer,
      runId: this.#runId,
      retry: this.#options.retry,
      emailMismatch: this.#options.emailMismatch,
      existing: this.#options.existing,
      apiKey: this.#options.apiKey,
      singleUse: this.#options.singleUse,
      retryDoubts: this.#options.retryTargets.has('in_doubt'),
      refreshGrants: (sinceMs) => this.#index.refresh(sinceMs),
      confirmGrant: (grantId) => this.#index.confirm(grantId),
      askForGrant: (grantId) => this.#index.ask(grantId),
      nylasClock: new NylasClock(clock),
      pause: (delayMs) => pauseUntilStop(clock, stop, delayMs),
      stopping: () => stop.reason() !== null,
      onUnwritten: (outcome) => {
        this.#unwritten += 1;
        this.#ports.onUnwritten(outcome);
      },
      onAnswer: (answer: Answer) => {
        this.#meter.answer(answer);
      },
      onRefusal: watchRefusals({ api, stop, log, pacer: this.#pacer }, (provider) => {
        this.#dispatcher.stopLane(provider);
      }),
    };
  }
}

function invalidIssue(bad: BadRow): RowIssue {
  return { ...bad, kind: 'invalid' };
}

function outOfScopeIssue(user: LegacyUser): RowIssue {
  const { line, key, accountId, email, provider, carried } = user;
  const reasons = [{ code: 'out_of_scope', message: 'left out by an option of this run' }];
  return { kind: 'out_of_scope', line, key, accountId, email, provider, carried, reasons };
}
