import { join } from 'node:path';
import type { Bench, Benchmark } from '../bench.js';
import { interleave, median, type Cost } from '../measure.js';
import { atLeast, atMost } from '../table.js';

const FEW = 1_000;

export const reports: Benchmark = {
  name: 'reports',
  summary: 'every record as jsonl and as csv',
  run: async (bench) => {
    const rows = bench.size(1_000_000, 30_000);
    const costs = await interleave(3, {
      jsonl: () => report(bench, rows, 'jsonl'),
      csv: () => report(bench, rows, 'csv'),
      few: () => report(bench, FEW, 'csv'),
    });
    const speed = (runs: readonly Cost[]): number => median(runs.map(({ wallMs }) => (rows * 1000) / wallMs));
    const rss = (runs: readonly Cost[]): number => median(runs.map(({ rssMaxMb }) => rssMaxMb));
    return {
      columns: ['format', 'rows/s', 'RSS MB'],
      rows: (['jsonl', 'csv'] as const).map((format) => [
        format,
        speed(costs[format]).toFixed(0),
        rss(costs[format]).toFixed(0),
      ]),
      targets: [
        atLeast('jsonl rows a second', speed(costs.jsonl), 100_000, 0),
        atLeast('csv rows a second', speed(costs.csv), 100_000, 0),
        atMost(`RSS above that of ${FEW} rows`, rss(costs.csv) - rss(costs.few), 30, 0, ' MB'),
      ],
    };
  },
};

async function report(bench: Bench, rows: number, format: string): Promise<Cost> {
  const { ledger } = await bench.done(rows);
  const out = join(bench.folder, `report.${format}`);
  return bench.command(['report', '--ledger', ledger, '--format', format, '--out', out, '--quiet']);
}
