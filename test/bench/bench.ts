import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measure, moduleFile, type Cost, type MeasureOptions } from './measure.js';
import type { Findings } from './table.js';
import { writeUsers } from './users.js';

/** One file in scenarios/ each. */
export interface Benchmark {
  readonly name: string;
  readonly summary: string;
  readonly run: (bench: Bench) => Promise<Findings>;
}

export const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
export const API_KEY = 'bench-api-key';
export const TOKEN_LENGTH = 120;

export interface ServerStats {
  readonly submitted: number;
  readonly refused: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly firstEpochMs: number;
}

export interface Server {
  readonly url: string;
  readonly stats: () => Promise<ServerStats>;
}

/** A ledger in which every row of a file is migrated. */
export interface Done {
  readonly csv: string;
  readonly ledger: string;
  readonly cost: Cost;
}

/** What every benchmark needs: a folder, made-up users, servers, and the tool as it was built. */
export class Bench {
  readonly folder: string;
  readonly isQuick: boolean;
  readonly #files = new Map<string, string>();
  readonly #done = new Map<number, Promise<Done>>();
  #ledgers = 0;

  constructor(folder: string, isQuick: boolean) {
    this.folder = folder;
    this.isQuick = isQuick;
  }

  /** So many, or so many where the answer is wanted quickly. */
  size(full: number, quick: number): number {
    return this.isQuick ? quick : full;
  }

  /** A CSV of that many users. */
  csv(rows: number, tokenLength = TOKEN_LENGTH): string {
    const file = join(this.folder, `users-${rows}-${tokenLength}.csv`);
    if (!this.#files.has(file)) writeUsers(file, 0, rows, tokenLength);
    this.#files.set(file, file);
    return file;
  }

  newLedger(): string {
    this.#ledgers += 1;
    return join(this.folder, `ledger-${this.#ledgers}.db`);
  }

  removeLedger(ledger: string): void {
    for (const end of ['', '-wal', '-shm', '.lock', '.bak']) rmSync(`${ledger}${end}`, { force: true });
  }

  /** Lends a server that answers after `latencyMs`, and with `limit` refuses more than that a second. */
  async withServer<T>(
    use: (server: Server) => Promise<T>,
    latencyMs: readonly [min: number, max: number] = [0, 0],
    limit = 0,
  ): Promise<T> {
    const child = fork(moduleFile('server.js'), [...latencyMs, limit].map(String));
    try {
      const { port } = await reply<{ port: number }>(child);
      return await use({
        url: `http://127.0.0.1:${port}`,
        stats: () => {
          child.send('stats');
          return reply<ServerStats>(child);
        },
      });
    } finally {
      child.disconnect();
    }
  }

  /** Runs the tool's `run` to its end. */
  run(
    csv: string,
    ledger: string,
    url: string,
    args: readonly string[],
    options: MeasureOptions = {},
  ): Promise<Cost> {
    const where = ['--api-uri', url, '--ledger', ledger, '--json', '--quiet', '--progress', 'never'];
    return this.command(['run', csv, ...where, ...args], options);
  }

  /** Runs a command of the tool to its end. */
  command(args: readonly string[], options: MeasureOptions = {}): Promise<Cost> {
    const env = { NYLAS_API_KEY: API_KEY };
    return measure([MAIN, ...args], { cwd: this.folder, env, ...options });
  }

  /** Migrates a file of that many users without a pace, into a new ledger that is thrown away. */
  async migrate(rows: number, tokenLength = TOKEN_LENGTH, options: MeasureOptions = {}): Promise<Cost> {
    const csv = this.csv(rows, tokenLength);
    const ledger = this.newLedger();
    const cost = await this.withServer(({ url }) => this.run(csv, ledger, url, UNPACED, options));
    this.removeLedger(ledger);
    return cost;
  }

  /** A ledger whose users are all migrated: made once, by migrating them, and not to be changed. */
  done(rows: number): Promise<Done> {
    const made = this.#done.get(rows) ?? this.#migrateAndKeep(rows);
    this.#done.set(rows, made);
    return made;
  }

  async #migrateAndKeep(rows: number): Promise<Done> {
    const csv = this.csv(rows);
    const ledger = this.newLedger();
    const cost = await this.withServer(({ url }) => this.run(csv, ledger, url, UNPACED));
    return { csv, ledger, cost };
  }
}

export const UNPACED = ['--rate', '0', '--concurrency-max', '50'] as const;

async function reply<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, 'message')) as [T];
  return message;
}
