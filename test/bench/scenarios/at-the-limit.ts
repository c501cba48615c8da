import { API_KEY, TOKEN_LENGTH, type Bench, type Benchmark, type ServerStats } from '../bench.js';
import { interleave, measure, median, moduleFile, type Cost } from '../measure.js';
import { atLeast, atMost } from '../table.js';

const LIMIT = 50;
const LATENCY_MS = [500, 3_000] as const;

type Run = Cost & ServerStats;

export const atTheLimit: Benchmark = {
  name: 'at-the-limit',
  summary: 'a server that allows 50 in any second and takes 0.5 to 3 s, --rate 50',
  run: async (bench) => {
    const rows = LIMIT * bench.size(60, 15);
    const { run: runs, bare } = await interleave(3, {
      run: () => runOnce(bench, rows),
      bare: () => bareGot(bench, rows),
    });
    const of = (figure: (run: Run) => number): number => median(runs.map(figure));
    const share = ({ refused, submitted }: Run): number => (refused * 1000) / submitted;
    const cpu = ({ cpuMs, wallMs }: Run): number => (cpuMs * 100) / wallMs;
    return {
      columns: ['contender', 'requests/s', '429s', '% of a core', 'RSS MB'],
      rows: [...runs, ...bare].map((run, index) => [
        index < runs.length ? 'nylas-migrate' : 'bare got, paced',
        rateOf(run).toFixed(2),
        String(run.refused),
        cpu(run).toFixed(1),
        run.rssMaxMb.toFixed(0),
      ]),
      targets: [
        atLeast('submissions a second, as the server saw them', of(rateOf), 49),
        atMost('429s in 1,000', of(share), 1),
        atMost('share of a core, start and end included', of(cpu), 5, 1, ' %'),
        atMost(
          'RSS',
          of(({ rssMaxMb }) => rssMaxMb),
          130,
          0,
          ' MB',
        ),
      ],
    };
  },
};

/** From the first submission to the last. */
function rateOf({ submitted, firstAt, lastAt }: ServerStats): number {
  return ((submitted - 1) * 1000) / (lastAt - firstAt);
}

/** Sends as many requests at that rate, evenly, through got alone. */
function bareGot(bench: Bench, rows: number): Promise<Run> {
  const args = [rows, LIMIT, TOKEN_LENGTH, API_KEY].map(String);
  return bench.withServer(
    async ({ url, stats }) => ({
      ...(await measure([moduleFile('rivals/bare-got-paced.js'), url, ...args])),
      ...(await stats()),
    }),
    LATENCY_MS,
    LIMIT,
  );
}

function runOnce(bench: Bench, rows: number): Promise<Run> {
  const csv = bench.csv(rows);
  return bench.withServer(
    async ({ url, stats }) => {
      const cost = await bench.run(csv, bench.newLedger(), url, ['--rate', String(LIMIT)]);
      return { ...cost, ...(await stats()) };
    },
    LATENCY_MS,
    LIMIT,
  );
}
