import { join } from 'node:path';
import { API_KEY, TOKEN_LENGTH, type Bench, type Benchmark } from '../bench.js';
import { interleave, measure, median, moduleFile, ratio, type Cost } from '../measure.js';
import { atLeast, atMost, type Findings } from '../table.js';

const IN_FLIGHT = 50;

export const unpaced: Benchmark = {
  name: 'unpaced',
  summary: 'a server that answers at once, 50 in flight, every intent and outcome committed',
  run: async (bench) => {
    const rows = bench.size(200_000, 6_000);
    const costs = await interleave(3, {
      'nylas-migrate': () => bench.migrate(rows),
      'bare got loop': () => bareGot(bench, rows, IN_FLIGHT),
      'naive script': (round) => naive(bench, rows, round),
    });
    const speed = (cost: Cost): number => rows / cost.wallMs;
    const cpu = (cost: Cost): number => cost.cpuMs;
    return {
      ...table(costs, rows),
      targets: [
        atLeast('speed to the bare loop', ratio(costs['nylas-migrate'], costs['bare got loop'], speed), 0.85),
        atLeast(
          'speed to the naive script',
          ratio(costs['nylas-migrate'], costs['naive script'], speed),
          1.6,
        ),
        atMost('CPU to the bare loop', ratio(costs['nylas-migrate'], costs['bare got loop'], cpu), 1.2),
      ],
    };
  },
};

/** Sends as many requests as there are rows through got alone. */
export function bareGot(
  bench: Bench,
  rows: number,
  inFlight: number,
  latencyMs: readonly [number, number] = [0, 0],
): Promise<Cost> {
  const script = moduleFile('rivals/bare-got.js');
  const args = [rows, inFlight, TOKEN_LENGTH, API_KEY].map(String);
  return bench.withServer(({ url }) => measure([script, url, ...args]), latencyMs);
}

function naive(bench: Bench, rows: number, round: number): Promise<Cost> {
  const script = moduleFile('rivals/naive.js');
  const out = join(bench.folder, `naive-${round}.csv`);
  return bench.withServer(({ url }) =>
    measure([script, url, bench.csv(rows), out, String(IN_FLIGHT), API_KEY]),
  );
}

/** Rows a second, CPU and memory of each contender. */
export function table(
  costs: Readonly<Record<string, readonly Cost[]>>,
  rows: number,
): Pick<Findings, 'columns' | 'rows'> {
  return {
    columns: ['contender', 'rows/s', 'CPU-s per 1,000 rows', 'RSS MB'],
    rows: Object.entries(costs).map(([name, runs]) => [
      name,
      median(runs.map(({ wallMs }) => (rows * 1000) / wallMs)).toFixed(0),
      median(runs.map(({ cpuMs }) => cpuMs / rows)).toFixed(3),
      median(runs.map(({ rssMaxMb }) => rssMaxMb)).toFixed(0),
    ]),
  };
}
