import type { Benchmark } from '../bench.js';
import { interleave, median } from '../measure.js';
import { atMost } from '../table.js';

const FULL = [10_000, 100_000, 1_000_000];
const QUICK = [2_000, 8_000];

export const growth: Benchmark = {
  name: 'growth',
  summary: 'time a row in files of different sizes, start-up apart',
  run: async (bench) => {
    const sizes = bench.isQuick ? QUICK : FULL;
    // What a run costs without rows is the same for all: it would make the small ones look slow.
    const contenders = [1, ...sizes].map((rows) => [String(rows), () => bench.migrate(rows)] as const);
    const costs = await interleave(3, Object.fromEntries(contenders));
    const wallMs = (rows: number): number => median((costs[String(rows)] ?? []).map((cost) => cost.wallMs));
    const perRow = sizes.map((rows) => ((wallMs(rows) - wallMs(1)) * 1000) / rows);
    const spread = Math.max(...perRow) / Math.min(...perRow);
    return {
      columns: ['rows', 'µs a row'],
      rows: sizes.map((rows, index) => [String(rows), (perRow[index] ?? NaN).toFixed(0)]),
      targets: [atMost('slowest to fastest', spread, 1.1)],
    };
  },
};
