import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { csvSource } from '../../src/adapters/csv/source.js';
import { UserError } from '../../src/core/errors.js';
import type { RecordSource } from '../../src/ports/source.js';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'csv-test-'));
});
afterAll(() => rm(directory, { recursive: true }));

let files = 0;
async function fileOf(content: string | Buffer, mode = 0o600): Promise<string> {
  files += 1;
  const path = join(directory, `${files}.csv`);
  await writeFile(path, content, { mode });
  return path;
}

/** Everything in one go: [line, …fields] a row. */
async function readAll(source: RecordSource) {
  const open = await source.open();
  const rows: [number, ...string[]][] = [];
  const sizes: number[] = [];
  for await (const batch of open.batches) {
    sizes.push(batch.length);
    for (const row of batch) rows.push([row.line, ...row.fields]);
  }
  return { header: open.header, delimiter: open.delimiter, notes: open.notes, rows, sizes, open };
}

const stdinOf = (...chunks: (string | Buffer)[]) =>
  csvSource({ stdin: Readable.from(chunks.map((chunk) => Buffer.from(chunk))) });

async function rowsOf(content: string | Buffer) {
  return (await readAll(stdinOf(content))).rows;
}

async function refusalOf(reading: Promise<unknown>): Promise<UserError> {
  const error: unknown = await reading.then(
    () => new Error('it was read'),
    (reason: unknown) => reason,
  );
  if (error instanceof UserError) return error;
  throw error instanceof Error ? error : new Error('no error');
}

describe('a CSV', () => {
  test('gives its header and its rows, with the lines they begin on', async () => {
    const { header, rows, delimiter } = await readAll(stdinOf('a,b\n1,2\n\n"x\ny",3\n  \n,\n5,6'));
    expect(header).toEqual(['a', 'b']);
    expect(delimiter).toBe(',');
    expect(rows).toEqual([
      [2, '1', '2'],
      [4, 'x\ny', '3'],
      [8, '5', '6'],
    ]);
  });

  test('counts a CRLF in quotes as one line', async () => {
    expect(await rowsOf('a,b\r\n"x\r\ny\r\nz",1\r\n2,2\r\n')).toEqual([
      [2, 'x\r\ny\r\nz', '1'],
      [5, '2', '2'],
    ]);
  });

  test('may have blank lines before its header', async () => {
    const { header, rows } = await readAll(stdinOf('\r\n \r\na,b\r\n1,2\r\n'));
    expect({ header, rows }).toEqual({ header: ['a', 'b'], rows: [[4, '1', '2']] });
  });

  test.each([
    [';', 'a;"b,c,d,e";f\n1;2;3\n'],
    ['\t', 'a\tb\tc\n1\t2\t3\n'],
    ['|', 'a|b|c\n1|2|3\n'],
    [',', '"a;b;c;d",b,c\n1,2,3\n'],
    [',', 'a\n1\n'],
  ])('delimited by %j is recognised by its header', async (delimiter, content) => {
    const read = await readAll(stdinOf(content));
    expect(read.delimiter).toBe(delimiter);
    expect(read.rows[0]?.slice(0, 2)).toEqual([2, '1']);
  });

  test('of lone carriage returns, or of mixed line ends, is read', async () => {
    expect(await rowsOf('a,b\r1,2\r\r"x\ry",4\r5,6')).toEqual([
      [2, '1', '2'],
      [4, 'x\ry', '4'],
      [6, '5', '6'],
    ]);
    expect(await rowsOf('a,b\r\n1,2\n3,4\r\n5,6\n')).toEqual([
      [2, '1', '2'],
      [3, '3', '4'],
      [4, '5', '6'],
    ]);
  });

  test('keeps a stray quote in its value and loses no row to it', async () => {
    expect(await rowsOf('a,b\n5" disk,1\n"x"y,2\n3,3\n')).toEqual([
      [2, '5" disk', '1'],
      [3, '"x"y', '2'],
      [4, '3', '3'],
    ]);
  });

  test('gives rows with fields missing or too many as they are', async () => {
    expect(await rowsOf('a,b\n1\n1,2,3\n')).toEqual([
      [2, '1'],
      [3, '1', '2', '3'],
    ]);
  });

  test('with nothing but a header has no rows; with nothing at all it is refused', async () => {
    expect(await rowsOf('a,b')).toEqual([]);
    expect(await rowsOf('a,b\n\n')).toEqual([]);
    for (const nothing of ['', '\n\n', '  ', '\uFEFF']) {
      expect((await refusalOf(rowsOf(nothing))).message).toBe('There is nothing in standard input.');
    }
  });

  test('comes in batches of at most 500 rows', async () => {
    const { rows, sizes } = await readAll(stdinOf(`a\n${'x\n'.repeat(2001)}`));
    expect(rows).toHaveLength(2001);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
  });

  test('gives back any values and their lines, however it is written and cut up', async () => {
    const value = fc.stringMatching(/^[ab",;é\r\n \t]{0,6}$/);
    const id = fc.stringMatching(/^[a-z]{1,3}$/);
    const record = fc.record({ id, value, isQuoted: fc.boolean(), blankLines: fc.nat(2) });
    const options = fc.record({
      records: fc.array(record, { maxLength: 12 }),
      eol: fc.constantFrom('\n', '\r\n'),
      cut: fc.integer({ min: 1, max: 40 }),
      hasLastEol: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(options, async ({ records, eol, cut, hasLastEol }) => {
        let content = `id,value${eol}`;
        const expected: unknown[] = [];
        for (const { id: key, value: written, isQuoted, blankLines } of records) {
          content += eol.repeat(blankLines);
          expected.push([content.split('\n').length, key, written]);
          const needsQuotes = isQuoted || /[",\r\n]/.test(written);
          content += `${key},${needsQuotes ? `"${written.replaceAll('"', '""')}"` : written}${eol}`;
        }
        if (!hasLastEol) content = content.slice(0, -eol.length);
        const bytes = Buffer.from(content);
        const pieces = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, index) =>
          bytes.subarray(index * cut, (index + 1) * cut),
        );
        expect((await readAll(stdinOf(...pieces))).rows).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });
});

describe('the encoding', () => {
  const text = 'naïve,b\n1,Zoë\n';
  const utf16be = (content: string) => Buffer.from(content, 'utf16le').swap16();

  test.each([
    ['UTF-8', Buffer.from(text), []],
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${text}`), []],
    ['UTF-16 LE with a mark', Buffer.from(`\uFEFF${text}`, 'utf16le'), ['UTF-16LE']],
    ['UTF-16 LE', Buffer.from(text, 'utf16le'), ['UTF-16LE']],
    ['UTF-16 BE with a mark', utf16be(`\uFEFF${text}`), ['UTF-16BE']],
    ['UTF-16 BE', utf16be(text), ['UTF-16BE']],
    ['gzip', gzipSync(text), ['gzip']],
    ['gzip of UTF-16', gzipSync(Buffer.from(`\uFEFF${text}`, 'utf16le')), ['gzip', 'UTF-16LE']],
  ])('%s is recognised, even byte by byte', async (_, bytes, notes) => {
    const whole = await readAll(stdinOf(bytes));
    const bytewise = await readAll(stdinOf(...[...bytes].map((byte) => Buffer.from([byte]))));
    for (const read of [whole, bytewise]) {
      expect(read.notes).toEqual(notes);
      expect(read.header).toEqual(['naïve', 'b']);
      expect(read.rows).toEqual([[2, '1', 'Zoë']]);
    }
  });

  test('that is none of these shows in the values', async () => {
    expect(await rowsOf(Buffer.from('a\nZo\xeb\nx\0y\n', 'latin1'))).toEqual([
      [2, 'Zo\uFFFD'],
      [3, 'x\0y'],
    ]);
  });

  test.each([
    ['an Excel workbook', Buffer.from('PK\x03\x04\x14\0\x06\0xxxx'), /Excel workbook/],
    ['a zip in a gzip', gzipSync(Buffer.from('PK\x03\x04\x14\0\x06\0xxxx')), /Excel workbook/],
    ['a database', Buffer.from('SQLite format 3\0\x10\0\x01\x01'), /SQLite database/],
    ['other binary data', Buffer.from([1, 2, 0, 3, 4, 0, 0, 9, 8, 7]), /not text/],
  ])('of %s is refused', async (_, bytes, message) => {
    const error = await refusalOf(rowsOf(bytes));
    expect(error.message).toMatch(message);
    expect(error.next).toMatch(/CSV/);
  });

  test('of a gzip that was cut off or damaged is refused by name', async () => {
    const whole = gzipSync(Buffer.from(`a\n${Array.from({ length: 5000 }, (_, n) => n).join('\n')}`));
    const cut = await fileOf(whole.subarray(0, whole.length - 20));
    const error = await refusalOf(readAll(csvSource({ file: cut })));
    expect(error.message).toBe(`${cut} ends in the middle of its gzip data.`);
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 20, 60);
    expect((await refusalOf(readAll(stdinOf(damaged)))).message).toMatch(/damaged/);
  });
});

describe('the limits', () => {
  test('a quote never closed names the line, after the rows before it', async () => {
    const open = await stdinOf('a,b\n1,2\n3,"x\n4,5\n6,7\n').open();
    const lines: number[] = [];
    const reading = (async () => {
      for await (const batch of open.batches) lines.push(...batch.map((row) => row.line));
    })();
    const error = await refusalOf(reading);
    expect(error.message).toMatch(/the record that begins on line 3 has a quote that is never closed/);
    expect(lines).toEqual([2]);
  });

  test.each([
    ['quotes', `a,b\n1,2\n3,"${'x\n'.repeat(600_000)}`],
    ['one line', `a,b\n1,2\n${'x'.repeat(1_100_000)}\n1,2\n`],
    ['nothing but commas', `a,b\n1,2\n${','.repeat(1_100_000)}\n1,2\n`],
  ])('a record of %s over 1 MiB is refused by its line, after the rows before it', async (_, content) => {
    const open = await stdinOf(content).open();
    const lines: number[] = [];
    const reading = (async () => {
      for await (const batch of open.batches) lines.push(...batch.map((row) => row.line));
    })();
    const error = await refusalOf(reading);
    expect(error.kind).toBe('usage');
    expect(error.message).toBe('standard input: the record that begins on line 3 is longer than 1 MiB.');
    expect(lines).toEqual([2]);
  });

  test('a line that never ends is refused before the input ends', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(65_536, 'x');
      })(),
    );
    expect((await refusalOf(readAll(csvSource({ stdin: endless })))).message).toMatch(/header.*1 MiB/);
    expect(endless.destroyed).toBe(true);
  });

  test('more than a thousand columns are refused', async () => {
    expect((await refusalOf(rowsOf(`${'a,'.repeat(9_999)}a\n`))).message).toMatch(/10000 columns; 1000/);
    expect((await readAll(stdinOf(`${'a,'.repeat(999)}a\n`))).header).toHaveLength(1000);
  });

  test('memory stays flat, however long the input is', async () => {
    const row = Buffer.from(`${'x'.repeat(99)}\n`.repeat(1000));
    const long = Readable.from(
      (function* () {
        for (let n = 0; n < 500; n++) yield n === 0 ? Buffer.from('a\n') : row;
      })(),
    );
    const before = process.memoryUsage().rss;
    const open = await csvSource({ stdin: long }).open();
    let rows = 0;
    for await (const batch of open.batches) rows += batch.length;
    expect(rows).toBe(499_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(150e6);
  });
});

describe('a file', () => {
  test('reports its progress and its digest in raw bytes', async () => {
    const bytes = gzipSync('a\n1\n2\n');
    const { open } = await readAll(csvSource({ file: await fileOf(bytes) }));
    expect(open.progress()).toEqual({ bytesRead: bytes.length, bytesTotal: bytes.length, rowsParsed: 2 });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(open.digest()).toEqual({ sha256, bytes: bytes.length });
  });

  test('can be read again, and is missed where it is gone', async () => {
    const path = await fileOf('a\n1\n');
    const source = csvSource({ file: path });
    expect((await readAll(source)).rows).toEqual((await readAll(source)).rows);
    await unlink(path);
    expect((await refusalOf(source.open())).message).toBe(`${path} was not found.`);
  });

  test('that others can read gets one warning', async () => {
    const path = await fileOf('a\n1\n');
    const warnings: string[] = [];
    const warn = (message: string) => warnings.push(message);
    await readAll(csvSource({ file: path }, { warn }));
    expect(warnings).toEqual([]);
    await chmod(path, 0o640);
    const source = csvSource({ file: path }, { warn });
    await readAll(source);
    await readAll(source);
    expect(warnings).toEqual([expect.stringMatching(/can be read by other users.*chmod 600/)]);
  });

  test('that is a directory is refused', async () => {
    expect((await refusalOf(csvSource({ file: directory }).open())).message).toMatch(/is a directory/);
  });

  test('can be closed at any time, twice, and gives nothing more', async () => {
    const open = await csvSource({ file: await fileOf(`a\n${'x\n'.repeat(1_000_000)}`) }).open();
    const batches = open.batches[Symbol.asyncIterator]();
    await batches.next();
    await open.close();
    await open.close();
    let rest = 0;
    for (let next = await batches.next(); next.done !== true; next = await batches.next()) rest += 1;
    expect(rest).toBeLessThan(2000);
  });
});

describe('standard input', () => {
  test('gives each row as soon as its line has ended', async () => {
    const stdin = new PassThrough();
    const opening = csvSource({ stdin }).open();
    stdin.write('a,b\n');
    const open = await opening;
    const batches = open.batches[Symbol.asyncIterator]();
    for (const line of ['1,2', '3,"4"', '5,"6\n7"', '8,']) {
      const next = batches.next();
      stdin.write(`${line}\n`);
      const { value } = (await next) as { value: { fields: string[] }[] };
      expect(value.map((row) => row.fields)).toEqual([line.replaceAll('"', '').split(',')]);
    }
    const next = batches.next();
    stdin.end('9,"x\n\ny"\n');
    expect((await next).value).toEqual([{ line: 7, fields: ['9', 'x\n\ny'], problem: null }]);
    expect((await batches.next()).done).toBe(true);
  });

  test('that is closed while it is waited for ends, without the row it was in', async () => {
    const stdin = new PassThrough();
    stdin.write('a,b\n1,2\n3,unfinished');
    const open = await csvSource({ stdin }).open();
    const batches = open.batches[Symbol.asyncIterator]();
    expect((await batches.next()).value).toMatchObject([{ fields: ['1', '2'] }]);
    const waiting = batches.next();
    await open.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test('can be read only once', async () => {
    const source = stdinOf('a\n1\n');
    await readAll(source);
    expect((await refusalOf(source.open())).message).toMatch(/only once/);
  });
});

describe('a line of Excel that names the delimiter', () => {
  test.each(['sep=;\r\n', '"sep=;"\n', '\n\nSEP=;\n'])('%j is no header', async (line) => {
    const { header, delimiter, rows } = await readAll(stdinOf(`${line}a;b,c,d,e\n1;2\n`));
    expect(delimiter).toBe(';');
    expect(header).toEqual(['a', 'b,c,d,e']);
    expect(rows).toEqual([[line.startsWith('\n') ? 5 : 3, '1', '2']]);
  });
});

describe('a named pipe', () => {
  async function fifo(): Promise<string> {
    files += 1;
    const path = join(directory, `${files}.fifo`);
    await promisify(execFile)('mkfifo', [path]);
    return path;
  }

  test('is waited for, and read to its end', async () => {
    const path = await fifo();
    const reading = readAll(csvSource({ file: path }));
    await writeFile(path, 'a,b\n1,2\n');
    expect((await reading).rows).toEqual([[2, '1', '2']]);
  });

  test.each([0, 1, 20])(
    'that nobody writes to can be given up, %i turns after it was opened',
    async (turns) => {
      const source = csvSource({ file: await fifo() });
      const refusal = refusalOf(source.open());
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      source.giveUp();
      expect((await refusal).message).toMatch(/fifo can't be read/);
    },
  );
});

describe('a command', () => {
  test('is run again for each pass', async () => {
    const source = csvSource({ command: `printf 'a,b\\n1,2\\n' | cat` });
    expect((await readAll(source)).rows).toEqual([[2, '1', '2']]);
    expect((await readAll(source)).rows).toEqual([[2, '1', '2']]);
    const { open } = await readAll(source);
    expect(open.progress().bytesTotal).toBeNull();
  });

  test('that fails is a failure, with or without output before, and its output is not repeated', async () => {
    for (const command of [`printf 'a\\nsecret'; exit 3`, 'exit 3', `printf 'a,"secret'; exit 3`]) {
      const error = await refusalOf(readAll(csvSource({ command })));
      expect(error.message).toBe('The input command failed with exit code 3.');
      expect(error.message + error.next).not.toContain('secret');
    }
  });

  test('that is killed is a failure, and its last row is not believed', async () => {
    const open = await csvSource({ command: `printf 'a,b\\n1,2\\n3,4'; kill -9 $$` }).open();
    const rows: unknown[] = [];
    const reading = (async () => {
      for await (const batch of open.batches) rows.push(...batch.map((row) => row.fields));
    })();
    expect((await refusalOf(reading)).message).toMatch(/was ended by SIGKILL/);
    expect(rows).toEqual([['1', '2']]);
  });

  test('is ended when the reading is, even while it says nothing', async () => {
    const pidFile = join(directory, 'pid');
    const open = await csvSource({
      command: `echo $$ >'${pidFile}'; printf 'a\\n1\\n'; exec sleep 600`,
    }).open();
    const batches = open.batches[Symbol.asyncIterator]();
    await batches.next();
    const pid = Number(await readFile(pidFile, 'utf8'));
    expect(process.kill(pid, 0)).toBe(true);
    await open.close();
    expect((await batches.next()).done).toBe(true);
    await vi.waitFor(() => {
      expect(() => process.kill(pid, 0)).toThrow();
    });
  });
});
