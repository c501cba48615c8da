import { type Bench, type Benchmark } from '../bench.js';
import { interleave, measure, median, moduleFile, ratio, type Cost } from '../measure.js';
import { atLeast, atMost } from '../table.js';

export const ledger: Benchmark = {
  name: 'ledger',
  summary: 'grouped commits at FULL against NORMAL, and status of a large ledger',
  run: async (bench) => {
    const records = bench.size(100_000, 10_000);
    const rows = bench.size(1_000_000, 30_000);
    const { ledger: large } = await bench.done(rows);
    const costs = await interleave(3, {
      FULL: () => write(bench, records, []),
      NORMAL: () => write(bench, records, ['rivals/normal.js']),
      status: () => bench.command(['status', '--ledger', large]),
    });
    const speed = (cost: Cost): number => records / Number(cost.stdout);
    return {
      columns: ['synchronous', 'records/s', 'CPU-s per 1,000 records'],
      rows: (['FULL', 'NORMAL'] as const).map((name) => [
        name,
        (median(costs[name].map(speed)) * 1000).toFixed(0),
        median(costs[name].map(({ cpuMs }) => cpuMs / records)).toFixed(3),
      ]),
      targets: [
        atLeast('FULL to NORMAL', ratio(costs.FULL, costs.NORMAL, speed), 0.85),
        atMost(`status of ${rows} records`, median(costs.status.map(({ wallMs }) => wallMs)), 1000, 0, ' ms'),
      ],
    };
  },
};

async function write(bench: Bench, records: number, preload: readonly string[]): Promise<Cost> {
  const path = bench.newLedger();
  const cost = await measure([moduleFile('rivals/ledger-alone.js'), path, String(records)], { preload });
  bench.removeLedger(path);
  return cost;
}
