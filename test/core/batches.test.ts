import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inBatches } from '../../src/core/batches.js';

test('batches hold every item once, in order, and all but the last are full', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 9 }), (items, size) => {
      const batches = [...inBatches(items, size)];
      expect(batches.flat()).toEqual(items);
      for (const batch of batches.slice(0, -1)) expect(batch).toHaveLength(size);
      expect(batches.every(({ length }) => length > 0 && length <= size)).toBe(true);
    }),
  );
});
