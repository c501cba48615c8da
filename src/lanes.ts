import type { HeldLane } from './core/holds.js';
import {
  laneEnded,
  laneSilent,
  laneThrottled,
  newLane,
  type Lane,
  type LaneOutcome,
  type LaneStop,
} from './core/lane.js';
import type { Provider } from './core/provider.js';
import type { LegacyUser } from './core/record.js';
import type { Clock } from './ports/clock.js';
import type { LaneName } from './ports/ledger.js';
import type { Log } from './ports/log.js';

export interface LanesOptions {
  /** Requests in flight, of all lanes. */
  readonly concurrencyMax: number;
  readonly failureRateMax: number;
  /** Providers of which nobody's credential is expected to work. */
  readonly expectReauth: ReadonlySet<Provider>;
}

export interface LanePorts {
  readonly clock: Pick<Clock, 'monotonic' | 'random'>;
  readonly log: Log;
  /** Outcomes of earlier runs since the lane's last success. */
  readonly withoutSuccess: (name: LaneName) => number;
  /** Told once of each lane that stops. */
  readonly onStop: (stopped: StoppedLane) => void;
}

export interface StoppedLane extends LaneName {
  readonly stop: LaneStop;
}

/** Of the window, where there is more than one lane: a provider whose every call hangs leaves room for the others. */
const SHARE_MAX = 0.6;

/** A lane that began something so lately is at work, though nothing may be in flight just now. */
const RECENT_MS = 1_000;

interface Entry {
  readonly name: LaneName;
  lane: Lane;
  inFlight: number;
  /** When the latest was begun, and ended; monotonic milliseconds. */
  begunAtMs: number;
  endedAtMs: number;
  /** Rows that wait for room, each with how to wake it. */
  readonly crowd: Set<() => void>;
}

/** The lanes of a run: which are held or stopped, and how much of the window each may take. */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #ports: LanePorts;
  readonly #entries = new Map<string, Entry>();
  readonly #withoutConnector = new Set<Provider>();

  constructor(options: LanesOptions, ports: LanePorts) {
    this.#options = options;
    this.#ports = ports;
  }

  /** When the lane's hold ends; monotonic milliseconds, in the past where it isn't held. */
  heldUntilMs(user: LegacyUser): number {
    return this.#entry(user).lane.holdUntilMs;
  }

  isStopped(user: LegacyUser): boolean {
    return this.#withoutConnector.has(user.provider) || this.#entry(user).lane.stopped !== null;
  }

  /** Whether the lane has its share of the window already. */
  isCrowded(user: LegacyUser): boolean {
    return this.#room(this.#entry(user)) <= 0;
  }

  /** Calls back once, out of `wakeCrowds`, when the lane has room again. */
  whenRoom(user: LegacyUser, wake: () => void): void {
    this.#entry(user).crowd.add(wake);
  }

  /** Wakes as many of those who wait for room as there is room for. */
  wakeCrowds(): void {
    for (const entry of this.#entries.values()) {
      if (entry.crowd.size === 0) continue;
      // Nothing of a stopped lane is begun any more: whoever waits is to learn it.
      const room = entry.lane.stopped === null ? this.#room(entry) : Infinity;
      for (const wake of [...entry.crowd].slice(0, Math.max(0, room))) {
        entry.crowd.delete(wake);
        wake();
      }
    }
  }

  /** Whether the lane has begun or ended something within the last `withinMs`: there will soon be room in it. */
  isMoving(user: LegacyUser, withinMs: number): boolean {
    const { begunAtMs, endedAtMs } = this.#entry(user);
    return Math.max(begunAtMs, endedAtMs) > this.#ports.clock.monotonic() - withinMs;
  }

  /** Whether another lane has work of its own: then this one's rows must not hold up the reading. */
  othersWork(user: LegacyUser): boolean {
    const own = this.#entry(user);
    const sinceMs = this.#ports.clock.monotonic() - RECENT_MS;
    return [...this.#entries.values()].some(
      (entry) => entry !== own && (entry.inFlight > 0 || entry.crowd.size > 0 || entry.begunAtMs > sinceMs),
    );
  }

  /** Marks a user of the lane as in flight; returns how to end that. */
  begin(user: LegacyUser): () => void {
    const entry = this.#entry(user);
    entry.inFlight += 1;
    entry.begunAtMs = this.#ports.clock.monotonic();
    return () => {
      entry.inFlight -= 1;
      entry.endedAtMs = this.#ports.clock.monotonic();
    };
  }

  /** Takes in a 429 of the provider. `sentAtMs`: when its request left, monotonic. */
  throttled(user: LegacyUser, sentAtMs: number, retryAfterMs: number | null): void {
    const { clock, log } = this.#ports;
    const entry = this.#entry(user);
    const nowMs = clock.monotonic();
    entry.lane = laneThrottled(entry.lane, { nowMs, sentAtMs, retryAfterMs, random: clock.random() });
    const heldMs = Math.round(entry.lane.holdUntilMs - nowMs);
    log.info('a provider throttles: its lane holds', { ...entry.name, heldMs });
  }

  /** Takes in that the provider did not answer Nylas. */
  silent(user: LegacyUser, sentAtMs: number): void {
    const { clock } = this.#ports;
    const entry = this.#entry(user);
    entry.lane = laneSilent(entry.lane, { nowMs: clock.monotonic(), sentAtMs, random: clock.random() });
  }

  /** Takes in how a submission ended. */
  ended(user: LegacyUser, outcome: LaneOutcome): void {
    const entry = this.#entry(user);
    const wasStopped = entry.lane.stopped !== null;
    const expectsReauth = this.#options.expectReauth.has(user.provider);
    const policy = { failureRateMax: this.#options.failureRateMax, expectsReauth };
    entry.lane = laneEnded(entry.lane, outcome, policy);
    const { stopped } = entry.lane;
    if (stopped !== null && !wasStopped) this.#tell({ ...entry.name, stop: stopped });
  }

  /** Stops all lanes of a provider that the application has no connector for. */
  stopWithoutConnector(provider: Provider): void {
    if (this.#withoutConnector.has(provider)) return;
    this.#withoutConnector.add(provider);
    this.#tell({ provider, credentialId: null, stop: { kind: 'no_connector' } });
  }

  /** The lanes that are held at this moment, each with how long still. */
  held(): readonly HeldLane[] {
    const nowMs = this.#ports.clock.monotonic();
    return [...this.#entries.values()]
      .map(({ name, lane }) => ({ ...name, heldMs: Math.max(0, lane.holdUntilMs - nowMs) }))
      .filter(({ heldMs }) => heldMs > 0);
  }

  /** How long lanes were held in this run so far; those that never were are left out. */
  heldInAll(): readonly HeldLane[] {
    const nowMs = this.#ports.clock.monotonic();
    return [...this.#entries.values()]
      .filter(({ lane }) => lane.heldMs > 0)
      .map(({ name, lane }) => ({
        ...name,
        heldMs: Math.round(lane.heldMs - Math.max(0, lane.holdUntilMs - nowMs)),
      }));
  }

  /** A lane alone has the whole window, which bounds it. */
  #room({ inFlight }: Entry): number {
    if (this.#entries.size < 2) return Infinity;
    return Math.max(1, Math.floor(this.#options.concurrencyMax * SHARE_MAX)) - inFlight;
  }

  #tell(stopped: StoppedLane): void {
    const { provider, credentialId, stop } = stopped;
    this.#ports.log.error('a lane stops', { provider, credentialId, ...stop });
    this.#ports.onStop(stopped);
  }

  #entry({ provider, credentialId }: LegacyUser): Entry {
    const key = credentialId === null ? provider : `${provider} ${credentialId}`;
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const name = { provider, credentialId };
    const entry = {
      name,
      lane: newLane(this.#ports.withoutSuccess(name)),
      inFlight: 0,
      begunAtMs: -Infinity,
      endedAtMs: -Infinity,
      crowd: new Set<() => void>(),
    };
    this.#entries.set(key, entry);
    return entry;
  }
}
