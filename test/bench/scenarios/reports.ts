import { join } from 'node:path';
import type { Bench, Benchmark } from '../bench.js';
import { interleave, median, type Cost } from '../measure.js';
import { atLeast, atMost } from '../table.js';

const FEW = 1_000;
const FORMATS = ['jsonl', 'csv', 'json', 'html'] as const;

export const reports: Benchmark = {
  name: 'reports',
  summary: 'every record as jsonl, csv and json, and a page of them',
  run: async (bench) => {
    const rows = bench.size(1_000_000, 30_000);
    const costs = await interleave(3, {
      jsonl: () => report(bench, rows, 'jsonl'),
      csv: () => report(bench, rows, 'csv'),
      json: () => report(bench, rows, 'json'),
      html: () => report(bench, rows, 'html'),
      few: () => report(bench, FEW, 'csv'),
    });
    const speed = (runs: readonly Cost[]): number => median(runs.map(({ wallMs }) => (rows * 1000) / wallMs));
    const seconds = (runs: readonly Cost[]): number => median(runs.map(({ wallMs }) => wallMs / 1000));
    const rss = (runs: readonly Cost[]): number => median(runs.map(({ rssMaxMb }) => rssMaxMb));
    return {
      columns: ['format', 'seconds', 'rows/s', 'RSS MB'],
      rows: FORMATS.map((format) => [
        format,
        seconds(costs[format]).toFixed(1),
        speed(costs[format]).toFixed(0),
        rss(costs[format]).toFixed(0),
      ]),
      targets: [
        atLeast('jsonl rows a second', speed(costs.jsonl), 100_000, 0),
        atLeast('csv rows a second', speed(costs.csv), 100_000, 0),
        ...FORMATS.flatMap((format) => [
          atMost(`${format}: seconds`, seconds(costs[format]), 15, 1, ' s'),
          atMost(`${format}: RSS`, rss(costs[format]), 200, 0, ' MB'),
        ]),
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
