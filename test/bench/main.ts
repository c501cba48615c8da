import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bench, type Benchmark } from './bench.js';
import { atTheLimit } from './scenarios/at-the-limit.js';
import { growth } from './scenarios/growth.js';
import { latencyBound } from './scenarios/latency-bound.js';
import { ledger } from './scenarios/ledger.js';
import { memory } from './scenarios/memory.js';
import { rehearsal } from './scenarios/rehearsal.js';
import { reports } from './scenarios/reports.js';
import { resuming } from './scenarios/resuming.js';
import { startUp } from './scenarios/start-up.js';
import { unpaced } from './scenarios/unpaced.js';
import { render } from './table.js';

/** The quick ones first. */
const BENCHMARKS: readonly Benchmark[] = [
  startUp,
  atTheLimit,
  unpaced,
  latencyBound,
  ledger,
  reports,
  resuming,
  memory,
  growth,
  rehearsal,
];

const USAGE = `Usage: npm run bench -- [--quick] [NAME…]

${BENCHMARKS.map(({ name, summary }) => `  ${name.padEnd(14)}${summary}`).join('\n')}
`;

function chosen(names: readonly string[]): readonly Benchmark[] | null {
  const all = BENCHMARKS.map(({ name }) => name);
  if (names.some((name) => !all.includes(name))) return null;
  return names.length === 0 ? BENCHMARKS : BENCHMARKS.filter(({ name }) => names.includes(name));
}

async function runAll(benchmarks: readonly Benchmark[], isQuick: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nylas-migrate-bench-'));
  const bench = new Bench(folder, isQuick);
  process.stdout.write(`Node ${process.version}, ${cpus().length} cores${isQuick ? ', quick' : ''}\n`);
  try {
    for (const benchmark of benchmarks) {
      process.stdout.write(`\n${benchmark.name}: ${benchmark.summary}\n\n`);
      process.stdout.write(render(await benchmark.run(bench)));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const args = process.argv.slice(2);
const benchmarks = chosen(args.filter((arg) => arg !== '--quick'));
if (benchmarks === null) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  await runAll(benchmarks, args.includes('--quick'));
}
