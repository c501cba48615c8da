/** Slots to begin with: a power of two, as every later capacity. */
const CAPACITY_MIN = 1024;
/** Above this share of used slots the table doubles: probes stay short and a key costs 16 to 32 bytes. */
const LOAD_MAX = 0.75;
const LINE_MAX = 0xffff_ffff;

/**
 * Remembers on which line each key was first seen, a million keys in a few dozen megabytes: the table
 * holds 64 bits of hash instead of the key. Two of a million keys share them once in 37 million files.
 */
export class SeenKeys {
  #high = new Uint32Array(CAPACITY_MIN);
  #low = new Uint32Array(CAPACITY_MIN);
  /** 0 marks a free slot: lines count from 1. */
  #lines = new Uint32Array(CAPACITY_MIN);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The line that `key` was first seen on, or null. */
  firstLine(key: string): number | null {
    const line = this.#lines[this.#slotOf(hash(key, SEED_HIGH), hash(key, SEED_LOW))] ?? 0;
    return line === 0 ? null : line;
  }

  /** Records the line of `key`, unless one is recorded already. */
  add(key: string, line: number): void {
    this.note(key, line);
  }

  /** The line that `key` was first seen on; null where this is the first, which is then recorded. */
  note(key: string, line: number): number | null {
    if (line < 1 || line > LINE_MAX) throw new RangeError('a line counts from 1');
    const high = hash(key, SEED_HIGH);
    const low = hash(key, SEED_LOW);
    const slot = this.#slotOf(high, low);
    const earlier = this.#lines[slot] ?? 0;
    if (earlier !== 0) return earlier;
    this.#put(slot, high, low, line);
    if (this.#size > this.#lines.length * LOAD_MAX) this.#grow();
    return null;
  }

  #put(slot: number, high: number, low: number, line: number): void {
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#lines[slot] = line;
    this.#size += 1;
  }

  /** The slot that holds the hash, or the free one where it belongs: linear probing. */
  #slotOf(high: number, low: number): number {
    const mask = this.#lines.length - 1;
    let slot = low & mask;
    while (this.#lines[slot] !== 0 && (this.#high[slot] !== high || this.#low[slot] !== low)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const [highs, lows, lines] = [this.#high, this.#low, this.#lines];
    const capacity = lines.length * 2;
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
    this.#lines = new Uint32Array(capacity);
    this.#size = 0;
    lines.forEach((line, index) => {
      const high = highs[index] ?? 0;
      const low = lows[index] ?? 0;
      if (line !== 0) this.#put(this.#slotOf(high, low), high, low, line);
    });
  }
}

const SEED_HIGH = 0x9747_b28c;
const SEED_LOW = 0x3c6e_f372;

/** 32 bits over the UTF-16 code units, in the manner of MurmurHash3. */
function hash(text: string, seed: number): number {
  let h = seed;
  for (let index = 0; index < text.length; index++) {
    let k = Math.imul(text.charCodeAt(index), 0xcc9e_2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b87_3593);
    h ^= k;
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe654_6b64) | 0;
  }
  h ^= text.length;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
