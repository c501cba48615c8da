import { expect, test } from 'vitest';
import { keepListed } from '../src/keep-listed.js';
import type { Listed } from '../src/listing.js';
import { FakeClock, isDone } from './support/fake-clock.js';

const TWO_MINUTES_MS = 120_000;

/** Listings that take `tookMs`, and when each began. */
class Listings {
  readonly clock = new FakeClock({ monotonicMs: 0 });
  readonly begunAtMs: number[] = [];
  isClosed = false;
  readonly #listed: Listed | Error;
  readonly #tookMs: number;

  constructor(listed: Listed | Error = 'whole', tookMs = 0) {
    this.#listed = listed;
    this.#tookMs = tookMs;
  }

  async refreshWhole(sinceMs: number): Promise<Listed> {
    this.begunAtMs.push(sinceMs);
    if (this.#tookMs > 0) await new Promise<void>((resolve) => this.clock.after(this.#tookMs, resolve));
    if (this.#listed instanceof Error) throw this.#listed;
    return this.#listed;
  }

  close(): void {
    this.isClosed = true;
  }
}

test('lists again two minutes after each listing, however long that took', async () => {
  const listings = new Listings('whole', 30_000);
  keepListed(listings, listings.clock);
  await listings.clock.advance(400_000);
  expect(listings.begunAtMs).toEqual([120_000, 270_000]);
});

test.each(['failed', 'refused', 'stopped'] as const)('tries again after one that was %s', async (listed) => {
  const listings = new Listings(listed);
  keepListed(listings, listings.clock);
  await listings.clock.advance(2 * TWO_MINUTES_MS);
  expect(listings.begunAtMs).toHaveLength(2);
});

test('lists no more where nothing can be listed', async () => {
  const listings = new Listings('absent');
  keepListed(listings, listings.clock);
  await listings.clock.advance(5 * TWO_MINUTES_MS);
  expect(listings.begunAtMs).toHaveLength(1);
});

test('ends with the listing that goes on, which asks for no further page, and begins no other', async () => {
  const listings = new Listings('whole', 10_000);
  const kept = keepListed(listings, listings.clock);
  await listings.clock.advance(TWO_MINUTES_MS + 1_000);
  const end = kept.end();
  expect(listings.isClosed).toBe(true);
  expect(await isDone(end)).toBe(false);
  await listings.clock.advance(9_000);
  await end;
  await listings.clock.advance(5 * TWO_MINUTES_MS);
  expect(listings.begunAtMs).toHaveLength(1);
});

test('ends at once before the first listing', async () => {
  const listings = new Listings();
  await keepListed(listings, listings.clock).end();
  await listings.clock.advance(5 * TWO_MINUTES_MS);
  expect(listings.begunAtMs).toEqual([]);
});

test('what a listing failed of is told at the end', async () => {
  const listings = new Listings(new Error('the disk is full'));
  const kept = keepListed(listings, listings.clock);
  await listings.clock.advance(5 * TWO_MINUTES_MS);
  expect(listings.begunAtMs).toHaveLength(1);
  await expect(kept.end()).rejects.toThrow('the disk is full');
});
