import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatCount, formatCounted } from '../../src/core/counted.js';

test('writes whole numbers with commas, as English does', () => {
  const english = new Intl.NumberFormat('en-US');
  fc.assert(
    fc.property(fc.oneof(fc.nat(), fc.maxSafeInteger()), (count) => {
      expect(formatCount(count)).toBe(english.format(count));
    }),
    { examples: [[0], [999], [1_000], [999_999], [1_000_000], [-1_000], [-100]] },
  );
});

test('counts one thing and many', () => {
  expect(formatCounted(1, 'row')).toBe('1 row');
  expect(formatCounted(0, 'row')).toBe('0 rows');
  expect(formatCounted(2_000, 'query', 'queries')).toBe('2,000 queries');
});
