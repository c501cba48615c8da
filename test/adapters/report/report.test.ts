import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { csvLine } from '../../../src/adapters/report/csv.js';
import { writeReport } from '../../../src/adapters/report/index.js';
import { UserError } from '../../../src/core/errors.js';
import { provenanceOf } from '../../../src/core/provenance.js';
import type { ReportFormat, ReportRow } from '../../../src/core/report.js';
import type { Report } from '../../../src/ports/report.js';
import { makeFolder } from '../../support/ledger.js';
import { userError } from '../../support/user-error.js';

const LEDGER = { ledgerId: 'l-1', createdAtMs: 0, applicationId: 'app-1', host: 'h', keying: 'email' };
const PROVENANCE = provenanceOf({
  identity: LEDGER,
  schemaVersion: 6,
  tool: '1.0.0',
  madeAtMs: 0,
  runs: [],
  activity: [],
  counts: [],
  digest: 'd1',
});
const COLUMNS = ['record_key', 'attempts', '__proto__'];
const ROWS: readonly ReportRow[] = [
  ['ada, "the first"\nof many', 1, null],
  ['bob', 0, 'x'],
];

let folder: ReturnType<typeof makeFolder>;

beforeEach(() => {
  folder = makeFolder();
});

afterEach(() => {
  folder.remove();
});

function report(rows: Iterable<ReportRow> = ROWS): Report {
  return { ledger: LEDGER, columns: COLUMNS, rows, provenance: () => PROVENANCE };
}

async function written(format: ReportFormat, rows?: Iterable<ReportRow>): Promise<string> {
  const stream = new PassThrough();
  const whole = text(stream);
  await writeReport(report(rows), format, { stream });
  stream.end();
  return whole;
}

function* manyRows(count: number, onTake: (index: number) => void = () => undefined): Generator<ReportRow> {
  for (let index = 0; index < count; index += 1) {
    onTake(index);
    yield [`user-${index}`, index, 'x'.repeat(100)];
  }
}

describe('as CSV', () => {
  it('is read back as it was, and counts its rows', async () => {
    const stream = new PassThrough();
    const whole = text(stream);
    expect(await writeReport(report(), 'csv', { stream })).toBe(2);
    stream.end();
    const [header, ...rows] = parse(await whole);
    expect(header).toEqual(COLUMNS);
    expect(rows).toEqual([
      ['ada, "the first"\nof many', '1', ''],
      ['bob', '0', 'x'],
    ]);
  });

  it.each(['=1+1', '+49 30', '-2', '@SUM(A1)', '\tx', '\rx', '＝1+1'])(
    'is safe to open in a spreadsheet: %j',
    async (cell) => {
      const rows = parse(await written('csv', [[cell, -2, null]]), { record_delimiter: '\n' });
      expect(rows[1]).toEqual([`'${cell}`, '-2', '']);
    },
  );

  it('is what csv-stringify makes of it, whatever a row holds', () => {
    const character = fc.constantFrom(
      '=',
      '+',
      '-',
      '@',
      '\t',
      '\r',
      '\n',
      '＝',
      '＠',
      '"',
      ',',
      ' ',
      "'",
      'a',
    );
    const cell = fc.oneof(fc.string({ unit: character, maxLength: 3 }), fc.integer(), fc.constant(null));
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 3 }), fc.boolean(), (row, raw) => {
        expect(csvLine(row, raw)).toBe(stringify([row], { escape_formulas: !raw }));
      }),
    );
  });

  it('leaves every value as it is where that is asked for', async () => {
    const cells = ['=1+1', '-2', '@a', '+49 30'];
    const rows = parse(
      await written(
        'raw csv',
        cells.map((cell) => [cell, 1, null]),
      ),
    );
    expect(rows.slice(1).map(([cell]: string[]) => cell)).toEqual(cells);
  });

  it('has a header and nothing else where there are no rows', async () => {
    expect(await written('csv', [])).toBe('record_key,attempts,__proto__\n');
  });
});

describe('as JSON', () => {
  const objects = [
    { record_key: 'ada, "the first"\nof many', attempts: 1, ['__proto__']: null },
    { record_key: 'bob', attempts: 0, ['__proto__']: 'x' },
  ];

  it('has one object a line', async () => {
    const lines = (await written('jsonl')).trimEnd().split('\n');
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(objects);
    expect(lines[1]).toBe('{"record_key":"bob","attempts":0,"__proto__":"x"}');
  });

  it('is one document that names its ledger', async () => {
    expect(JSON.parse(await written('json'))).toEqual({
      ledger: {
        ledger_id: 'l-1',
        created_at: '1970-01-01T00:00:00.000Z',
        application_id: 'app-1',
        host: 'h',
        keying: 'email',
      },
      provenance: PROVENANCE,
      rows: objects,
    });
  });

  it.each([0, 1, 2, 1_003])('is whole with %i rows', async (count) => {
    const document = JSON.parse(await written('json', manyRows(count))) as { rows: unknown[] };
    expect(document.rows).toHaveLength(count);
    const lines = (await written('jsonl', manyRows(count))).split('\n');
    expect(lines).toHaveLength(count + 1);
  });
});

describe('into a stream', () => {
  it('takes no more rows than the reader has room for', async () => {
    let taken = 0;
    const stuck = new Writable({ highWaterMark: 1, write: () => undefined });
    const writing = writeReport(report(manyRows(200_000, (index) => (taken = index))), 'csv', {
      stream: stuck,
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBeLessThan(20_000);
    stuck.destroy(Object.assign(new Error('gone'), { code: 'EPIPE' }));
    await writing;
  });

  it('ends quietly where the reader has had enough, and lets go of the rows', async () => {
    let closed = false;
    function* rows(): Generator<ReportRow> {
      try {
        yield* manyRows(100_000);
      } finally {
        closed = true;
      }
    }
    const broken = Object.assign(new Error('broken pipe'), { code: 'EPIPE', syscall: 'write' });
    const stream = new Writable({
      write: (_chunk, _encoding, done) => {
        done(broken);
      },
    });
    expect(await writeReport(report(rows()), 'csv', { stream })).toBeLessThan(100_000);
    expect(closed).toBe(true);
  });

  it('leaves the stream open', async () => {
    const stream = new PassThrough();
    stream.resume();
    await writeReport(report(), 'csv', { stream });
    expect(stream.writableEnded).toBe(false);
  });
});

describe('into a file', () => {
  it('replaces what was there, for its owner alone', async () => {
    const file = folder.path('report.csv');
    writeFileSync(file, 'old');
    chmodSync(file, 0o644);
    expect(await writeReport(report(), 'csv', { file })).toBe(2);
    expect(readFileSync(file, 'utf8')).toMatch(/^record_key,/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder.path('.'))).toEqual(['report.csv']);
  });

  it('leaves what was there where the ledger fails midway', async () => {
    const file = folder.path('report.csv');
    writeFileSync(file, 'old');
    function* failing(): Generator<ReportRow> {
      yield* manyRows(5_000);
      throw new UserError('ledger', 'the ledger is damaged', 'go on from a copy');
    }
    await expect(writeReport(report(failing()), 'csv', { file })).rejects.toMatchObject({ kind: 'ledger' });
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(folder.path('.'))).toEqual(['report.csv']);
  });

  it('follows a link instead of replacing it', async () => {
    writeFileSync(folder.path('real.csv'), 'old');
    symlinkSync(folder.path('real.csv'), folder.path('link.csv'));
    await writeReport(report(), 'csv', { file: folder.path('link.csv') });
    expect(readFileSync(folder.path('real.csv'), 'utf8')).toMatch(/^record_key,/);
  });

  it('writes to a device without replacing it', async () => {
    await writeReport(report(), 'csv', { file: '/dev/null' });
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it.each([
    ['in a folder that does not exist', () => folder.path('nowhere/report.csv'), /its folder does not exist/],
    [
      'that is a folder',
      () => {
        mkdirSync(folder.path('out'));
        return folder.path('out');
      },
      /directory/,
    ],
  ])('is refused %s, with what to do', async (_where, name, says) => {
    const file = name();
    await expect(writeReport(report(), 'csv', { file })).rejects.toEqual(userError('usage', says));
    expect(existsSync(`${file}.tmp`)).toBe(false);
  });
});
