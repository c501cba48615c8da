import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { MUTANTS, type Mutant } from './mutants.js';
import { mutated } from './mutated.js';

/**
 * Builds each mutant beside the simulation that was built, plays worlds with it until one notices, and says which,
 * and by what. Fails where a mutant survives. `--seeds N` plays so many worlds at most, `--only TEXT` takes only the
 * mutants whose names hold that.
 */
const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '4000' }, only: { type: 'string', default: '' } },
});
const SEEDS = Number(values.seeds);
const CHOSEN = MUTANTS.filter(({ name }) => name.includes(values.only));
const ROOT = new URL('../../../../', import.meta.url);
const BUILT = fileURLToPath(new URL('dist/simulation/', ROOT));
const MUTANT = fileURLToPath(new URL('dist/mutant/', ROOT));

interface Caught {
  readonly seed: string;
  readonly by: string;
}

function build(mutant: Mutant): void {
  cpSync(BUILT, MUTANT, { recursive: true });
  const source = readFileSync(new URL(`src/${mutant.file}`, ROOT), 'utf8');
  const { outputText } = ts.transpileModule(mutated(source, mutant), {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
  });
  writeFileSync(`${MUTANT}src/${mutant.file.replace(/ts$/, 'js')}`, outputText);
}

/** Null: it survived. */
function hunt(): Caught | null {
  const main = `${MUTANT}test/simulation/simulate-faults.js`;
  const args = ['--seeds', String(SEEDS), '--jobs', String(availableParallelism())];
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  if (status === 0) return null;
  const found = /^seed (\d+): (.*)$/m.exec(stdout);
  if (status !== 1 || found === null) throw new Error(`the mutant could not be played:\n${stderr}${stdout}`);
  return { seed: found[1] ?? '', by: found[2] ?? '' };
}

let survivors = 0;
for (const mutant of CHOSEN) {
  build(mutant);
  const caught = hunt();
  if (caught === null) survivors += 1;
  const what = caught === null ? `SURVIVED ${SEEDS} seeds` : `seed ${caught.seed}: ${caught.by}`;
  process.stdout.write(`${mutant.name}\n    ${what}\n`);
  rmSync(MUTANT, { recursive: true, force: true });
}
process.stdout.write(`${CHOSEN.length - survivors} of ${CHOSEN.length} mutants caught\n`);
process.exitCode = survivors === 0 ? 0 : 1;
