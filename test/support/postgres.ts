import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DEBIAN = '/usr/lib/postgresql';

/** Where PostgreSQL's programs are: Debian keeps them beside the PATH. Null: it isn't installed. */
export function postgresFolder(): string | null {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(DEBIAN, version, 'bin')), ...pathFolders()];
  return folders.find((folder) => existsSync(join(folder, 'initdb'))) ?? null;
}

export interface Postgres {
  /** Runs a script as psql does it; what it prints, without headers, columns apart by `|`. */
  readonly run: (script: string, options?: { readonly ignoresErrors?: boolean }) => string;
  readonly stop: () => Promise<void>;
}

/** Starts a server of its own, in a folder of its own, that listens to a Unix socket alone. */
export async function startPostgres(bin: string): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'pg-'));
  const owner = unprivileged();
  if (owner !== null) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const options = { cwd: folder, ...(owner ?? {}) };
  const init = ['-D', data, '-U', 'tester', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'];
  assertDone('initdb', spawnSync(join(bin, 'initdb'), init, { ...options, encoding: 'utf8' }));
  const settings = ['fsync=off', 'listen_addresses=', `unix_socket_directories=${folder}`];
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...settings.flatMap((one) => ['-c', one])], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await saysReady(server.stderr);
  return {
    run: (script, { ignoresErrors = false } = {}) => {
      const stop = ignoresErrors ? [] : ['-v', 'ON_ERROR_STOP=1'];
      const args = [
        '-X',
        '-q',
        '-t',
        '-A',
        ...stop,
        '-h',
        folder,
        '-U',
        'tester',
        '-d',
        'postgres',
        '-f',
        '-',
      ];
      const done = spawnSync(join(bin, 'psql'), args, { input: script, encoding: 'utf8' });
      if (!ignoresErrors) assertDone('psql', done);
      return done.stdout.trim();
    },
    stop: async () => {
      server.kill('SIGINT');
      await once(server, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The server refuses to be root. */
function unprivileged(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const [uid, gid] = ['-u', '-g'].map((what) => Number(spawnSync('id', [what, 'nobody']).stdout.toString()));
  if (uid === undefined || gid === undefined) throw new Error('there is no user nobody');
  return { uid, gid };
}

async function saysReady(stderr: NodeJS.ReadableStream): Promise<void> {
  let text = '';
  for await (const chunk of stderr) {
    text += String(chunk);
    if (text.includes('ready to accept connections')) break;
  }
  if (!text.includes('ready to accept connections')) throw new Error(`PostgreSQL did not start: ${text}`);
}

function assertDone(
  program: string,
  done: { readonly status: number | null; readonly stderr: string },
): void {
  if (done.status !== 0) throw new Error(`${program} ended with ${String(done.status)}: ${done.stderr}`);
}

function pathFolders(): readonly string[] {
  return (process.env['PATH'] ?? '').split(':').filter((folder) => folder !== '');
}
