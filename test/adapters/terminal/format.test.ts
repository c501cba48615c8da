import { expect, test } from 'vitest';
import { formatCount, formatCounted } from '../../../src/core/counted.js';
import { formatDuration, formatTable } from '../../../src/adapters/terminal/format.js';
import { wrap } from '../../../src/core/wrap.js';

test('counts have thousands separators', () => {
  expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
  expect([formatCounted(1, 'row'), formatCounted(2000, 'row')]).toEqual(['1 row', '2,000 rows']);
});

test.each([
  [0, '0 s'],
  [300, 'under 1 s'],
  [12_000, '12 s'],
  [59_999, '1 min'],
  [65_000, '1 min 5 s'],
  [3_600_000, '1 h'],
  [3_605_000, '1 h'],
  [20_000_000, '5 h 33 min'],
  [187_200_000, '2 d 4 h'],
])('%i ms are %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});

test('a table is aligned, and no line of it ends in spaces', () => {
  expect(formatTable([['a', '1'], ['bbb', '100'], ['c']], { right: [1], indent: ' ' })).toEqual([
    ' a      1',
    ' bbb  100',
    ' c',
  ]);
  expect(
    formatTable([
      ['a', 'x'],
      ['bb', ''],
    ]),
  ).toEqual(['a   x', 'bb']);
  expect(formatTable([])).toEqual([]);
});

test('a long text is broken at spaces, a long word is not', () => {
  expect(wrap('aa bb ccccccc d', 6, ' ')).toEqual([' aa bb', ' ccccccc', ' d']);
});
