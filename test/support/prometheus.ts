import { execFileSync, spawnSync } from 'node:child_process';

/** A line of Prometheus' text format: a name, labels, a value. */
const SAMPLE = /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)$/;

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads metrics as Prometheus does; throws where a line is none of its own, or a sample has no HELP and TYPE. */
export function parseMetrics(text: string): readonly Sample[] {
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const samples: Sample[] = [];
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const help = /^# HELP (\S+) \S/.exec(line)?.[1];
    const [, typed = '', type = ''] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (help !== undefined) helped.add(help);
    else if (typed !== '' && !types.has(typed)) types.set(typed, type);
    else samples.push(sampleOf(line));
  }
  for (const { name } of samples) {
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    if (!types.has(family) || !helped.has(family)) throw new Error(`${name} has no HELP or TYPE`);
    if ((types.get(family) === 'counter') !== family.endsWith('_total'))
      throw new Error(`${name} is misnamed`);
  }
  return samples;
}

function sampleOf(line: string): Sample {
  const [whole, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
  if (whole === undefined || Number.isNaN(Number(value.replace('+Inf', 'Infinity')))) {
    throw new Error(`no sample: ${line}`);
  }
  const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)];
  const named = pairs.map(([, key = '', text = '']) => [key, text] as const);
  return {
    name,
    labels: Object.fromEntries(named),
    value: Number(value),
  };
}

/** The value of the one sample with that name and those labels among its own; null: there is none. */
export function valueOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | null {
  const found = samples.filter(
    (sample) =>
      sample.name === `nylas_migrate_${name}` &&
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  if (found.length > 1) throw new Error(`${found.length} samples of ${name}`);
  return found[0]?.value ?? null;
}

/** Whether Prometheus' own tool is here: Debian has it in the package prometheus. */
export const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

/** Throws what promtool finds. */
export function promtool(args: readonly string[], input = ''): void {
  execFileSync('promtool', args, { input, stdio: ['pipe', 'pipe', 'pipe'] });
}
