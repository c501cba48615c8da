import type { Answer } from './core/answer.js';
import { UserError } from './core/errors.js';
import type { HeldSummary, RunPace } from './core/holds.js';
import { describeLaneStop, laneTitle } from './core/lane-stop.js';
import { isOwnThrottle } from './core/outcome.js';
import type { RetryTarget } from './core/plan.js';
import type { Provider } from './core/provider.js';
import type { ReadingOptions } from './core/record.js';
import { parseRetryAfter, type RetryPolicy } from './core/retry.js';
import type { Scope } from './core/scope.js';
import type { Unread } from './core/run-summary.js';
import { scrubberOf, scrubbersBesides } from './core/scrub.js';
import { balances, Tally, type Balance, type OriginCounts } from './core/tally.js';
import { Asked, type Unmatched } from './core/unmatched.js';
import type { StopReason } from './core/verdict.js';
import { Books } from './books.js';
import { makeBell, type Bell } from './bell.js';
import { Dispatcher } from './dispatch.js';
import { Feed } from './feed.js';
import { Flow } from './flow.js';
import { watchRefusals } from './guard.js';
import type { Input } from './input.js';
import { Lanes, type StoppedLane } from './lanes.js';
import { Later } from './later.js';
import { LedgerView } from './ledger-view.js';
import { keepListed, type KeptListed } from './keep-listed.js';
import { GrantIndex, listBeforehand } from './listing.js';
import { Meter, type Measured } from './meter.js';
import { NylasClock } from './nylas-clock.js';
import { OutageWatch } from './outage.js';
import { watchOutcomes } from './outcome-watch.js';
import { startPacer, type Pacer } from './pacer.js';
import type { Clock } from './ports/clock.js';
import type { Ledger, LedgerOwner, RunStart, Unwritten } from './ports/ledger.js';
import type { Log } from './ports/log.js';
import type { NylasApi, OnLeft } from './ports/nylas.js';
import type { RunObserver } from './ports/observer.js';
import type { Progress } from './ports/progress.js';
import { RunView } from './run-view.js';
import { pauseUntilStop, type StopSwitch } from './stop.js';
import { UnwrittenOutcomes } from './unwritten.js';
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
  /** How long an outage may last before the run ends. */
  readonly outageMaxMs: number;
  /** Of a lane's latest outcomes, leaving aside those that only its users can mend. */
  readonly failureRateMax: number;
  readonly expectReauth: ReadonlySet<Provider>;
  readonly emailMismatch: 'hold' | 'accept';
  readonly existing: 'skip' | 'reauthenticate';
  /** Providers whose refresh tokens work only once. */
  readonly singleUse: ReadonlySet<Provider>;
  /** Only to scrub it from whatever a server echoes. */
  readonly apiKey: string;
  /** Rows that may wait for a time or for another record: the only credentials held beyond those in flight. */
  readonly laterMax?: number;
  /** How long after one listing of what is new the next begins. */
  readonly listEveryMs?: number;
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
  readonly observer?: RunObserver;
  /** Told what whoever watches should know. */
  readonly warn: (message: string) => void;
  /** Told each outcome that the ledger couldn't take any more: it is nowhere else. */
  readonly onUnwritten: (outcome: Unwritten) => void;
}

export interface RunResult {
  readonly runId: number;
  readonly balance: Balance;
  readonly balanced: boolean;
  /** Of those that this run migrated. */
  readonly origins: OriginCounts;
  readonly stop: StopReason | null;
  readonly stoppedLanes: readonly StoppedLane[];
  readonly misconfigured: number;
  readonly measured: Measured;
  readonly held: HeldSummary;
  readonly pace: RunPace;
  /** Of the whole input; null where it wasn't read to its end. */
  readonly input: { readonly sha256: string; readonly bytes: number } | null;
  /** How far it was read where that isn't to its end. */
  readonly unread: Unread | null;
  /** Null where it wasn't read to its end. */
  readonly unmatched: Unmatched | null;
}

const STANDSTILL =
  'For longer than --outage-max all that was tried had to wait: the rest is left to the next run.';

/** Of rows that wait, where nothing else is asked for. */
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
    ledger.claim({ ...owner, keying: input.header.keyingRule });
    const runId = ledger.beginRun(run);
    ports.observer?.begun(runId);
    log.info('run begins', { columns: input.header.headers.length });
    return await new Migration(ports, options, runId).run();
  } finally {
    await input.source.close();
  }
}

class Migration {
  readonly #ports: MigratePorts;
  readonly #options: MigrateOptions;
  readonly #runId: number;
  readonly #tally = new Tally();
  readonly #asked: Asked;
  readonly #later: Later;
  readonly #bell: Bell;
  readonly #pacer: Pacer;
  readonly #window: Window;
  readonly #flow: Flow;
  readonly #known: LedgerView;
  readonly #meter: Meter;
  readonly #books: Books;
  readonly #work: Work;
  readonly #index: GrantIndex;
  readonly #lanes: Lanes;
  readonly #outage: OutageWatch;
  readonly #nylasClock: NylasClock;
  readonly #stoppedLanes: StoppedLane[] = [];
  readonly #dispatcher: Dispatcher;
  readonly #feed: Feed;
  readonly #view: RunView;
  readonly #unwritten: UnwrittenOutcomes;
  #keptListed: KeptListed | null = null;
  #ledgerFailure: UserError | null = null;
  #cancelCut = (): void => undefined;

  constructor(ports: MigratePorts, options: MigrateOptions, runId: number) {
    this.#ports = ports;
    this.#options = options;
    this.#runId = runId;
    this.#later = new Later(options.laterMax ?? LATER_MAX);
    this.#asked = new Asked(options.scope, options.retryTargets);
    this.#bell = makeBell(ports.clock);
    this.#pacer = ports.pacer ?? startPacer(options.ratePerSecond, ports.clock);
    this.#flow = new Flow(options, ports.clock, (concurrency) => {
      this.#window.resize(concurrency);
    });
    this.#window = this.#openWindow();
    this.#known = new LedgerView(ports.ledger);
    this.#meter = new Meter(ports.clock, this.#pacer);
    this.#books = new Books(ports, runId, this.#tally);
    this.#lanes = this.#makeLanes();
    this.#outage = new OutageWatch({ ...ports, pacer: this.#pacer }, options.outageMaxMs);
    this.#nylasClock = new NylasClock(ports.clock);
    this.#unwritten = new UnwrittenOutcomes(options.retry.settleDelayMs, ports.onUnwritten);
    this.#work = this.#makeWork();
    this.#index = new GrantIndex(this.#work);
    this.#dispatcher = this.#makeDispatcher();
    this.#feed = this.#makeFeed();
    this.#view = this.#makeView();
  }

  async run(): Promise<RunResult> {
    const release = this.#follow();
    this.#ports.progress.begin(() => this.#view.snapshot());
    try {
      const result = await this.#goThrough();
      if (this.#ledgerFailure === null) return result;
      throw this.#ledgerFailure;
    } catch (error) {
      await this.#abandon();
      if (this.#ledgerFailure !== null) throw this.#unwritten.explain(this.#ledgerFailure);
      if (error instanceof UserError) this.#endFailed(error);
      throw error;
    } finally {
      release();
      this.#outage.close();
      this.#ports.progress.end();
    }
  }

  async #goThrough(): Promise<RunResult> {
    const warning = await listBeforehand(this.#index, this.#ports.clock.monotonic());
    if (warning !== null) this.#ports.warn(warning);
    this.#keptListed = keepListed(this.#index, this.#ports.clock, this.#options.listEveryMs);
    const inputFailure = await this.#feed.read();
    await this.#dispatcher.turns.drain();
    await this.#dispatcher.finish();
    if (this.#dispatcher.turns.standsStill) this.#ports.warn(STANDSTILL);
    await this.#keptListed.end();
    await this.#reconsider();
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
    this.#feed.close();
    this.#cancelCut = clock.after(this.#options.drainTimeoutMs, () => {
      log.warn('drain time-out: connections are cut', { inFlight: this.#window.requests() });
      api.close();
    });
  }

  /** Whatever went wrong, what was begun is seen through. */
  async #abandon(): Promise<void> {
    this.#ports.stop.stop({ kind: 'failure' });
    // Its failure follows from the one that led here.
    await this.#dispatcher.finish().catch(() => undefined);
    await this.#keptListed?.end().catch(() => undefined);
  }

  /** The run ended in good order, though not well: it isn't taken for one that died. */
  #endFailed({ message, next }: UserError): void {
    const { ledger, clock } = this.#ports;
    const balance = this.#tally.balance();
    const pace = this.#view.pace();
    const why = scrubberOf([this.#options.apiKey])(`${message} ${next}`);
    ledger.endRun(this.#runId, { endedAtMs: clock.now(), how: 'failed', why, input: null, balance, pace });
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
      origins: this.#tally.origins(),
      stop: this.#ports.stop.reason() ?? inputFailure ?? limited,
      stoppedLanes: this.#stoppedLanes,
      misconfigured: this.#dispatcher.misconfigured,
      measured: this.#meter.measured(),
      held: this.#view.held(),
      pace: this.#view.pace(),
      input: this.#feed.digest(),
      unread: this.#feed.unread(),
      unmatched: this.#feed.isWhole ? this.#asked.unmatched() : null,
    };
  }

  /** Null: by the time of its turn the call isn't wanted any more. */
  async #sendInTurn(
    call: (onLeft: OnLeft) => Promise<Answer>,
    isWanted: () => boolean,
  ): Promise<Answer | null> {
    if (!isWanted()) {
      this.#pacer.withdraw();
      return null;
    }
    const answer = await this.#pacer.send(call);
    if (answer !== null) this.#onAnswer(answer);
    return answer;
  }

  #onAnswer(answer: Answer): void {
    this.#meter.answer(answer);
    this.#ports.observer?.answered(answer);
    this.#flow.answered(answer.latencyMs);
    this.#nylasClock.observe(answer);
    this.#outage.answered(answer);
    if (!isOwnThrottle(answer)) return;
    const nowMs = this.#ports.clock.now();
    this.#pacer.throttled({
      sentAtMs: this.#ports.clock.monotonic() - answer.latencyMs,
      retryAfterMs: parseRetryAfter(answer.retryAfter, answer.serverDateMs ?? nowMs),
    });
    const { targetPerSecond } = this.#pacer.state();
    this.#ports.log.warn('Nylas throttles', { target: targetPerSecond, retryAfter: answer.retryAfter });
  }

  #makeDispatcher(): Dispatcher {
    const { retryTargets, existing, limit, limitPerProvider, retry, outageMaxMs } = this.#options;
    // A doubt that must be looked for twice stands still for two settle delays.
    const standstillMaxMs = outageMaxMs + 2 * retry.settleDelayMs;
    const waits = { waitAtEndMaxMs: retry.settleDelayMs, standstillMaxMs };
    return new Dispatcher({
      work: this.#work,
      options: { retryTargets, existing, limit, limitPerProvider, ...waits },
      view: this.#known,
      window: this.#window,
      later: this.#later,
      bell: this.#bell,
      books: this.#books,
      lanes: this.#lanes,
      asked: this.#asked,
      firstListingId: () => this.#index.firstListingId,
    });
  }

  #openWindow(): Window {
    const onEnd = (): void => {
      this.#bell.ring();
    };
    return openWindow(this.#flow.max, onEnd, () => {
      this.#flow.full();
    });
  }

  #makeLanes(): Lanes {
    const { clock, log, ledger } = this.#ports;
    return new Lanes(this.#options, {
      clock,
      log,
      withoutSuccess: (name) => ledger.withoutSuccess(name),
      onStop: (stopped) => {
        this.#stoppedLanes.push(stopped);
        const why = describeLaneStop(stopped.stop);
        this.#ports.warn(`${laneTitle(stopped)} is held back: ${why} The rest goes on.`);
      },
    });
  }

  /** What failed in a lane without any success may fail no more once its connector is right: it isn't skipped. */
  async #reconsider(): Promise<void> {
    for (const { stop, ...lane } of this.#stoppedLanes) {
      if (stop.kind === 'no_success') this.#books.reconsider(lane);
    }
    await this.#books.settle();
  }

  #makeFeed(): Feed {
    const { input, ledger, stop, warn } = this.#ports;
    const { reading, scope, retryTargets } = this.#options;
    return new Feed({
      ...{ input, reading, scope, retryTargets, warn, ledger },
      dispatcher: this.#dispatcher,
      view: this.#known,
      books: this.#books,
      tally: this.#tally,
      asked: this.#asked,
      stopping: () => stop.reason() !== null,
    });
  }

  #makeView(): RunView {
    return new RunView({
      clock: this.#ports.clock,
      tally: this.#tally,
      window: this.#window,
      flow: this.#flow,
      later: this.#later,
      dispatcher: this.#dispatcher,
      feed: this.#feed,
      pacer: this.#pacer,
      lanes: this.#lanes,
      meter: this.#meter,
      askedPerSecond: this.#options.ratePerSecond,
      stoppedLanes: this.#stoppedLanes,
    });
  }

  #makeWork(): Work {
    const { ledger, api, clock, log, stop, observer } = this.#ports;
    const onAnswer = (answer: Answer): void => {
      this.#onAnswer(answer);
    };
    const refused = watchRefusals({ api, stop, log, pacer: this.#pacer, onAnswer }, (provider) => {
      this.#lanes.stopWithoutConnector(provider);
    });
    return {
      ledger,
      api,
      clock,
      log,
      announce: () => {
        this.#pacer.announce();
      },
      pacerReady: () => this.#pacer.ready(),
      send: (call, isWanted = () => true) => this.#window.send(() => this.#sendInTurn(call, isWanted)),
      runId: this.#runId,
      retry: this.#options.retry,
      emailMismatch: this.#options.emailMismatch,
      existing: this.#options.existing,
      scrubberOf: scrubbersBesides([this.#options.apiKey]),
      singleUse: this.#options.singleUse,
      retryDoubts: this.#options.retryTargets.has('in_doubt'),
      refreshGrants: (sinceMs) => this.#index.refresh(sinceMs),
      confirmGrant: (grantId) => this.#index.confirm(grantId),
      askForGrant: (grantId) => this.#index.ask(grantId),
      nylasClock: this.#nylasClock,
      pause: (delayMs) => pauseUntilStop(clock, stop, delayMs),
      stopping: () => stop.reason() !== null,
      onUnwritten: (outcome) => {
        this.#unwritten.add(outcome);
      },
      onOutcome: watchOutcomes({ clock, lanes: this.#lanes, outage: this.#outage, refused, observer }),
      isLaneStopped: (user) => this.#lanes.isStopped(user),
      laneHeldMs: (user) => Math.max(0, this.#lanes.heldUntilMs(user) - clock.monotonic()),
      endedInOutage: (endedAtMs) => this.#outage.endedInOutage(endedAtMs),
    };
  }
}
