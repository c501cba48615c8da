import type { Answer, FaultKind } from '../../src/core/answer.js';
import type { Provider } from '../../src/core/provider.js';
import type { ConnectBody } from '../../src/core/record.js';
import type { Clock } from '../../src/ports/clock.js';
import type { GrantPage, NylasApi, OnLeft } from '../../src/ports/nylas.js';
import { GrantStore, type Grant } from '../../src/simulator/grants.js';
import { SlidingSecond } from '../../src/simulator/sliding-second.js';
import { Connection, type Begun } from './connection.js';
import type { Dice } from './dice.js';
import type { Life } from './life.js';
import type { Credential, People } from './people.js';
import { page, refusal, REFUSALS, said, type Said } from './replies.js';
import { at, CALM, MISHAPS, type Mishap, type Weather } from './weather.js';

/** What a scenario fixes about Nylas for good. */
export interface NylasHabits {
  /** Its clock less ours. */
  readonly skewMs: number;
  /** Whether its answers tell the time. */
  readonly tellsDate: boolean;
  /** After so long the client gives up waiting. */
  readonly timeoutMs: number;
  /** So long after that it looks for what became of it. */
  readonly settleDelayMs: number;
  /** Whatever Nylas still does, it has done after so long: as a rule before the settle delay is over. */
  readonly actsWithinMs: number;
  /** Whether it lists for an email also what only looks like it. */
  readonly isVague: boolean;
}

/** Told what reaches Nylas. */
export interface Watcher {
  /** A request leaves. */
  called(life: Life): void;
  /** A submission leaves; returns how to tell that its client knows its end. */
  submitting(life: Life, submission: Submission): () => void;
}

/** One submission, and what has become of it so far. */
export interface Submission {
  readonly body: ConnectBody;
  readonly credential: Credential;
  readonly leftAtMs: number;
  /** Whether Nylas will still act on it. */
  isPending: boolean;
  /** When it brought a grant that is good for something; null: it hasn't. */
  tookAtMs: number | null;
}

/** How one request goes. Milliseconds since it left. */
interface Course {
  /** Null: Nylas never acts on it. */
  readonly actsAfterMs: number | null;
  readonly hearsAfterMs: number;
  /** What the client hears instead of Nylas' answer; null: the answer. */
  readonly instead: FaultKind | Said | null;
}

type Call = 'submit' | 'read';

const PAGE_SIZE = 200;
/** So long a connection may take to take anything. */
const CONNECT_MS_MAX = 15_000;
const STRAYS_MAX = 3;
/** What a process that has died hears. */
const NEVER = new Promise<Answer>(() => undefined);

/** Nylas, its clock and its providers: what is done there outlives every process that asked for it. */
export class Nylas {
  readonly grants = new GrantStore('simulation');
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #people: People;
  readonly #habits: NylasHabits;
  readonly #watcher: Watcher;
  readonly #second = new SlidingSecond();
  /** Submissions that Nylas will act on when nobody waits for them any more, each with how to make it act now. */
  readonly #hanging = new Map<Submission, () => void>();
  readonly #spent = new Set<string>();
  /** Its own clock goes on evenly, whatever becomes of ours. */
  readonly #aheadMs: number;
  #weather = CALM;
  #weatherFromMs = 0;

  constructor(clock: Clock, dice: Dice, people: People, habits: NylasHabits, watcher: Watcher) {
    this.#clock = clock;
    this.#dice = dice;
    this.#people = people;
    this.#habits = habits;
    this.#watcher = watcher;
    this.#aheadMs = clock.now() - clock.monotonic() + habits.skewMs;
  }

  /** From now on. */
  setWeather(weather: Weather): void {
    this.#weather = weather;
    this.#weatherFromMs = this.#clock.monotonic();
  }

  /** Whether that token has been taken, and so is worth nothing any more. */
  isSpent(token: string): boolean {
    return this.#spent.has(token);
  }

  /** A person signs in by themselves. */
  signIn(provider: Provider, mailbox: string): void {
    const authentication = { provider, mailbox, email: mailbox, scope: ['mail'], status: 'valid' } as const;
    const rest = { state: null, credentialId: null, aliases: [], dead: false };
    this.grants.upsert({ ...authentication, ...rest }, this.#nowS());
  }

  /** The healthy grant of a mailbox. */
  healthyGrantOf(provider: Provider, mailbox: string): Grant | null {
    const filter = { email: mailbox, provider };
    const [grant] = this.#list(filter, 'made', 0).filter((each) => each.grant_status === 'valid');
    return grant ?? null;
  }

  /** Unix seconds, as grants are dated. */
  secondOf(monotonicMs: number): number {
    return this.#nowS() - Math.ceil((this.#clock.monotonic() - monotonicMs) / 1000);
  }

  /** Nylas as one process reaches it. */
  connect(life: Life): NylasApi {
    const line = new Connection(life, this.#habits.timeoutMs);
    const read = (answer: () => Said, onLeft?: OnLeft): Promise<Answer> =>
      this.#leave(line, onLeft, (call) => this.#read(line, call, answer));
    return {
      submit: (body, onLeft) => this.#leave(line, onLeft, (call) => this.#submit(line, call, body)),
      grantsOf: (mailbox, onLeft) => read(() => this.#lookedFor(mailbox), onLeft),
      listGrants: (asked, onLeft) => read(() => said(200, this.#page(asked)), onLeft),
      grantById: (id, onLeft) => read(() => this.#find(id), onLeft),
      application: (onLeft) => read(() => said(200, { application_id: 'app-1' }), onLeft),
      connectors: (onLeft) => read(() => said(200, this.#connectors()), onLeft),
      close: () => {
        line.cut();
      },
    };
  }

  /** A request leaves as soon as its connection takes it, or never, where that takes too long. */
  async #leave(
    line: Connection,
    onLeft: OnLeft | undefined,
    go: (call: Begun) => Promise<Answer>,
  ): Promise<Answer> {
    const call = line.begin();
    const stallMs = (at(this.#weather.stalls, this.#sinceMs())?.toMs ?? 0) - this.#sinceMs();
    if (stallMs > Math.min(CONNECT_MS_MAX, this.#habits.timeoutMs)) {
      return line.hear(call, CONNECT_MS_MAX, () => 'connect');
    }
    if (stallMs > 0 && !(await line.wait(stallMs))) return line.hear(call, 0, () => 'connect');
    onLeft?.();
    return go(call);
  }

  #read(line: Connection, call: Begun, answer: () => Said): Promise<Answer> {
    if (line.life.isOver) return NEVER;
    this.#watcher.called(line.life);
    const refused = this.#turnsAway();
    return this.#go({ line, call, course: this.#roll('read') }, refused === null ? answer : () => refused);
  }

  #submit(line: Connection, call: Begun, body: ConnectBody): Promise<Answer> {
    const { life } = line;
    if (life.isOver) return NEVER;
    this.#watcher.called(life);
    const credential = this.#people.credentialOf(tokenOf(body));
    if (credential === null) throw new Error(`nobody has the credential of ${body.state}`);
    const submission = { body, credential, leftAtMs: life.monotonic(), isPending: true, tookAtMs: null };
    const heard = this.#watcher.submitting(life, submission);
    const refused = this.#turnsAway() ?? this.#providerTurnsAway(body.provider);
    const course = this.#roll('submit');
    submission.isPending = course.actsAfterMs !== null;
    const act = (): Said => {
      submission.isPending = false;
      this.#hanging.delete(submission);
      return refused ?? this.#authenticate(submission);
    };
    return this.#go({ line, call, course }, act, (actNow) => {
      if ((course.actsAfterMs ?? 0) > course.hearsAfterMs) this.#hanging.set(submission, actNow);
    }).finally(heard);
  }

  /** The server acts whether or not whoever asked still lives: once, at its time or sooner. */
  #go(
    { line, call, course }: { readonly line: Connection; readonly call: Begun; readonly course: Course },
    act: () => Said,
    onPending: (actNow: () => void) => void = () => undefined,
  ): Promise<Answer> {
    let answer: Said | null = null;
    const actNow = (): void => {
      answer ??= act();
    };
    if (course.actsAfterMs !== null) {
      this.#clock.after(course.actsAfterMs, actNow);
      onPending(actNow);
    }
    return line.hear(call, course.hearsAfterMs, () => {
      const heard = course.instead ?? answer ?? 'timeout';
      return typeof heard === 'string' ? heard : { ...heard, dateMs: this.#dateMs() };
    });
  }

  /** What a look finds, and what Nylas does right behind its back. */
  #lookedFor(mailbox: { readonly email: string; readonly provider: Provider }): Said {
    const { provider } = mailbox;
    const strays = this.#habits.isVague ? this.#list({ provider }, 'renewed', 0).slice(0, STRAYS_MAX) : [];
    const found = said(200, [...strays, ...this.#list(mailbox, 'made', 0)]);
    for (const [{ credential }, act] of [...this.#hanging]) {
      const isOfIt = credential.mailbox === mailbox.email && credential.provider === mailbox.provider;
      if (isOfIt && this.#dice.chance(0.5)) act();
    }
    return found;
  }

  #authenticate(submission: Submission): Said {
    const { token, provider, mailbox, fate, worksOnce } = submission.credential;
    if (this.#weather.withoutConnector.has(provider)) return refusal(404, 'api.not_found_error');
    if (fate !== 'works' && fate !== 'dead') return REFUSALS[fate];
    if (worksOnce && this.#spent.has(token)) return REFUSALS.revoked;
    if (worksOnce) this.#spent.add(token);
    if (fate === 'works') submission.tookAtMs = this.#clock.monotonic();
    const { grant, created } = this.grants.upsert(
      {
        ...{
          provider,
          mailbox,
          email: mailbox,
          state: submission.body.state,
          scope: ['mail'],
          aliases: [],
          dead: false,
        },
        status: fate === 'works' ? 'valid' : 'invalid',
        credentialId: null,
      },
      this.#nowS(),
    );
    return said(created ? 201 : 200, grant);
  }

  /** What Nylas says before it looks at a request; null: nothing. */
  #turnsAway(): Said | null {
    const { ownLimit, ownRetryAfterS, keyRefused } = this.#weather;
    const nowMs = this.#clock.monotonic();
    if (keyRefused !== null && at([keyRefused], this.#sinceMs()) !== null) {
      return refusal(401, 'api.unauthorized');
    }
    const isOver = ownLimit !== null && this.#second.count(nowMs) >= ownLimit;
    if (!isOver) this.#second.add(nowMs);
    const retryAfter = ownRetryAfterS === null ? null : String(ownRetryAfterS);
    return isOver ? refusal(429, 'api.rate_limit_error', { retryAfter }) : null;
  }

  #providerTurnsAway(provider: Provider): Said | null {
    const throttle = at(
      this.#weather.throttles.filter((each) => each.provider === provider),
      this.#sinceMs(),
    );
    if (throttle === null || !this.#dice.chance(throttle.share)) return null;
    const { retryAfter: form, retryAfterS } = throttle;
    const until = new Date((this.#dateMs() ?? this.#clock.now()) + retryAfterS * 1000).toUTCString();
    const retryAfter = { none: null, seconds: String(retryAfterS), date: until }[form];
    return refusal(429, 'api.rate_limit_error', { provider: { error: 'rate_limited' }, retryAfter });
  }

  #roll(call: Call): Course {
    const { outages, mishaps } = this.#weather;
    const tookMs = this.#latencyMs();
    const outage = at(outages, this.#sinceMs());
    if (outage?.kind === 'no_connection') return { actsAfterMs: null, hearsAfterMs: 5, instead: 'connect' };
    if (outage?.kind === 'unavailable')
      return { actsAfterMs: null, hearsAfterMs: tookMs, instead: page(503) };
    if (outage?.kind === 'silent') return this.#hang();
    const mishap = MISHAPS.find((each) => this.#dice.chance(mishaps[each]));
    return mishap === undefined ? usual(tookMs) : this.#befall(mishap, call, tookMs);
  }

  #befall(mishap: Mishap, call: Call, tookMs: number): Course {
    const actsAfterMs = this.#dice.chance(0.5) ? tookMs : null;
    switch (mishap) {
      case 'hang':
        return this.#hang();
      case 'lost':
        return { actsAfterMs: tookMs / 2, hearsAfterMs: tookMs, instead: 'reset' };
      case 'reset':
        return { actsAfterMs: null, hearsAfterMs: tookMs, instead: 'reset' };
      case 'unreachable':
        return {
          actsAfterMs: null,
          hearsAfterMs: tookMs,
          instead: this.#dice.pick(['dns', 'tls', 'connect']),
        };
      case 'error': {
        const lateMs = actsAfterMs !== null && this.#dice.chance(0.5) ? this.#lateMs() : actsAfterMs;
        return { actsAfterMs: lateMs, hearsAfterMs: tookMs, instead: page(this.#dice.pick([500, 502, 503])) };
      }
      case 'garbled':
        return { actsAfterMs, hearsAfterMs: tookMs, instead: page(this.#dice.pick([200, 403, 408])) };
      case 'provider_silent': {
        const silence = refusal(504, 'api.provider_error', { provider: { error: 'timeout' } });
        return call === 'read' ? usual(tookMs) : { actsAfterMs, hearsAfterMs: tookMs, instead: silence };
      }
    }
  }

  /** Nobody hears of it any more; Nylas may act on it all the same, and late. */
  #hang(): Course {
    const actsAfterMs = this.#dice.chance(0.6) ? this.#lateMs() : null;
    return { actsAfterMs, hearsAfterMs: this.#habits.timeoutMs, instead: 'timeout' };
  }

  /** When Nylas acts on what nobody waits for any more: some of it only after it has been looked for. */
  #lateMs(): number {
    const { timeoutMs, settleDelayMs, actsWithinMs } = this.#habits;
    const lookedForMs = timeoutMs + settleDelayMs;
    const isTooLate = actsWithinMs > lookedForMs && this.#dice.chance(0.5);
    return this.#dice.int(isTooLate ? lookedForMs : 0, actsWithinMs);
  }

  #latencyMs(): number {
    const [fromMs, toMs] = { quick: [20, 200], slow: [1_000, 4_000], mixed: [20, 4_000] }[
      this.#weather.latency
    ] as [number, number];
    return Math.min(this.#dice.int(fromMs, toMs), this.#habits.timeoutMs - 1);
  }

  #connectors(): readonly object[] {
    const all: readonly Provider[] = ['google', 'microsoft', 'zoom', 'yahoo', 'imap'];
    return all.filter((name) => !this.#weather.withoutConnector.has(name)).map((provider) => ({ provider }));
  }

  #find(id: string): Said {
    const stored = this.grants.find(id);
    return stored === undefined ? refusal(404, 'api.not_found_error') : said(200, stored.grant);
  }

  #page({ order, since, offset }: GrantPage): readonly Grant[] {
    return this.#list(since === null ? {} : { since }, order, offset);
  }

  #list(
    filter: { readonly email?: string; readonly provider?: Provider; readonly since?: number },
    order: GrantPage['order'],
    offset: number,
  ): readonly Grant[] {
    const sorting = { made: ['created_at', 'asc'], renewed: ['updated_at', 'desc'] } as const;
    const [sortBy, orderBy] = sorting[order];
    return this.grants.list({ filter, sortBy, orderBy, limit: PAGE_SIZE, offset });
  }

  #sinceMs(): number {
    return this.#clock.monotonic() - this.#weatherFromMs;
  }

  #nowS(): number {
    return Math.floor((this.#clock.monotonic() + this.#aheadMs) / 1000);
  }

  #dateMs(): number | null {
    return this.#habits.tellsDate ? this.#nowS() * 1000 : null;
  }
}

function usual(tookMs: number): Course {
  return { actsAfterMs: tookMs / 2, hearsAfterMs: tookMs, instead: null };
}

function tokenOf({ settings }: ConnectBody): string {
  return String(settings['refresh_token'] ?? settings['imap_password']);
}
