import { TOKEN_LENGTH, type Bench, type Benchmark } from '../bench.js';
import { atMost } from '../table.js';

const SMALL = { full: 20_000, quick: 5_000 };
const TOKEN_LENGTHS = [TOKEN_LENGTH, 1_400] as const;
/** What the set of keys that were seen may take. */
const SEEN_BYTES_PER_ROW = 16;
const GROWTH_MAX_MB = 30;

export const memory: Benchmark = {
  name: 'memory',
  summary: 'peak RSS of a small file and of a large one',
  run: async (bench) => {
    const large = bench.size(1_000_000, 20_000);
    const small = bench.size(SMALL.full, SMALL.quick);
    const seenMb = ((large - small) * SEEN_BYTES_PER_ROW) / 1024 / 1024;
    const found = [];
    for (const tokenLength of TOKEN_LENGTHS) {
      const before = await rssMaxMb(bench, small, tokenLength);
      const after = await rssMaxMb(bench, large, tokenLength);
      found.push({ tokenLength, before, after, growth: after - before - seenMb });
    }
    return {
      columns: ['token', `MB at ${small}`, `MB at ${large}`, 'growth, seen keys apart'],
      rows: found.map(({ tokenLength, before, after, growth }) => [
        String(tokenLength),
        ...[before, after, growth].map((figure) => figure.toFixed(0)),
      ]),
      targets: found.map(({ tokenLength, growth }) =>
        atMost(`growth with ${tokenLength}-character tokens`, growth, GROWTH_MAX_MB, 0, ' MB'),
      ),
    };
  },
};

/** The ledger that other benchmarks need is made by the same migration. */
async function rssMaxMb(bench: Bench, rows: number, tokenLength: number): Promise<number> {
  const cost =
    tokenLength === TOKEN_LENGTH ? (await bench.done(rows)).cost : await bench.migrate(rows, tokenLength);
  return cost.rssMaxMb;
}
