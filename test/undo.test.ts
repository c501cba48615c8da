import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Caller } from '../src/caller.js';
import type { Answer } from '../src/core/answer.js';
import type { UndoTarget } from '../src/core/undo.js';
import type { JobPorts } from '../src/job.js';
import { startPacer } from '../src/pacer.js';
import type { Ledger } from '../src/ports/ledger.js';
import type { JobApi } from '../src/ports/nylas.js';
import { makeStopSwitch } from '../src/stop.js';
import { undoGrants, type UndoResult } from '../src/undo.js';
import { fault, granted, grantJson, nylasError, reply, SENT_AT_MS } from './support/answers.js';
import { FakeClock } from './support/fake-clock.js';

const TARGET: UndoTarget = {
  grantId: 'grant-1',
  recordIds: [1],
  maker: {
    recordId: 1,
    key: 'account-1',
    provider: 'google',
    runId: 1,
    status: 'migrated',
    origin: 'created',
    mailbox: 'ada@example.com',
    grantEmail: 'ada@example.com',
    grantStatus: 'valid',
    grantUpdatedAt: SENT_AT_MS / 1000,
    isChosen: false,
    isDiscarded: false,
    submissions: [{ opensAt: SENT_AT_MS / 1000 - 1, lastedMs: 100 }],
    lastUndo: null,
  },
};

const nothing = (): void => undefined;

/** An undo of one grant, and all that happens to it in its order. Answers are given in turn. */
class World {
  readonly clock = new FakeClock();
  readonly stop = makeStopSwitch();
  readonly pacer = startPacer(0, this.clock);
  readonly happened: string[] = [];
  readonly #answers: (() => Answer)[];

  constructor(...answers: readonly (() => Answer)[]) {
    this.#answers = [...answers];
  }

  run(): Promise<UndoResult> {
    const work = { grants: 1, batches: Readable.from([[TARGET]]) };
    return undoGrants(this.#ports(), work, { ratePerSecond: 0, concurrencyMax: 1 });
  }

  #answer(call: string): Promise<Answer> {
    this.happened.push(call);
    const next = this.#answers.shift();
    if (next === undefined) throw new Error(`nobody expected ${call}`);
    return Promise.resolve(next());
  }

  #ports(): JobPorts {
    const { clock, stop, pacer, happened } = this;
    const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
    const api = {
      grantById: () => this.#answer('read'),
      deleteGrant: () => this.#answer('delete'),
      application: () => this.#answer('application'),
    } as Partial<JobApi> as JobApi;
    const ledger = {
      attempt: () => {
        happened.push('intent committed');
        return Promise.resolve(7);
      },
      concludeUndo: (id, { result }, undone) => {
        happened.push(`${id} ended ${result}${undone === null ? '' : `, undone ${undone.recordIds.join()}`}`);
        return Promise.resolve();
      },
    } as Partial<Ledger> as Ledger;
    const progress = { begin: nothing, clear: nothing, end: nothing };
    const caller = new Caller({ api, clock, log, pacer, stop, warn: nothing }, 0);
    const openReader = (): never => {
      throw new Error('nobody reads');
    };
    const more = { runId: 3, apiKey: 'key-of-the-test', openReader, warn: nothing };
    return { api, clock, log, ledger, progress, caller, stop, ...more };
  }
}

const ours = (): Answer => granted(grantJson());
const deleted = (): Answer => reply(200, { request_id: 'r' });
const lost = (): Answer => fault('timeout', true);

describe('one grant', () => {
  it('is asked for and deleted after its intent was committed, and what came of it is written down', async () => {
    const world = new World(ours, deleted);
    const { counts, verdict } = await world.run();
    expect(world.happened).toEqual(['intent committed', 'read', 'delete', '7 ended deleted, undone 1']);
    expect(verdict).toBe('done');
    expect(counts).toMatchObject({ grants: 1, deleted: 1, undoneRecords: 1, notReached: 0 });
  });

  it('is asked for again where its turn to be deleted came late', async () => {
    const world = new World(
      () => {
        world.pacer.suspend();
        return ours();
      },
      ours,
      deleted,
    );
    const end = world.run();
    await world.clock.advance(60_000);
    world.pacer.resume();
    await world.clock.advance(1_000);
    await end;
    expect(world.happened.slice(1, -1)).toEqual(['read', 'read', 'delete']);
  });

  it('counts as deleted where a look after a lost answer finds it gone', async () => {
    const world = new World(ours, lost, () => nylasError(404, 'api.not_found_error'));
    const end = world.run();
    await world.clock.advance(60_000);
    expect((await end).counts).toMatchObject({ deleted: 1, gone: 0 });
    expect(world.happened.slice(1, -1)).toEqual(['read', 'delete', 'read']);
  });

  it('is without an answer where the undo is stopped after its deletion got lost', async () => {
    const world = new World(ours, () => {
      world.stop.stop({ kind: 'signal', signal: 'SIGINT' });
      world.pacer.stop();
      return lost();
    });
    const { counts, verdict } = await world.run();
    expect(world.happened.at(-1)).toBe('7 ended no_answer');
    expect(counts).toMatchObject({ unanswered: 1, notReached: 0 });
    expect(verdict).toBe('signal');
  });

  it('is not reached where the undo is stopped before anything was asked to be deleted', async () => {
    const world = new World(() => {
      world.stop.stop({ kind: 'signal', signal: 'SIGTERM' });
      world.pacer.stop();
      return ours();
    });
    const { counts } = await world.run();
    expect(world.happened.at(-1)).toBe('7 ended not_sent');
    expect(counts).toMatchObject({ unanswered: 0, notReached: 1 });
  });

  it('is given up after six looks in vain, without a deletion sent twice in a row', async () => {
    const rounds = Array.from({ length: 6 }, () => [ours, lost]).flat();
    const world = new World(...rounds);
    const end = world.run();
    await world.clock.advance(600_000);
    expect((await end).verdict).toBe('work_remains');
    expect(world.happened.slice(1, -1).join(' ')).toBe('read delete '.repeat(6).trim());
  });
});
