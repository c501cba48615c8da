import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '../../src/adapters/sqlite/ledger.js';
import { migrate, type MigratePorts, type RunResult } from '../../src/migrate.js';
import type { Ledger } from '../../src/ports/ledger.js';
import type { Log } from '../../src/ports/log.js';
import { makeStopSwitch, type StopSwitch } from '../../src/stop.js';
import { FakeClock } from '../support/fake-clock.js';
import { runStart } from '../support/ledger.js';
import { Dice } from './dice.js';
import { inputOf } from './input.js';
import { EMPTY_IMAGE, readImage, type Image } from './ledger-image.js';
import { Life } from './life.js';
import { Nylas, type Submission } from './nylas.js';
import { People } from './people.js';
import { rollSettings, type Cut, type RunPlan, type Settings } from './plans.js';
import { Witness } from './witness.js';

/** How a run came to its end. */
type RunEnd =
  | { readonly kind: 'ended'; readonly result: RunResult }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'crashed' }
  /** It never ends: nothing it waits for can come, or it goes on for days. */
  | { readonly kind: 'stuck'; readonly how: string };

/** Everything there is to know of one run. */
export interface RunStory {
  readonly plan: RunPlan;
  readonly rows: number;
  readonly before: Image;
  readonly after: Image;
  readonly end: RunEnd;
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  readonly callsAtMs: readonly number[];
  readonly submissions: readonly Submission[];
  /** What it logged last. */
  readonly lastWords: readonly string[];
}

const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const DAY_MS = 86_400_000;
const STEPS_MAX = 400_000;
const WORDS_MAX = 15;
const nothing = (): void => undefined;

/** A world of its own for one seed: its people, its Nylas, its time, and a ledger that outlives processes. */
export class World {
  readonly dice: Dice;
  readonly clock: FakeClock;
  readonly people: People;
  readonly settings: Settings;
  readonly witness: Witness;
  readonly nylas: Nylas;
  /** How late the next timer of a process fires. */
  readonly latenessMs: () => number;
  /** From the seed like all else: a changed password can have the fingerprint of the old one, one in 65,536. */
  readonly ledgerIdentity: { readonly ledgerId: string; readonly fingerprintKey: Uint8Array };
  /** Whether somebody has set the clock on the wall: until Nylas tells the time again, what it says is taken wrongly. */
  clockWasSet = false;
  readonly #folder = mkdtempSync(join(FOLDER, 'simulation-'));
  #ledgers = 0;
  #image = EMPTY_IMAGE;

  constructor(seed: number) {
    this.dice = new Dice(seed);
    this.clock = new FakeClock({ seed: this.dice.int(1, 1_000_000) });
    this.latenessMs = latenessOf(this.dice.fork());
    this.people = new People(this.dice.fork());
    this.settings = rollSettings(this.dice.fork(), this.people);
    this.witness = new Witness(this.people);
    this.ledgerIdentity = { ledgerId: `world-${seed}`, fingerprintKey: keyOf(new Dice(seed)) };
    this.nylas = new Nylas(this.clock, this.dice.fork(), this.people, this.settings, this.witness);
  }

  get image(): Image {
    return this.#image;
  }

  /** Runs the migration once, as one process. */
  async run(plan: RunPlan): Promise<RunStory> {
    const process = new Process(this, plan, this.#ledgerPath);
    this.nylas.setWeather(plan.weather);
    this.witness.begin(process.life, plan.options, this.nylas);
    const before = this.#image;
    const beganAtMs = this.clock.monotonic();
    const end = await process.live(() => {
      this.#ledgers += 1;
      copyLedger(process.ledgerPath, this.#ledgerPath);
    });
    this.#image = readImage(this.#ledgerPath);
    return {
      ...{ plan, before, after: this.#image, end, beganAtMs, endedAtMs: this.clock.monotonic() },
      ...{ rows: this.people.rows().length, ...this.witness.sent, lastWords: process.lastWords },
    };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #ledgerPath(): string {
    return join(this.#folder, `ledger-${this.#ledgers}.db`);
  }
}

function keyOf(dice: Dice): Uint8Array {
  return Uint8Array.from({ length: 32 }, () => dice.int(0, 255));
}

/** Timers fire late now and then, as those of a busy machine do. */
function latenessOf(dice: Dice): () => number {
  const chance = dice.pick([0, 0.05, 0.3]);
  return () => (dice.chance(chance) ? dice.int(1, 40) : 0);
}

/** One process that migrates, and what may befall it. */
class Process {
  readonly life: Life;
  readonly ledgerPath: string;
  readonly lastWords: string[] = [];
  readonly #world: World;
  readonly #plan: RunPlan;
  readonly #ledger: Ledger;
  readonly #stop: StopSwitch = makeStopSwitch();
  #end: RunEnd | null = null;

  constructor(world: World, plan: RunPlan, ledgerPath: string) {
    this.#world = world;
    this.#plan = plan;
    this.life = new Life(world.clock, world.latenessMs);
    this.ledgerPath = ledgerPath;
    // Nobody else touches its files here.
    this.#ledger = Object.assign(openLedger(ledgerPath, this.life, world.ledgerIdentity), {
      watch: () => nothing,
    });
  }

  /** Lives to the end of the run, or to its own; `onCrash` keeps what is on the disk then. */
  async live(onCrash: () => void): Promise<RunEnd> {
    const crash = (): void => {
      if (this.#end !== null) return;
      this.#end = { kind: 'crashed' };
      onCrash();
      this.life.end();
    };
    const cancelCut = this.#arm(this.#plan.cut, crash);
    void this.#migrate();
    this.#end = await this.#untilEnd(crash);
    cancelCut();
    this.life.end();
    this.#ledger.close();
    return this.#end;
  }

  #arm(cut: Cut, crash: () => void): () => void {
    const { clock, witness } = this.#world;
    let calls = 0;
    witness.onCall = () => {
      calls += 1;
      if (cut.kind === 'crash' && cut.at === 'call' && calls === cut.number) crash();
    };
    if (cut.kind !== 'stop') return nothing;
    return clock.after(cut.afterMs, () => {
      this.#stop.stop({ kind: 'signal', signal: 'SIGTERM' });
    });
  }

  async #untilEnd(crash: () => void): Promise<RunEnd> {
    const { clock } = this.#world;
    const { cut } = this.#plan;
    const untilMs = clock.monotonic() + DAY_MS;
    await clock.advance(0);
    while (this.#end === null) {
      if (!this.life.isWaiting) return { kind: 'stuck', how: 'it waits for what can never come' };
      if (clock.monotonic() > untilMs) return { kind: 'stuck', how: 'it goes on for more than a day' };
      if (this.life.steps > STEPS_MAX) return { kind: 'stuck', how: 'it is busy without end' };
      await clock.step();
      if (cut.kind === 'crash' && cut.at === 'step' && this.life.steps >= cut.number) crash();
    }
    return this.#end;
  }

  async #migrate(): Promise<void> {
    try {
      const { clock } = this.#world;
      const start = runStart({
        startedAtMs: clock.now(),
        settleDelayMs: this.#plan.options.retry.settleDelayMs,
        intentWaitMaxMs: this.#plan.options.outageMaxMs,
      });
      const owner = { applicationId: 'app-1', host: 'api.us.nylas.com' };
      const result = await migrate(this.#ports(), this.#plan.options, owner, start);
      if (this.life.isOver) return;
      const { runId, balance } = result;
      const end = { endedAtMs: clock.now(), how: 'ended', why: null, input: null, balance };
      this.#ledger.endRun(runId, end);
      this.#end = { kind: 'ended', result };
    } catch (error) {
      this.#end ??= { kind: 'threw', error };
    }
  }

  #ports(): MigratePorts {
    const { people, settings, nylas } = this.#world;
    const { options } = this.#plan;
    return {
      input: inputOf(people.rows(), options.reading, settings, this.life),
      ledger: this.#ledger,
      api: nylas.connect(this.life),
      clock: this.life,
      log: this.#log(),
      progress: { begin: nothing, clear: nothing, end: nothing },
      stop: this.#stop,
      warn: nothing,
      onUnwritten: nothing,
    };
  }

  #log(): Log {
    const keep = (event: string, fields?: object): void => {
      this.lastWords.push(`${Math.round(this.life.monotonic())} ${event} ${JSON.stringify(fields ?? {})}`);
      if (this.lastWords.length > WORDS_MAX) this.lastWords.shift();
    };
    return { debug: keep, info: keep, warn: keep, error: keep };
  }
}

/** What is on the disk at this moment: the ledger and what its log holds. */
function copyLedger(from: string, to: string): void {
  for (const suffix of ['', '-wal']) {
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  }
}
