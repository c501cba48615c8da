import { describe, expect, test } from 'vitest';
import type { Answer } from '../src/core/answer.js';
import type { Grant } from '../src/core/grant.js';
import { GrantIndex, listBeforehand, type ListingWork } from '../src/listing.js';
import { NylasClock } from '../src/nylas-clock.js';
import { fault, grantJson, nylasError, page, reply, someGrant } from './support/answers.js';
import { FakeClock, isDone } from './support/fake-clock.js';
import { userError } from './support/user-error.js';

const NOW_MS = Date.UTC(2026, 2, 1, 12);
const NOW_S = NOW_MS / 1000;
const NOT_FOUND = nylasError(404, 'api.not_found_error');

type Page = Parameters<ListingWork['api']['listGrants']>[0];

interface ServerOptions {
  readonly count?: number;
  readonly pageSize?: number;
  readonly latencyMs?: number;
  /** What Nylas' clock is ahead of ours. */
  readonly aheadMs?: number;
  /** What a call gets instead, by its number from 1. */
  readonly instead?: (call: number) => Answer | undefined;
  readonly ignoresOffset?: boolean;
  /** What earlier runs have seen. */
  readonly kept?: ReadonlyMap<string, number>;
  /** What a grant is answered with that is asked for by its id; nothing: a 404 in Nylas' own words. */
  readonly byId?: (grantId: string) => Answer;
}

/** Nylas with so many grants, a ledger that remembers, and a clock that stands still unless a call takes time. */
class World {
  readonly clock = new FakeClock({ nowMs: NOW_MS });
  readonly nylasClock = new NylasClock(this.clock);
  readonly asked: Page[] = [];
  readonly askedById: string[] = [];
  /** By grant, the listing that brought it last. */
  readonly kept: Map<string, number>;
  readonly grants: Grant[];
  readonly work: ListingWork;
  readonly index: GrantIndex;
  listedUntil: number | null = null;
  renewedUntil: number | null = null;
  stopped = false;
  readonly #options: ServerOptions;
  #answers = 0;

  constructor(options: ServerOptions = {}) {
    this.#options = options;
    this.kept = new Map(options.kept);
    this.grants = Array.from({ length: options.count ?? 0 }, (_, n) => someGrant({ id: `g${n}` }));
    const pause = (delayMs: number): Promise<void> =>
      new Promise((resolve) => this.clock.after(delayMs, resolve));
    this.work = {
      ledger: {
        see: (grants, listingId) => Promise.resolve(this.#see(grants, listingId)),
        listedUntil: () => this.listedUntil,
        setListedUntil: (seconds) => {
          this.listedUntil = seconds;
          return Promise.resolve();
        },
        renewedUntil: () => this.renewedUntil,
        setRenewedUntil: (seconds) => {
          this.renewedUntil = seconds;
          return Promise.resolve();
        },
        lastListing: () => Math.max(0, ...this.kept.values()),
        listingOf: (grantId) => this.kept.get(grantId) ?? null,
        confirm: (grantId, _status, listingId) => {
          this.kept.set(grantId, listingId);
          return Promise.resolve();
        },
        forget: (grantId) => {
          this.kept.delete(grantId);
          return Promise.resolve();
        },
      },
      api: { listGrants: (asked) => this.#answer(asked), grantById: (id) => this.#answerOne(id) },
      clock: this.clock,
      send: async (call) => {
        if (this.stopped) return null;
        this.#answers += 1;
        const answer = await call(() => undefined);
        this.nylasClock.observe(answer);
        return answer;
      },
      pause,
      stopping: () => this.stopped,
      nylasClock: this.nylasClock,
    };
    this.index = new GrantIndex(this.work);
  }

  get answers(): number {
    return this.#answers;
  }

  get offsets(): readonly number[] {
    return this.asked.map(({ offset }) => offset);
  }

  /** A listing that is fresh now. */
  refresh(): ReturnType<GrantIndex['refresh']> {
    return this.index.refresh(this.clock.monotonic());
  }

  async #answer(asked: Page): Promise<Answer> {
    const call = this.asked.push(asked);
    const { latencyMs = 0, aheadMs = 0, pageSize = 200, ignoresOffset = false } = this.#options;
    const sentAtMs = this.clock.now();
    if (latencyMs > 0) await this.work.pause(latencyMs);
    const offset = ignoresOffset ? 0 : asked.offset;
    const data = this.grants.slice(offset, offset + pageSize).map((grant) => grantJson({ id: grant.id }));
    const times = { sentAtMs, latencyMs, serverDateMs: sentAtMs + latencyMs + aheadMs };
    return this.#options.instead?.(call) ?? reply(200, { data, limit: 200, offset }, times);
  }

  #answerOne(grantId: string): Promise<Answer> {
    this.askedById.push(grantId);
    return Promise.resolve(this.#options.byId?.(grantId) ?? NOT_FOUND);
  }

  #see(grants: readonly Grant[], listingId: number): number {
    const brought = grants.filter(({ id }) => this.kept.get(id) !== listingId);
    for (const { id } of brought) this.kept.set(id, listingId);
    return brought.length;
  }
}

describe('a listing', () => {
  test.each([
    ['nothing', 0, 200, [0]],
    ['less than a page', 7, 200, [0, 7]],
    ['a page to the brim', 200, 200, [0, 200]],
    ['several pages', 450, 200, [0, 200, 400, 450]],
    ['pages smaller than were asked for', 25, 10, [0, 10, 20, 25]],
  ])('of %s reads on until a page is empty', async (_what, count, pageSize, offsets) => {
    const world = new World({ count, pageSize });
    expect(await world.refresh()).toBe('whole');
    expect(world.offsets).toEqual(offsets);
    expect(world.kept.size).toBe(count);
    expect(world.answers).toBe(offsets.length);
  });

  test('ends where a server that ignores the offset brings nothing new', async () => {
    const world = new World({ count: 10, ignoresOffset: true });
    expect(await world.refresh()).toBe('whole');
    expect(world.offsets).toEqual([0, 10, 20]);
  });

  test('of ever new grants is given up in the end', async () => {
    const world = new World({ instead: (call) => reply(200, { data: [grantJson({ id: `new-${call}` })] }) });
    expect(await world.refresh()).toBe('failed');
    expect(world.asked.length).toBeLessThanOrEqual(50_000);
    expect(world.listedUntil).toBeNull();
  });

  test('is not mistaken for the one before, although the clock stands still or is set back', async () => {
    const world = new World({ count: 450, latencyMs: 1 });
    for (const nowMs of [NOW_MS, NOW_MS - 3_600_000]) {
      world.asked.length = 0;
      world.clock.setNow(nowMs);
      const listed = world.refresh();
      await world.clock.advance(4);
      expect(await listed).toBe('whole');
      expect(world.offsets).toEqual([0, 200, 400, 450]);
    }
  });

  test('asks for everything first, later only for what is new', async () => {
    const world = new World({ count: 3 });
    await world.refresh();
    await world.clock.advance(60_000);
    await world.refresh();
    await world.clock.advance(60_000);
    await world.refresh();
    expect(world.asked.map(({ since }) => since)).toEqual([
      null,
      null,
      NOW_S - 1,
      NOW_S - 1,
      NOW_S + 59,
      NOW_S + 59,
    ]);
  });

  test.each([
    ['ahead', 3_600_000],
    ['behind', -3_600_000],
  ])(
    "asks by Nylas' clock, which is an hour %s, and from before the last listing began",
    async (_what, aheadMs) => {
      const world = new World({ count: 3, latencyMs: 500, aheadMs });
      const listed = world.refresh();
      await world.clock.advance(1_000);
      await listed;
      // It began at NOW; the Date of an answer 500 ms later says only that Nylas' clock is no further back than this.
      // A clock ahead of ours is not trusted to hide anything from later listings.
      expect(world.listedUntil).toBe(NOW_S + Math.min(0, aheadMs) / 1000 - 1);
    },
  );

  test('goes on from where the ledger says that the last run left off', async () => {
    const world = new World();
    world.listedUntil = 1_700_000_000;
    await world.refresh();
    expect(world.asked).toEqual([{ order: 'made', since: 1_700_000_000, offset: 0 }]);
  });
});

describe('a listing that is fresh enough', () => {
  test('is not repeated', async () => {
    const world = new World({ count: 3 });
    const sinceMs = world.clock.monotonic();
    await world.index.refresh(sinceMs);
    await world.clock.advance(1_000);
    expect(await world.index.refresh(sinceMs)).toBe('whole');
    expect(world.asked).toHaveLength(2);
  });

  test('is shared by all who ask while it goes on', async () => {
    const world = new World({ count: 3, latencyMs: 100 });
    const sinceMs = world.clock.monotonic();
    const all = Array.from({ length: 50 }, () => world.index.refresh(sinceMs));
    await world.clock.advance(1_000);
    expect(new Set(await Promise.all(all))).toEqual(new Set(['whole']));
    expect(world.asked).toHaveLength(2);
  });

  test('is not one that had begun before: those who came later share the next', async () => {
    const world = new World({ count: 3, latencyMs: 100 });
    const early = world.refresh();
    await world.clock.advance(50);
    const late = Array.from({ length: 50 }, () => world.refresh());
    await world.clock.advance(150);
    expect(await isDone(early)).toBe(true);
    expect(await isDone(Promise.race(late))).toBe(false);
    await world.clock.advance(200);
    expect(new Set(await Promise.all(late))).toEqual(new Set(['whole']));
    expect(world.offsets).toEqual([0, 3, 0, 3]);
  });

  test('is asked for again where the early one failed', async () => {
    const world = new World({ latencyMs: 100, instead: (call) => (call === 1 ? reply(400, {}) : undefined) });
    const early = world.refresh();
    await world.clock.advance(50);
    const late = world.refresh();
    await world.clock.advance(200);
    expect(await early).toBe('failed');
    expect(await late).toBe('whole');
  });
});

test('a listing that is closed asks for no further page', async () => {
  const world = new World({ count: 450, latencyMs: 100 });
  const listed = world.refresh();
  await world.clock.advance(150);
  world.index.close();
  await world.clock.advance(1_000);
  expect(await listed).toBe('stopped');
  expect(world.offsets).toEqual([0, 200]);
  expect(world.listedUntil).toBeNull();
});

describe('a grant that an earlier run saw', () => {
  const kept = new Map([
    ['g0', 7],
    ['gone', 7],
    ['hidden', 7],
  ]);
  const grant = (id: string, status = 'valid'): Answer =>
    reply(200, { data: grantJson({ id, grant_status: status }) });

  /** So many ask for their grant at once. */
  const confirmAll = (world: World, count: number): Promise<readonly string[]> =>
    Promise.all(Array.from({ length: count }, () => world.index.confirm('g0')));

  test('is asked for by its id; a 404 of Nylas is the end of it', async () => {
    const world = new World({ count: 3, kept, byId: (id) => (id === 'g0' ? grant(id) : NOT_FOUND) });
    expect(await confirmAll(world, 100)).toEqual(Array.from({ length: 100 }, () => 'known'));
    expect(world.asked).toEqual([]);
    expect(world.kept.get('g0')).toBeGreaterThan(7);
    const other = new World({ count: 3, kept });
    expect(await other.index.confirm('gone')).toBe('known');
    expect(other.askedById).toEqual(['gone']);
    expect(other.kept.has('gone')).toBe(false);
  });

  test('is, where a hundred were asked for, known by one listing of everything, whatever the clock says', async () => {
    const known = new Map([...kept, ['g0', NOW_MS + 3_600_000] as const]);
    const world = new World({ count: 3, kept: known, byId: grant });
    world.listedUntil = NOW_S;
    await confirmAll(world, 103);
    expect(world.asked.map(({ since, offset }) => [since, offset])).toEqual([
      [null, 0],
      [null, 3],
    ]);
    expect(world.askedById).toHaveLength(100);
    expect(world.index.firstListingId).toBeGreaterThan(NOW_MS + 3_600_000);
    expect(await world.index.confirm('hidden')).toBe('known');
    expect(world.askedById.at(-1)).toBe('hidden');
  });

  test('is there still where a page has lost it', async () => {
    const world = new World({ count: 3, kept, byId: grant });
    expect(await world.index.confirm('hidden')).toBe('known');
    expect(world.kept.get('hidden')).toBeGreaterThanOrEqual(world.index.firstListingId);
  });

  test.each<readonly [string, Answer]>([
    ['a page of somebody else', page(404, '<html>')],
    ['a refusal', nylasError(400, 'api.invalid_request_error')],
    ['another grant', grant('other')],
    ['no grant', reply(200, { data: null })],
  ])('is as known as before where the answer is %s', async (_what, answer) => {
    const world = new World({ count: 3, kept, byId: () => answer });
    expect(await world.index.confirm('hidden')).toBe('unknown');
    expect(world.kept.get('hidden')).toBe(7);
  });

  test('is asked for alone where nothing else hangs on it', async () => {
    const world = new World({ kept, byId: (id) => grant(id, 'invalid') });
    expect(await world.index.ask('hidden')).toBe('invalid');
    expect(world.asked).toEqual([]);
    world.stopped = true;
    expect(await world.index.ask('hidden')).toBe('stopped');
  });
});

describe('where Nylas is unwell', () => {
  test.each<readonly [string, Answer]>([
    ['a 503', nylasError(503, 'api.internal_error')],
    ['a 429', nylasError(429, 'nylas_rate_limit_exceeded')],
    ['a lost connection', fault('reset', true)],
  ])('a page is asked for again after %s, and none is left out', async (_what, answer) => {
    const world = new World({
      count: 450,
      instead: (call) => (call === 2 || call === 3 ? answer : undefined),
    });
    const listed = world.refresh();
    await world.clock.advance(10_000);
    expect(await listed).toBe('whole');
    expect(world.offsets).toEqual([0, 200, 200, 200, 400, 450]);
    expect(world.kept.size).toBe(450);
  });

  test("Nylas' word on how long to wait is kept", async () => {
    const throttled = nylasError(429, 'nylas_rate_limit_exceeded', { retryAfter: '30' });
    const world = new World({ instead: (call) => (call === 1 ? throttled : undefined) });
    const listed = world.refresh();
    await world.clock.advance(29_999);
    expect(world.asked).toHaveLength(1);
    await world.clock.advance(1_000);
    expect(await listed).toBe('whole');
  });

  test('it is given up in the end, and what was listed until then is not taken for all', async () => {
    const world = new World({ count: 450, instead: (call) => (call > 1 ? page(503, '<html>') : undefined) });
    const listed = world.refresh();
    await world.clock.advance(120_000);
    expect(await listed).toBe('failed');
    expect(world.listedUntil).toBeNull();
    expect(world.asked).toHaveLength(7);
  });

  test.each<readonly [string, Answer, string]>([
    ['a page that is no list', page(200, '<html>'), 'failed'],
    ['a refusal', nylasError(400, 'api.invalid_request_error'), 'failed'],
    ['a refused key', nylasError(401, 'api.authentication_error'), 'refused'],
    ['a call that nobody there knows', nylasError(404, 'api.not_found_error'), 'absent'],
    ['a page that says so', page(404, '<html>'), 'absent'],
  ])('%s is not asked for again', async (_what, answer, listed) => {
    const world = new World({ count: 3, instead: () => answer });
    expect(await world.refresh()).toBe(listed);
    expect(world.asked).toHaveLength(1);
    expect(world.listedUntil).toBeNull();
  });
});

describe('when the run stops', () => {
  test('nothing more is asked for', async () => {
    const world = new World({ count: 450, latencyMs: 100 });
    const listed = world.refresh();
    await world.clock.advance(50);
    world.stopped = true;
    await world.clock.advance(100);
    expect(await listed).toBe('stopped');
    expect(world.asked).toHaveLength(1);
    expect(world.listedUntil).toBeNull();
  });

  test('neither is a page again', async () => {
    const world = new World({ instead: () => page(503, '') });
    const listed = world.refresh();
    world.stopped = true;
    await world.clock.advance(1_000);
    expect(await listed).toBe('stopped');
    expect(world.asked).toHaveLength(1);
  });
});

describe('before the first submission', () => {
  const beforehand = (options: ServerOptions): Promise<string | null> => {
    const world = new World(options);
    return listBeforehand(world.index, world.clock.monotonic());
  };

  test('a whole listing is all there is to it', async () => {
    expect(await beforehand({ count: 3 })).toBeNull();
  });

  test('what was renewed is not taken for known because what was made since is', async () => {
    const world = new World({ count: 3 });
    await listBeforehand(world.index, world.clock.monotonic());
    expect([world.listedUntil, world.renewedUntil]).toEqual([NOW_S - 1, NOW_S - 1]);
    await world.clock.advance(60_000);
    await world.refresh();
    expect([world.listedUntil, world.renewedUntil]).toEqual([NOW_S + 59, NOW_S - 1]);
    await world.clock.advance(60_000);
    await world.index.refreshWhole(world.clock.monotonic());
    expect([world.listedUntil, world.renewedUntil]).toEqual([NOW_S + 119, NOW_S + 119]);
  });

  test('all is looked through where it isn’t known until when renewals are', async () => {
    const world = new World({ count: 450 });
    world.listedUntil = NOW_S + 1_000_000;
    await listBeforehand(world.index, world.clock.monotonic());
    expect(world.asked.filter(({ order }) => order === 'renewed')).toHaveLength(4);
  });

  test('a page that repeats the one before, since much was made meanwhile, is not the end of what was renewed', async () => {
    // What was made takes six pages; this is the second of what was renewed.
    const repeated = (call: number): Answer | undefined =>
      call === 8
        ? reply(200, { data: world.grants.slice(0, 200).map(({ id }) => grantJson({ id })) })
        : undefined;
    const world: World = new World({ count: 900, instead: repeated });
    world.listedUntil = NOW_S;
    world.renewedUntil = 0;
    await world.index.refreshWhole(world.clock.monotonic());
    const renewed = world.asked.filter(({ order }) => order === 'renewed').map(({ offset }) => offset);
    expect(renewed).toEqual([0, 200, 400, 600, 800, 900]);
  });

  test('a later run also reads what was renewed, until a page holds nothing newer', async () => {
    const world = new World({ count: 450 });
    world.listedUntil = NOW_S - 1_000_000;
    world.renewedUntil = NOW_S - 1_000_000;
    expect(await listBeforehand(world.index, world.clock.monotonic())).toBeNull();
    expect(world.asked.map(({ order, offset }) => [order, offset])).toEqual([
      ...[0, 200, 400, 450].map((offset) => ['made', offset]),
      ...[0, 200, 400, 450].map((offset) => ['renewed', offset]),
    ]);
    world.asked.length = 0;
    world.renewedUntil = NOW_S + 1_000_000;
    await world.clock.advance(1);
    expect(await listBeforehand(world.index, world.clock.monotonic())).toBeNull();
    expect(world.asked.filter(({ order }) => order === 'renewed')).toHaveLength(1);
  });

  test('a refused key ends it', async () => {
    const refused = nylasError(401, 'api.authentication_error');
    await expect(beforehand({ instead: () => refused })).rejects.toEqual(userError('refused', 'API key'));
  });

  test('a run that can list nothing goes on with a warning', async () => {
    expect(await beforehand({ instead: () => page(404, '') })).toMatch(/would not be spared/);
  });

  test('a run that got no answer does not begin', async () => {
    await expect(beforehand({ instead: () => page(400, '') })).rejects.toEqual(
      userError('unfinished', 'could not be listed'),
    );
  });
});
