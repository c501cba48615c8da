import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a process cost, from outside: its start and end included. */
export interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rssMaxMb: number;
  readonly stdout: string;
}

export interface MeasureOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Other exit codes are a failure of the benchmark. */
  readonly exitCode?: number;
  /** Modules to load before it. */
  readonly preload?: readonly string[];
}

/** The file of a compiled module of the benchmarks. */
export function moduleFile(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Runs `node` with these arguments to its end; a hook in it tells at its exit what it used. */
export async function measure(args: readonly string[], options: MeasureOptions = {}): Promise<Cost> {
  const preloads = ['usage.js', ...(options.preload ?? [])].flatMap((name) => ['--import', moduleFile(name)]);
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...preloads, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const [stdout, stderr, usage, exitCode] = await Promise.all([
    textOf(child.stdio[1]),
    textOf(child.stdio[2]),
    textOf(child.stdio[3]),
    new Promise<number | null>((resolve, reject) => {
      child.on('error', reject).on('exit', resolve);
    }),
  ]);
  const wallMs = performance.now() - startedMs;
  if (exitCode !== (options.exitCode ?? 0)) {
    throw new Error(`node ${args.join(' ')} ended with ${exitCode}:\n${stderr}${stdout}`);
  }
  const { cpuMs, rssMaxMb } = JSON.parse(usage) as Pick<Cost, 'cpuMs' | 'rssMaxMb'>;
  return { wallMs, cpuMs, rssMaxMb, stdout };
}

async function textOf(stream: unknown): Promise<string> {
  let text = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
}

/** How long `node` with these arguments takes, with nothing loaded into it; only for what is over at once. */
export function wallMsOf(args: readonly string[], cwd: string): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, args, { cwd, stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('exit', (exitCode) => {
      if (exitCode === 0) resolve(performance.now() - startedMs);
      else reject(new Error(`node ${args.join(' ')} ended with ${exitCode}`));
    });
  });
}

/**
 * Runs the contenders in turn, so many rounds, each round beginning with another: what else the machine does
 * falls on all of them.
 */
export async function interleave<Name extends string, Result>(
  rounds: number,
  contenders: Readonly<Record<Name, (round: number) => Promise<Result>>>,
): Promise<Readonly<Record<Name, readonly Result[]>>> {
  const names = Object.keys(contenders) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as Result[]])) as Record<Name, Result[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(round + turn) % names.length];
      if (name !== undefined) results[name].push(await contenders[name](round));
    }
  }
  return results;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

/** The median, over the rounds, of how one contender stood to the other in the same round. */
export function ratio<Result>(
  of: readonly Result[],
  to: readonly Result[],
  figure: (result: Result) => number,
): number {
  return median(
    of.flatMap((result, round) => {
      const other = to[round];
      return other === undefined ? [] : [figure(result) / figure(other)];
    }),
  );
}
