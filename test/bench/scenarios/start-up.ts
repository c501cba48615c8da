import type { Benchmark } from '../bench.js';
import { MAIN } from '../bench.js';
import { interleave, median, ratio, wallMsOf } from '../measure.js';
import { atMost } from '../table.js';

export const startUp: Benchmark = {
  name: 'start-up',
  summary: 'what a command costs before it does anything',
  run: async (bench) => {
    const { ledger } = await bench.done(100);
    const time = (args: readonly string[]) => () => wallMsOf(args, bench.folder);
    const times = await interleave(bench.size(31, 11), {
      'node -e 0': time(['-e', '0']),
      '--help': time([MAIN, '--help']),
      status: time([MAIN, 'status', '--ledger', ledger]),
    });
    const ofNode = (of: readonly number[]): number => ratio(of, times['node -e 0'], (ms) => ms);
    return {
      columns: ['command', 'ms', '× node -e 0'],
      rows: Object.entries(times).map(([name, ms]) => [name, median(ms).toFixed(0), ofNode(ms).toFixed(2)]),
      targets: [
        atMost('--help to node -e 0', ofNode(times['--help']), 1.4, 2, ' ×'),
        atMost('status to node -e 0', ofNode(times.status), 2.5, 2, ' ×'),
      ],
    };
  },
};
