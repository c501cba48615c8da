import type { Answer } from './core/answer.js';
import { isOwnThrottle } from './core/outcome.js';
import { parseRetryAfter } from './core/retry.js';
import { Meter, type Measured } from './meter.js';
import { NylasClock } from './nylas-clock.js';
import { OutageWatch } from './outage.js';
import type { Pacer } from './pacer.js';
import type { Clock } from './ports/clock.js';
import type { Log } from './ports/log.js';
import type { NylasApi, OnLeft } from './ports/nylas.js';
import type { JobSnapshot } from './ports/progress.js';
import type { ReadingWork } from './reread.js';
import { pauseUntilStop, type StopSwitch } from './stop.js';

interface CallerPorts {
  readonly api: Pick<NylasApi, 'application'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly pacer: Pacer;
  readonly stop: StopSwitch;
  readonly warn: (message: string) => void;
}

/** How long Nylas may be down before a job ends. */
const OUTAGE_MAX_MS = 30 * 60_000;

/**
 * Makes the calls of a job other than a migration, each in its turn: paced, slower where Nylas throttles, held
 * while it is down. How many are in flight is the job's own affair.
 */
export class Caller implements ReadingWork {
  readonly clock: Clock;
  readonly nylasClock: NylasClock;
  readonly #ports: CallerPorts;
  readonly #meter: Meter;
  readonly #outage: OutageWatch;

  readonly #ratePerSecond: number;

  constructor(ports: CallerPorts, ratePerSecond: number) {
    this.#ports = ports;
    this.#ratePerSecond = ratePerSecond;
    this.clock = ports.clock;
    this.nylasClock = new NylasClock(ports.clock);
    this.#meter = new Meter(ports.clock, ports.pacer);
    this.#outage = new OutageWatch(ports, OUTAGE_MAX_MS);
  }

  readonly send = async (call: (onLeft: OnLeft) => Promise<Answer>): Promise<Answer | null> => {
    const answer = await this.#ports.pacer.send(call);
    if (answer !== null) this.#learn(answer);
    return answer;
  };

  readonly pause = (delayMs: number): Promise<void> => pauseUntilStop(this.clock, this.#ports.stop, delayMs);

  readonly stopping = (): boolean => this.#ports.stop.reason() !== null;

  /** The job has ended: nothing is probed any more. */
  close(): void {
    this.#outage.close();
  }

  measured(): Measured {
    return this.#meter.measured();
  }

  /** How the job stands, for whoever watches. */
  snapshot(done: string, share: number | null): JobSnapshot {
    const { elapsedMs, requestsPerSecond } = this.measured();
    const { targetPerSecond, held } = this.#ports.pacer.state();
    const asked = { askedPerSecond: this.#ratePerSecond, targetPerSecond, held };
    return { done, share, pace: { ...asked, heldLanes: [], stoppedLanes: [] }, elapsedMs, requestsPerSecond };
  }

  #learn(answer: Answer): void {
    const { clock, pacer, log } = this.#ports;
    this.#meter.answer(answer);
    this.nylasClock.observe(answer);
    this.#outage.answered(answer);
    this.#outage.submissionEnded(answer);
    if (!isOwnThrottle(answer)) return;
    pacer.throttled({
      sentAtMs: clock.monotonic() - answer.latencyMs,
      retryAfterMs: parseRetryAfter(answer.retryAfter, answer.serverDateMs ?? clock.now()),
    });
    log.warn('Nylas throttles', { target: pacer.state().targetPerSecond, retryAfter: answer.retryAfter });
  }
}

/**
 * Works through the items, so many at once, taking the next when one is done. Rejects with the first failure, after
 * what was begun has ended; nothing is begun after one, nor once `stopping` says so.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  { concurrency, stopping }: { readonly concurrency: number; readonly stopping: () => boolean },
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failure: { readonly error: unknown } | null = null;
  const worker = async (): Promise<void> => {
    while (failure === null && !stopping()) {
      const next = iterator.next();
      if (next.done === true) return;
      await work(next.value).catch((error: unknown) => {
        failure ??= { error };
      });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  iterator.return?.();
  const failed = failure as { readonly error: unknown } | null;
  if (failed !== null) throw failed.error;
}
