import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openReader } from '../src/adapters/sqlite/reader.js';
import type { Provenance } from '../src/core/provenance.js';
import { readProvenance } from '../src/provenance.js';
import { runHere } from './support/command.js';
import { BEGAN_AT_MS, makeFolder, Story } from './support/ledger.js';

let folder: ReturnType<typeof makeFolder>;

beforeEach(() => {
  folder = makeFolder();
});

afterEach(() => {
  folder.remove();
});

const KEYS = ['zoë', 'ada', 'ada!', 'Ada', 'a', '"q"', '漢'];

async function tell(keys: readonly string[]): Promise<void> {
  const story = new Story(folder.path('acme.db'), { options: { rate: 40 }, label: 'tonight' });
  for (const key of keys) await story.migrate({ key, email: 'someone@example.com' });
  await story.refuse({ key: 'bob@example.com', email: null }, 'rejected');
  story.endAndClose();
}

async function report(...args: readonly string[]) {
  return runHere(['report', '--ledger', 'acme.db', ...args], { cwd: folder.path('.') });
}

function provenance(): Provenance {
  const reader = openReader(folder.path('acme.db'));
  try {
    return readProvenance(reader, '1.0.0', BEGAN_AT_MS);
  } finally {
    reader.close();
  }
}

type Row = Readonly<Record<string, unknown>>;

/** As the README says, from a report alone. */
function digestOf(rows: readonly Row[]): string {
  const fields = ['provider', 'status', 'category', 'grant_id', 'origin', 'attempts'];
  const lines = rows.map(
    (row) => `${String(row['record_key'])}\t${JSON.stringify(fields.map((field) => row[field]))}\n`,
  );
  const sorted = lines.map((line) => Buffer.from(line)).sort((a, b) => Buffer.compare(a, b));
  return createHash('sha256').update(Buffer.concat(sorted)).digest('hex');
}

describe('the digest over records', () => {
  it('can be made anew from a report, whatever the keys', async () => {
    await tell(KEYS);
    const { stdout } = await report('--format', 'jsonl');
    const rows = stdout.trimEnd().split('\n');
    expect(digestOf(rows.map((row) => JSON.parse(row) as Row))).toBe(provenance().digest.value);
  });

  it('is the same whenever it is made, and another once a record is', async () => {
    await tell(KEYS);
    const before = provenance().digest.value;
    expect(provenance().digest.value).toBe(before);
    const story = new Story(folder.path('acme.db'));
    await story.refuse({ key: 'eve' }, 'blocked');
    story.endAndClose();
    expect(provenance().digest.value).not.toBe(before);
  });

  it('does not depend on the order in which records were made', async () => {
    await tell(KEYS);
    const before = provenance().digest.value;
    folder.remove();
    folder = makeFolder();
    await tell([...KEYS].reverse());
    expect(provenance().digest.value).toBe(before);
  });
});

describe('where a report comes from', () => {
  it('is told of ledger, tool, runs, inputs, attempts and counts', async () => {
    await tell(['ada']);
    const told = provenance();
    expect(told).toMatchObject({
      application_id: 'app-1',
      host: 'api.us.nylas.com',
      keying: 'account_id',
      tool: 'nylas-migrate 1.0.0',
      made_at: '2026-03-01T06:00:00.000Z',
      attempts: { count: 2, first_at: '2026-03-01T06:00:01.000Z', last_at: '2026-03-01T06:00:01.300Z' },
      records: 2,
      by_status: { migrated: 1, failed: 1 },
    });
    expect(told.runs).toEqual([
      expect.objectContaining({
        run: 1,
        label: 'tonight',
        host: 'worker-1',
        pid: 4711,
        version: '1.0.0',
        state: 'finished',
        options: { rate: 40 },
        input: { name: 'users.csv', sha256: 'c0ffee', bytes: 12 },
      }),
    ]);
  });

  it('is at the head of a JSON report, and beside any other where that is asked for', async () => {
    await tell(['ada']);
    const { stdout } = await report('--json');
    const document = JSON.parse(stdout) as { provenance: Provenance };
    expect(document.provenance.digest).toEqual(provenance().digest);

    const beside = await report('--out', 'report.csv', '--provenance', 'report.json');
    expect(beside.stderr).toContain('2 rows written to report.csv, where it comes from to report.json');
    const kept = JSON.parse(readFileSync(folder.path('report.json'), 'utf8')) as Provenance;
    expect(kept.digest).toEqual(provenance().digest);
  });

  it('is not written over the ledger, nor over the report', async () => {
    await tell(['ada']);
    expect(await report('--provenance', 'acme.db')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--provenance acme.db belongs to the ledger') as string,
    });
    expect(await report('--out', 'same', '--provenance', './same')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--out and --provenance name the same file') as string,
    });
  });
});

describe('--mask-emails', () => {
  it.each(['csv', 'jsonl', 'json', 'html'])('leaves nobody’s address in %s', async (format) => {
    await tell(['ada']);
    const masked = await report('--format', format, '--mask-emails');
    expect(masked.exitCode).toBe(0);
    expect(masked.stdout).not.toMatch(/someone@|bob@/);
    expect(masked.stdout).toContain('s***@example.com');
    expect(masked.stdout).toContain('b***@example.com');
  });

  it('is told where a masked report comes from', async () => {
    await tell(['ada']);
    await report('--mask-emails', '--out', 'report.csv', '--provenance', 'report.json');
    const kept = JSON.parse(readFileSync(folder.path('report.json'), 'utf8')) as Provenance;
    expect(kept).toMatchObject({ emails_masked: true, digest: provenance().digest });
  });
});

describe('--format html', () => {
  it('keeps --json’s promise: a page goes to a file, and standard output has one JSON document', async () => {
    await tell(['ada']);
    const toFile = await report('--format', 'html', '--out', 'report.html', '--json');
    expect(JSON.parse(toFile.stdout)).toEqual({ file: 'report.html', format: 'html', rows: 2 });
    expect(readFileSync(folder.path('report.html'), 'utf8')).toMatch(/^<!doctype html>/);
    expect(JSON.parse((await report('--format', 'html', '--json')).stdout)).toHaveProperty('rows');
  });

  it('lists the records that are asked for, and says so', async () => {
    await tell(['ada']);
    const args = ['--category', 'rejected', '--columns', 'record_key,status'];
    const { stdout } = await report('--format', 'html', ...args);
    expect(stdout).toContain('This page lists 1 row with category rejected: all there are.');
    expect(stdout).toContain('1 of 2 users have a v3 grant');
    expect(stdout).not.toContain('>ada<');
  });
});
