/** A source of numbers in [0, 1): the same seed gives the same run. Not for secrets. */
export type Random = () => number;

/** A seeded generator (mulberry32). Each `stream` is independent, so that one never shifts another. */
export function seededRandom(seed: number, stream: string): Random {
  let state = hash32(`${seed}:${stream}`);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a, which spreads small seeds well enough to start mulberry32 with. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return hash;
}

/** So many random words of 32 bits, as hex. */
export function randomHex(random: Random, words: number): string {
  const hex = () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return Array.from({ length: words }, hex).join('');
}

/** A version 4 UUID from 32 hex digits. */
export function uuidFromHex(hex: string): string {
  const variant = ((parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
