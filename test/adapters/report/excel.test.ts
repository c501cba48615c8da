import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { excelLine } from '../../../src/adapters/report/excel.js';
import { writeReport } from '../../../src/adapters/report/index.js';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';

const cellsOf = (line: string, delimiter = ','): unknown => parse(line, { delimiter })[0];

describe('for Excel', () => {
  it('a report begins with a byte order mark and has the line ends of Windows', async () => {
    const ledger = { ledgerId: 'l-1', createdAtMs: 0, applicationId: null, host: null, keying: null };
    const stream = new PassThrough();
    const whole = buffer(stream);
    const provenance = (): never => expect.unreachable();
    const report = { ledger, columns: ['name', 'attempts'], rows: [['Zoë', 2]], provenance };
    await writeReport(report, 'excel csv, semicolons', { stream });
    stream.end();
    expect((await whole).toString('utf8')).toBe('\ufeffname;attempts\r\nZoë;2\r\n');
  });

  it.each([
    '007',
    '12345678901234567890',
    '1e5',
    '2E308',
    '3/4',
    '1-2',
    '10:30',
    '1.234,5',
    '50%',
    '.5',
    'Mar-1',
    '1 March',
    '2may2026',
    'Jun 26, 2026',
    'TRUE',
    'false',
    '9:15 pm',
    '$5',
  ])('%j stays the text it is', (text) => {
    expect(cellsOf(excelLine([text], ','))).toEqual([`="${text}"`]);
  });

  it.each([
    'acc-1',
    '5e8d1b3a-0c35-4a3e-9d7c-2f4b6a8c0e11',
    '2026-03-01T06:00:00.000Z',
    '1a@example.com',
    'marchetti',
    'truest',
    '7zip',
    '',
  ])('%j is nothing else to Excel, and is written plainly', (text) => {
    expect(cellsOf(excelLine([text, 1], ','))).toEqual([text, '1']);
  });

  it.each(['=1+1', '+49 30', '-2', '@SUM(A1)', '\tx', '＝1+1'])('%j is no formula', (text) => {
    expect(cellsOf(excelLine([text], ','))).toEqual([`'${text}`]);
  });

  it('a text that is longer than a formula takes gets an apostrophe', () => {
    expect(cellsOf(excelLine(['1'.repeat(256)], ','))).toEqual([`'${'1'.repeat(256)}`]);
  });

  it('a cell begins a formula only to yield the digits or words that it holds', () => {
    const unit = fc.constantFrom(
      '=',
      '+',
      '-',
      '@',
      '"',
      '1',
      '0',
      'e',
      ' ',
      ',',
      ';',
      '\n',
      '/',
      ':',
      'a',
      't',
    );
    fc.assert(
      fc.property(
        fc.string({ unit, maxLength: 6 }),
        fc.constantFrom(',' as const, ';' as const),
        (text, delimiter) => {
          const [cell] = parse(excelLine([text, 'x'], delimiter), {
            delimiter,
            record_delimiter: '\r\n',
          })[0] as [string];
          if (cell === text) expect(text).not.toMatch(/^[=+\-@\t\r]/);
          else expect([`'${text}`, `="${text}"`]).toContain(cell);
          if (cell.startsWith('=')) expect(text).not.toMatch(/["=@]/);
        },
      ),
    );
  });
});
