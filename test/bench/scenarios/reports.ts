import { join } from 'node:path';
import type { Bench, Benchmark } from '../bench.js';
import { interleave, median, type Cost } from '../measure.js';
import { atLeast, atMost } from '../table.js';

const FEW = 1_000;
const SQL = [
  'sql',
  '--dialect',
  'postgres',
  '--table',
  'app.users',
  '--key',
  'account_id',
  '--set',
  'grant_id',
];

export const reports: Benchmark = {
  name: 'reports',
  summary: 'every record as jsonl, csv, json and a page; for Excel, as SQL, as a feed, and every attempt',
  run: async (bench) => {
    const rows = bench.size(1_000_000, 30_000);
    const costs = await interleave(3, {
      jsonl: () => report(bench, rows, ['jsonl']),
      csv: () => report(bench, rows, ['csv']),
      excel: () => report(bench, rows, ['csv', '--excel']),
      json: () => report(bench, rows, ['json']),
      html: () => report(bench, rows, ['html']),
      feed: () => report(bench, rows, ['jsonl', '--after', '0']),
      sql: () => report(bench, rows, SQL),
      attempts: () => report(bench, rows, ['csv', '--attempts']),
      few: () => report(bench, FEW, ['csv']),
    });
    const forms = ['jsonl', 'csv', 'excel', 'json', 'html', 'feed', 'sql', 'attempts'] as const;
    const speed = (runs: readonly Cost[]): number => median(runs.map(({ wallMs }) => (rows * 1000) / wallMs));
    const seconds = (runs: readonly Cost[]): number => median(runs.map(({ wallMs }) => wallMs / 1000));
    const slowest = (): number => Math.max(...forms.map((form) => seconds(costs[form])));
    const rss = (runs: readonly Cost[]): number => median(runs.map(({ rssMaxMb }) => rssMaxMb));
    return {
      columns: ['format', 'seconds', 'rows/s', 'RSS MB'],
      rows: forms.map((format) => [
        format,
        seconds(costs[format]).toFixed(1),
        speed(costs[format]).toFixed(0),
        rss(costs[format]).toFixed(0),
      ]),
      targets: [
        atLeast('jsonl rows a second', speed(costs.jsonl), 100_000, 0),
        atLeast('csv rows a second', speed(costs.csv), 100_000, 0),
        atMost(`slowest form of ${rows} records`, slowest(), 15, 1, ' s'),
        atMost('RSS of any form', Math.max(...forms.map((form) => rss(costs[form]))), 200, 0, ' MB'),
        atMost(`RSS above that of ${FEW} rows`, rss(costs.csv) - rss(costs.few), 30, 0, ' MB'),
      ],
    };
  },
};

async function report(bench: Bench, rows: number, form: readonly string[]): Promise<Cost> {
  const { ledger } = await bench.done(rows);
  const out = join(bench.folder, 'report.out');
  return bench.command(['report', '--ledger', ledger, '--format', ...form, '--out', out, '--quiet']);
}
