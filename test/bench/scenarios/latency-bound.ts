import type { Benchmark } from '../bench.js';
import { interleave, ratio } from '../measure.js';
import { atLeast } from '../table.js';
import { bareGot, table } from './unpaced.js';

const LATENCY_MS = [100, 100] as const;
const IN_FLIGHT = 500;

export const latencyBound: Benchmark = {
  name: 'latency-bound',
  summary: 'a server that answers after 100 ms, 500 in flight',
  run: async (bench) => {
    const rows = bench.size(60_000, 4_000);
    const csv = bench.csv(rows);
    const pace = ['--rate', '0', '--concurrency-max', String(IN_FLIGHT)];
    const costs = await interleave(3, {
      'nylas-migrate': async () => {
        const ledger = bench.newLedger();
        return bench.withServer(({ url }) => bench.run(csv, ledger, url, pace), LATENCY_MS);
      },
      'bare got loop': () => bareGot(bench, rows, IN_FLIGHT, LATENCY_MS),
    });
    const speed = ratio(costs['nylas-migrate'], costs['bare got loop'], ({ wallMs }) => rows / wallMs);
    return { ...table(costs, rows), targets: [atLeast('speed to the bare loop', speed, 0.95)] };
  },
};
