import type { Answer } from './core/answer.js';
import { CLOSED, endedInOutage, probeEnded, submissionEnded, type Breaker } from './core/breaker.js';
import { isNylasUp } from './core/outcome.js';
import type { Pacer } from './pacer.js';
import type { Clock } from './ports/clock.js';
import type { Log } from './ports/log.js';
import type { NylasApi } from './ports/nylas.js';
import { makeStopSwitch, pauseUntilStop, type StopSwitch } from './stop.js';

export interface OutagePorts {
  readonly api: Pick<NylasApi, 'application'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly pacer: Pick<Pacer, 'suspend' | 'resume' | 'probe' | 'letOne'>;
  readonly stop: StopSwitch;
  /** Told what whoever watches should know. */
  readonly warn: (message: string) => void;
}

/** Notices an outage of Nylas, holds everything while it lasts, and finds out when it is over. */
export class OutageWatch {
  readonly #ports: OutagePorts;
  readonly #outageMaxMs: number;
  /** Stopped when the job is, and when this is closed. */
  readonly #over = makeStopSwitch();
  #breaker: Breaker = CLOSED;
  /** Waits for the first answer to what left after that time. */
  #probe: { readonly sinceMs: number; readonly end: (isUp: boolean) => void } | null = null;

  constructor(ports: OutagePorts, outageMaxMs: number) {
    this.#ports = ports;
    this.#outageMaxMs = outageMaxMs;
    ports.stop.onStop(() => {
      this.close();
    });
  }

  /** Nothing is watched any more, and nothing probed: the job has ended, or is stopped. */
  close(): void {
    this.#over.stop({ kind: 'abort' });
  }

  /** Takes in the answer to any call that was let through. */
  answered(answer: Answer): void {
    const sentAtMs = this.#ports.clock.monotonic() - answer.latencyMs;
    if (this.#probe !== null && sentAtMs >= this.#probe.sinceMs) this.#probe.end(isNylasUp(answer));
  }

  /** Takes in how a submission ended. */
  submissionEnded(answer: Answer): void {
    const { clock, pacer, log, warn } = this.#ports;
    // A run that stops cuts its connections off itself.
    if (this.#over.reason() !== null) return;
    const wasOpen = this.#breaker.outage !== null;
    const end = { answered: isNylasUp(answer), nowMs: clock.monotonic(), random: clock.random() };
    this.#breaker = submissionEnded(this.#breaker, end);
    if (wasOpen || this.#breaker.outage === null) return;
    pacer.suspend();
    log.error('an outage: nothing is sent but probes', { failuresInRow: this.#breaker.failuresInRow });
    warn('Nylas does not answer: everything waits until it does. Nothing is lost.');
    void this.#probeUntilOver();
  }

  /** Whether an attempt that ended then (monotonic milliseconds) ended in an outage, and so costs nothing. */
  endedInOutage(endedAtMs: number): boolean {
    return endedInOutage(this.#breaker, endedAtMs);
  }

  async #probeUntilOver(): Promise<void> {
    const { clock, stop, pacer, log, warn } = this.#ports;
    for (let { outage } = this.#breaker; outage !== null; outage = this.#breaker.outage) {
      const endsAtMs = outage.noticedAtMs + this.#outageMaxMs;
      await pauseUntilStop(clock, this.#over, Math.min(outage.nextProbeAtMs, endsAtMs) - clock.monotonic());
      if (this.#over.reason() !== null) return;
      if (clock.monotonic() >= endsAtMs) {
        stop.stop({ kind: 'outage', lastedMs: clock.monotonic() - outage.fromMs });
        return;
      }
      const probe = { answered: await this.#isOver(), nowMs: clock.monotonic(), random: clock.random() };
      this.#breaker = probeEnded(this.#breaker, probe);
    }
    if (this.#over.reason() !== null) return;
    pacer.resume();
    log.info('the outage is over');
    warn('Nylas answers again: going on.');
  }

  /** First a call that changes nothing, then one of those that wait. */
  async #isOver(): Promise<boolean> {
    const { api, pacer } = this.#ports;
    const answer = await pacer.probe((onLeft) => api.application(onLeft));
    return answer !== null && isNylasUp(answer) && (await this.#letOneThrough());
  }

  async #letOneThrough(): Promise<boolean> {
    const { clock, pacer } = this.#ports;
    const sinceMs = clock.monotonic();
    // Where nobody waits, the first to come is as good a probe.
    if (!pacer.letOne()) return true;
    return new Promise((resolve) => {
      const unsubscribe = this.#over.onStop(() => {
        resolve(false);
      });
      this.#probe = {
        sinceMs,
        end: (isUp) => {
          this.#probe = null;
          unsubscribe();
          resolve(isUp);
        },
      };
    });
  }
}
