import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LeftRows } from '../../src/core/left-rows.js';

test('rows that were left out are found again by their line, if they still have their key', () => {
  const lines = fc.uniqueArray(fc.integer({ min: 2, max: 20_000 }), { maxLength: 3_000 });
  fc.assert(
    fc.property(lines, (given) => {
      const ascending = [...given].sort((a, b) => a - b);
      const left = new LeftRows();
      for (const line of ascending) left.add(line, `key-${line}`);
      expect(left.size).toBe(ascending.length);
      const found: number[] = [];
      for (let line = 2; line <= 20_000; line += 1) {
        if (!left.has(line)) continue;
        found.push(line);
        expect(left.isStill(`key-${line}`)).toBe(true);
        expect(left.isStill('another')).toBe(false);
      }
      expect(found).toEqual(ascending);
    }),
    { numRuns: 20 },
  );
});
