import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeenKeys } from '../../src/core/seen.js';

test('a key is told by the line it was first seen on', () => {
  const seen = new SeenKeys();
  expect(seen.firstLine('a')).toBeNull();
  expect(seen.note('a', 2)).toBeNull();
  expect(seen.note('a', 9)).toBe(2);
  seen.add('a', 11);
  seen.add('b', 12);
  expect([seen.firstLine('a'), seen.firstLine('b'), seen.size]).toEqual([2, 12, 2]);
});

test('a line that does not count from 1 is a mistake of the caller', () => {
  expect(() => new SeenKeys().note('a', 0)).toThrow(RangeError);
});

test('any keys are remembered as a map would, whatever they have in common', () => {
  const key = fc.oneof(fc.string(), fc.constantFrom('', 'a', 'aa', 'b', 'ab', 'ba', '\0', '\0\0', 'ä'));
  fc.assert(
    fc.property(fc.array(key), (keys) => {
      const seen = new SeenKeys();
      const model = new Map<string, number>();
      for (const [index, name] of keys.entries()) {
        expect(seen.note(name, index + 1)).toBe(model.get(name) ?? null);
        if (!model.has(name)) model.set(name, index + 1);
      }
      expect(seen.size).toBe(model.size);
    }),
  );
});

test('growing forgets nothing and invents nothing', () => {
  const seen = new SeenKeys();
  const count = 300_000;
  for (let line = 1; line <= count; line++) expect(seen.note(`account-${line}`, line)).toBeNull();
  let wrong = 0;
  for (let line = 1; line <= count; line++) if (seen.firstLine(`account-${line}`) !== line) wrong += 1;
  for (let line = 1; line <= count; line++) if (seen.firstLine(`other-${line}`) !== null) wrong += 1;
  expect({ wrong, size: seen.size }).toEqual({ wrong: 0, size: count });
});
