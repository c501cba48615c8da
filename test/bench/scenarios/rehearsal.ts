import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { MAIN, UNPACED, type Benchmark } from '../bench.js';
import { atLeast, atMost } from '../table.js';
import { writeMixedUsers } from '../users.js';

/** Of the file, how much has been submitted when a run is killed; null: it may end. */
const KILLED_AT = [1 / 3, 2 / 3, null] as const;
const LOOKED_EVERY_MS = 500;
/**
 * Some answers are lost, as in any long night: what became of those users is looked for. Not more than that: at this
 * pace tens of thousands of grants are made in a settle delay, through which a look without a hit pages.
 */
const FAULTS = ['--fault', 'lost=0.0002'];
const TICKS_PER_SECOND = 100;
const BYTES_PER_USER_MAX = 1_200;

interface Leg {
  readonly seconds: number;
  readonly usage: Usage;
  readonly how: string;
}

interface Usage {
  readonly cpuSeconds: number;
  readonly rssMaxMb: number;
}

export const rehearsal: Benchmark = {
  name: 'rehearsal',
  summary: 'a whole migration against the simulator, killed twice and resumed',
  run: async (bench) => {
    const rows = bench.size(1_000_000, 10_000);
    const csv = join(bench.folder, `mixed-${rows}.csv`);
    const refused = writeMixedUsers(csv, rows);
    const ledger = bench.newLedger();
    const simulator = await startSimulator();
    const legs: Leg[] = [];
    for (const share of KILLED_AT) {
      const killAt = share === null ? null : share * rows;
      legs.push(await runLeg({ csv, ledger, url: simulator.url }, killAt));
    }
    const granted = await simulator.stop();
    const states = countStates(ledger);
    const bytesPerUser = statSync(ledger).size / rows;
    bench.removeLedger(ledger);
    const isOther = ([status]: readonly [string, number]): boolean =>
      !['migrated', 'failed'].includes(status);
    const others = [...states].filter(isOther).reduce((sum, [, count]) => sum + count, 0);
    return {
      columns: ['run', 'seconds', 'CPU s', 'RSS MB', 'ended'],
      rows: legs.map(({ seconds, usage, how }, index) => [
        String(index + 1),
        ...[seconds, usage.cpuSeconds, usage.rssMaxMb].map((figure) => figure.toFixed(0)),
        how,
      ]),
      targets: [
        atLeast('users migrated', states.get('migrated') ?? 0, rows - refused, 0),
        atMost('grants that Nylas made', granted, rows - refused, 0),
        atMost('users refused', states.get('failed') ?? 0, refused, 0),
        atMost('users in any other state', others, 0, 0),
        atMost('ledger, bytes a user', bytesPerUser, BYTES_PER_USER_MAX, 0),
      ],
    };
  },
};

interface Place {
  readonly csv: string;
  readonly ledger: string;
  readonly url: string;
}

/** Runs the tool until it ends, or kills it when so many users have been submitted. */
async function runLeg({ csv, ledger, url }: Place, killAt: number | null): Promise<Leg> {
  const where = ['--api-uri', url, '--ledger', ledger, '--quiet', '--progress', 'never'];
  const args = [MAIN, 'run', csv, ...where, '--timeout', '10s', ...UNPACED];
  const env = { PATH: process.env['PATH'], NYLAS_API_KEY: 'sim-api-key' };
  const startedMs = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit') as Promise<[code: number | null]>;
  let usage: Usage = { cpuSeconds: 0, rssMaxMb: 0 };
  while (isRunning(child)) {
    usage = usageOf(child) ?? usage;
    if (killAt !== null && submittedIn(ledger) >= killAt) child.kill('SIGKILL');
    await Promise.race([ended, pause(LOOKED_EVERY_MS)]);
  }
  const [exitCode] = await ended;
  const how = exitCode === null ? 'SIGKILL' : `exit ${exitCode}`;
  return { seconds: (performance.now() - startedMs) / 1000, usage, how };
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** What a process has used so far; null: it is gone. */
function usageOf({ pid }: ChildProcess): Usage | null {
  const folder = `/proc/${pid ?? 0}`;
  try {
    const [, fields = ''] = readFileSync(`${folder}/stat`, 'utf8').split(') ');
    const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number);
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`${folder}/status`, 'utf8')) ?? [];
    if (kilobytes === undefined) return null;
    return { cpuSeconds: (user + system) / TICKS_PER_SECOND, rssMaxMb: Number(kilobytes) / 1024 };
  } catch {
    return null;
  }
}

function submittedIn(ledger: string): number {
  if (!existsSync(ledger)) return 0;
  return read(ledger, (db) => {
    const hasView = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'ledger_attempts'").get();
    if (hasView === undefined) return 0;
    return Number(db.prepare('SELECT max(attempt_id) FROM ledger_attempts').pluck().get());
  });
}

function countStates(ledger: string): ReadonlyMap<string, number> {
  const counts = 'SELECT status, count(*) FROM ledger_records GROUP BY status';
  return new Map(read(ledger, (db) => db.prepare<[], [string, number]>(counts).raw().all()));
}

function read<T>(ledger: string, use: (db: Sqlite.Database) => T): T {
  const db = new Sqlite(ledger, { readonly: true });
  try {
    return use(db);
  } finally {
    db.close();
  }
}

/** The tool's own simulator; `stop` tells how many grants it made. */
async function startSimulator(): Promise<{ readonly url: string; readonly stop: () => Promise<number> }> {
  const args = [MAIN, 'simulate', '--json', '--port', '0', '--rate-limit', '0', ...FAULTS];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const { url } = JSON.parse(said.toString()) as { url: string };
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      const [words] = (await once(child.stderr, 'data')) as [Buffer];
      await once(child, 'close');
      const [, made = 'NaN'] = /([\d,]+) grants? made/.exec(words.toString()) ?? [];
      return Number(made.replaceAll(',', ''));
    },
  };
}
