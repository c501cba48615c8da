import { leftMs } from './core/left-time.js';
import type { Outcome } from './core/outcome.js';
import type { Answer } from './core/answer.js';
import type { Provider } from './core/provider.js';
import type { Clock } from './ports/clock.js';
import type { LedgerStanding, Metrics, RunObserver } from './ports/observer.js';
import type { Progress, Snapshot } from './ports/progress.js';

const REFRESH_MS = 15_000;
/** Of a large ledger, counting takes time in which nothing is sent: no more than one part in so many. */
const LEDGER_SHARE = 200;

export interface MetricsRefreshPorts {
  readonly metrics: Metrics;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'after'>;
  /** Null: there is no ledger that can be read. */
  readonly readLedger: () => Promise<LedgerStanding | null>;
  /** Told once where the file can't be written. */
  readonly warn: (error: unknown) => void;
}

/** Writes a run's figures down again and again while it goes on, and when it has ended. */
export class MetricsRefresh implements RunObserver {
  readonly #ports: MetricsRefreshPorts;
  readonly #startedAtMs: number;
  #runId: number | null = null;
  #lastGrantAtMs: number | null = null;
  #snapshot: (() => Snapshot) | null = null;
  #latest: Snapshot | null = null;
  #ledger: LedgerStanding | null = null;
  #ledgerAgainMs = -Infinity;
  #cancel = (): void => undefined;
  #writing: Promise<void> = Promise.resolve();
  #hasWarned = false;

  constructor(ports: MetricsRefreshPorts) {
    this.#ports = ports;
    this.#startedAtMs = ports.clock.now();
  }

  begun(runId: number): void {
    this.#runId = runId;
  }

  answered(answer: Answer): void {
    this.#ports.metrics.answered(answer);
  }

  ended(provider: Provider, outcome: Outcome): void {
    this.#ports.metrics.ended(provider, outcome);
    if (outcome.kind === 'granted') this.#lastGrantAtMs = this.#ports.clock.now();
  }

  /** Progress that is shown as before, and written down besides. */
  beside(progress: Progress): Progress {
    return {
      begin: (snapshot) => {
        this.#snapshot = snapshot;
        this.#refresh();
        progress.begin(snapshot);
      },
      clear: () => {
        progress.clear();
      },
      end: () => {
        this.#cancel();
        this.#latest = this.#snapshot?.() ?? this.#latest;
        this.#snapshot = null;
        progress.end();
      },
    };
  }

  /**
   * Writes how it ended, whatever came of it. Where another run has the ledger its figures stay: this one came to
   * nothing.
   */
  async finish(exitCode: number): Promise<void> {
    this.#cancel();
    await this.#writing;
    this.#ledgerAgainMs = -Infinity;
    await this.#write(exitCode);
  }

  #refresh(): void {
    // One that takes longer than the others wait is not overtaken.
    this.#writing = this.#writing.then(() => this.#write(null));
    this.#cancel = this.#ports.clock.after(REFRESH_MS, () => {
      this.#refresh();
    });
  }

  async #write(exitCode: number | null): Promise<void> {
    const { metrics, clock } = this.#ports;
    const hasEnded = exitCode !== null;
    const ledger = await this.#readLedger();
    if (this.#runId === null && ledger?.isHeld === true) return;
    const snapshot = this.#snapshot?.() ?? this.#latest;
    const nowMs = clock.now();
    const left = hasEnded || snapshot === null ? null : leftMs(snapshot);
    try {
      await metrics.write({
        nowMs,
        startedAtMs: this.#startedAtMs,
        endedAtMs: hasEnded ? nowMs : null,
        exitCode,
        runId: this.#runId,
        lastGrantAtMs: this.#lastGrantAtMs,
        estimatedEndAtMs: left === null ? null : nowMs + left,
        snapshot,
        ledger,
      });
    } catch (error) {
      if (!this.#hasWarned) this.#ports.warn(error);
      this.#hasWarned = true;
    }
  }

  async #readLedger(): Promise<LedgerStanding | null> {
    const { clock, readLedger } = this.#ports;
    const beganMs = clock.monotonic();
    if (beganMs < this.#ledgerAgainMs) return this.#ledger;
    this.#ledger = await readLedger();
    this.#ledgerAgainMs = beganMs + (clock.monotonic() - beganMs) * LEDGER_SHARE;
    return this.#ledger;
  }
}
