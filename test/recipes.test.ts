import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { testFolder } from './support/cli.js';
import { runHere } from './support/command.js';
import { hasPromtool, parseMetrics, promtool } from './support/prometheus.js';
import { openMetrics } from '../src/adapters/metrics/index.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const SECTION = /^## Unattended\n(.*?)^## /ms.exec(README)?.[1] ?? '';

interface Recipe {
  readonly language: string;
  readonly text: string;
}

const RECIPES: readonly Recipe[] = [...SECTION.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(
  ([, language = '', text = '']) => ({ language, text }),
);

/** The one recipe in a language that holds a text. */
function recipe(language: string, holding: string): string {
  const found = RECIPES.filter((one) => one.language === language && one.text.includes(holding));
  if (found.length !== 1) throw new Error(`${found.length} recipes in ${language} hold ${holding}`);
  return found[0]?.text ?? '';
}

/** The words of a command line as a POSIX shell reads them. */
function wordsOf(commandLine: string): string[] {
  const out = execFileSync('sh', ['-c', `printf '%s\\0' ${commandLine}`], { encoding: 'utf8' });
  return out.split('\0').slice(0, -1);
}

/**
 * Takes a recipe's arguments as they are, but for files that only the recipe's machine has: options that don't exist,
 * or values that aren't understood, end with 2.
 */
async function expectUnderstood(args: readonly string[]): Promise<void> {
  const cwd = testFolder();
  const rows =
    'account_id,provider,email,refresh_token\nacc-1,google,ada@example.com,sim.ok.ada@example.com\n';
  writeFileSync(join(cwd, 'users.csv'), rows, { mode: 0o600 });
  expect(args.slice(0, 2)).toEqual(['run', 'users.csv']);
  const result = await runHere([...args, '--dry-run'], { cwd });
  expect(result.exitCode, result.stderr).toBe(0);
  expect(result.stdout).toContain('1');
}

const SERVICE = (): string => recipe('ini', '[Service]');
const settingsOf = (unit: string): ReadonlyMap<string, string> =>
  new Map(
    unit
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .flatMap((line) => {
        const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
        return name === '' ? [] : [[name, value] as const];
      }),
  );

/** Whether the run's own limits, 30 s to drain and 60 s for --on-finish, end within so long. */
const leavesTime = (seconds: number): boolean => seconds > 90;

it('every recipe of the section is looked at here', () => {
  expect(RECIPES.map(({ language }) => language)).toEqual([
    ...['cron', 'ini', 'ini', 'dockerfile', 'yaml', 'sh', 'yaml'],
  ]);
});

describe('cron', () => {
  it('has a line whose command is understood, run by a user without privileges', async () => {
    const lines = recipe('cron', 'nylas-migrate').trimEnd().split('\n');
    const [, minute, hour, user, command = ''] =
      /^(\d+) (\d+) \* \* \* (\S+) cd \S+ && nylas-migrate (.*)$/.exec(lines.at(-1) ?? '') ?? [];
    expect([minute, hour, user]).toEqual(['0', '22', 'nylas-migrate']);
    expect(command).not.toContain('%');
    await expectUnderstood(wordsOf(command));
  });
});

describe('systemd', () => {
  it('has a service whose command is understood', async () => {
    const [program, ...args] = wordsOf(settingsOf(SERVICE()).get('ExecStart') ?? '');
    expect(program).toBe('/usr/bin/nylas-migrate');
    await expectUnderstood(args);
  });

  it('gives it a user, the key, time to drain, and takes its exit codes as they are meant', () => {
    const settings = settingsOf(SERVICE());
    expect(settings.get('User')).toBe('nylas-migrate');
    expect(settings.get('LoadCredential')).toMatch(/^api-key:\//);
    expect(settings.get('ExecStart')).toContain('--api-key-file %d/api-key');
    expect(settings.get('SuccessExitStatus')).toBe('3 7 143');
    expect(leavesTime(Number(settings.get('TimeoutStopSec')))).toBe(true);
  });

  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

  it.skipIf(!hasSystemd)('finds nothing to say against its units (skipped where there is none)', () => {
    const folder = testFolder();
    // It would miss programs, users and folders that only the recipe's machine has.
    const service = SERVICE()
      .replace('/usr/bin/nylas-migrate', process.execPath)
      .replace(/^User=.*$/m, '');
    writeFileSync(join(folder, 'nylas-migrate.service'), service);
    writeFileSync(join(folder, 'nylas-migrate.timer'), recipe('ini', '[Timer]'));
    const units = ['nylas-migrate.service', 'nylas-migrate.timer'].map((name) => join(folder, name));
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', ...units], {
      encoding: 'utf8',
    });
    expect(verified.stderr.split('\n').filter((line) => line.includes('nylas-migrate'))).toEqual([]);
    expect(verified.status, verified.stderr).toBe(0);
  });
});

interface CronJob {
  readonly kind: string;
  readonly spec: {
    readonly schedule: string;
    readonly timeZone: string;
    readonly concurrencyPolicy: string;
    readonly jobTemplate: { readonly spec: { readonly podFailurePolicy: unknown; readonly template: Pod } };
  };
}

interface Pod {
  readonly spec: {
    readonly restartPolicy: string;
    readonly terminationGracePeriodSeconds: number;
    readonly securityContext: Readonly<Record<string, unknown>>;
    readonly volumes: readonly { readonly name: string }[];
    readonly containers: readonly {
      readonly args: readonly string[];
      readonly securityContext: Readonly<Record<string, unknown>>;
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    }[];
  };
}

describe('Kubernetes', () => {
  const job = (): CronJob => parse(recipe('yaml', 'kind: CronJob')) as CronJob;

  it('has a CronJob whose command is understood', async () => {
    const args = job().spec.jobTemplate.spec.template.spec.containers[0]?.args ?? [];
    await expectUnderstood(args);
  });

  it('runs one at a time, without privileges, with a volume that is there, and time to drain', () => {
    const { concurrencyPolicy, jobTemplate, timeZone } = job().spec;
    expect(concurrencyPolicy).toBe('Forbid');
    expect(() => new Intl.DateTimeFormat('en', { timeZone })).not.toThrow();
    const { spec } = jobTemplate.spec.template;
    expect(spec.restartPolicy).toBe('Never');
    expect(leavesTime(spec.terminationGracePeriodSeconds)).toBe(true);
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true });
    const [container] = spec.containers;
    expect(container?.securityContext).toMatchObject({ readOnlyRootFilesystem: true });
    const volumes = spec.volumes.map(({ name }) => name);
    expect(container?.volumeMounts.map(({ name }) => name)).toEqual(volumes);
    const keyFolder = container?.volumeMounts[1]?.mountPath ?? '?';
    expect(container?.args).toContain(`--api-key-file=${keyFolder}/api-key`);
  });
});

describe('Docker', () => {
  const lines = recipe('dockerfile', 'FROM').replaceAll(/\\\n/g, ' ').trimEnd().split('\n');
  const valueOf = (instruction: string): string =>
    lines.findLast((line) => line.startsWith(`${instruction} `))?.slice(instruction.length + 1) ?? '';

  it('starts the program itself, as nobody special: no shell takes its signals', () => {
    const entry: unknown = JSON.parse(valueOf('ENTRYPOINT'));
    expect(entry).toEqual(['node', '/app/dist/main.js']);
    expect(JSON.parse(valueOf('CMD'))).toEqual(['--help']);
    expect(valueOf('USER')).toBe('node');
    const known = /^(FROM|WORKDIR|COPY|RUN|ENV|USER|ENTRYPOINT|CMD) \S|^$/;
    expect(lines.filter((line) => !known.test(line))).toEqual([]);
  });

  it('copies what is there, all that the program needs, and no whole folder with secrets in it', () => {
    const sources = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1));
    expect(sources.filter((source) => !existsSync(join(ROOT, source)))).toEqual([]);
    const needed = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'src'];
    expect(sources).toEqual(expect.arrayContaining([...needed, 'migrations']));
    expect(sources).not.toContain('.');
  });
});

describe('the command for Slack', () => {
  const hasJq = spawnSync('jq', ['--version']).status === 0;
  const script = recipe('sh', 'curl');

  it('is a script', () => {
    expect(spawnSync('sh', ['-n'], { input: script }).status).toBe(0);
  });

  it.skipIf(!hasJq).each([
    [
      { verdict: 'done', exitCode: 0, balance: { buckets: { migrated: 7 } } },
      'nylas-migrate: done, exit code 0, 7 migrated',
    ],
    [
      { error: { message: 'The key is refused.' }, exitCode: 4 },
      'nylas-migrate: The key is refused., exit code 4, 0 migrated',
    ],
  ])('makes a message of %j (skipped where jq is not installed)', (document, text) => {
    const folder = testFolder();
    writeFileSync(join(folder, 'curl'), '#!/bin/sh\ncat > "$OUT"\n');
    chmodSync(join(folder, 'curl'), 0o755);
    const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, OUT: join(folder, 'out') };
    const ran = spawnSync('sh', ['-c', script], { input: JSON.stringify(document), env });
    expect(ran.status).toBe(0);
    expect(JSON.parse(readFileSync(env.OUT, 'utf8'))).toEqual({ text });
  });
});

describe('the alert rules', () => {
  const text = recipe('yaml', 'alert:');

  it('name only metrics that are written', async () => {
    const file = join(testFolder(), 'folder', 'm.prom');
    mkdirSync(dirname(file));
    await openMetrics({ file, ledgerPath: 'acme.db', version: '1' }).write({
      ...{ nowMs: 1, startedAtMs: 1, endedAtMs: 1, exitCode: 0, runId: 1 },
      ...{ lastGrantAtMs: 1, estimatedEndAtMs: 1, snapshot: null },
      ledger: { counts: [], lastSuccessAtMs: 1, isHeld: false },
    });
    const written = new Set(parseMetrics(readFileSync(file, 'utf8')).map(({ name }) => name));
    const named = SECTION.match(/nylas_migrate_\w+/g) ?? [];
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !written.has(name))).toEqual([]);
  });

  it('are YAML', () => {
    const { groups } = parse(text) as { groups: { rules: { alert: string; expr: string }[] }[] };
    expect(groups[0]?.rules.map(({ alert }) => alert)).toEqual([
      ...['NylasMigrateNeedsSomebody', 'NylasMigrateStandsStill'],
    ]);
  });

  it.skipIf(!hasPromtool)('please promtool (skipped where the package prometheus is not installed)', () => {
    const file = join(testFolder(), 'rules.yml');
    writeFileSync(file, text);
    expect(() => {
      promtool(['check', 'rules', file]);
    }).not.toThrow();
  });
});
