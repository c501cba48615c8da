import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOKEN_LENGTH, UNPACED, type Bench, type Benchmark, type Done } from '../bench.js';
import { interleave, measure, median, moduleFile, ratio, type Cost } from '../measure.js';
import { atMost } from '../table.js';
import { writeUsers } from '../users.js';

export const resuming: Benchmark = {
  name: 'resuming',
  summary: 'a file whose rows are all done, and one that begins with a new row',
  run: async (bench) => {
    const rows = bench.size(1_000_000, 30_000);
    const done = await bench.done(rows);
    const csvAlone = moduleFile('rivals/csv-alone.js');
    const costs = await interleave(3, {
      'nylas-migrate': () => bench.withServer(({ url }) => bench.run(done.csv, done.ledger, url, UNPACED)),
      'csv-parse alone': () => measure([csvAlone, done.csv]),
    });
    const { run: firstMs } = await interleave(3, { run: () => firstSubmissionMs(bench, done, rows) });
    const speed = (runs: readonly Cost[]): string =>
      median(runs.map(({ wallMs }) => (rows * 1000) / wallMs)).toFixed(0);
    return {
      columns: ['contender', 'rows/s', 'RSS MB'],
      rows: Object.entries(costs).map(([name, runs]) => [
        name,
        speed(runs),
        median(runs.map(({ rssMaxMb }) => rssMaxMb)).toFixed(0),
      ]),
      targets: [
        atMost(
          'time to csv-parse alone',
          ratio(costs['nylas-migrate'], costs['csv-parse alone'], ({ wallMs }) => wallMs),
          1.4,
        ),
        atMost('from the start to the first submission', median(firstMs), 1000, 0, ' ms'),
      ],
    };
  },
};

/** From the start of the process to its first submission, of a row at the very beginning. */
async function firstSubmissionMs(bench: Bench, done: Done, rows: number): Promise<number> {
  const csv = join(bench.folder, 'one-new.csv');
  const ledger = bench.newLedger();
  copyFileSync(done.ledger, ledger);
  writeUsers(csv, rows, rows + 1, TOKEN_LENGTH);
  const ms = await bench.withServer(async ({ url, stats }) => {
    const startedMs = Date.now();
    await bench.run(csv, ledger, url, UNPACED);
    return (await stats()).firstEpochMs - startedMs;
  });
  bench.removeLedger(ledger);
  return ms;
}
