import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { MUTANTS } from './mutants.js';
import { mutated } from './mutated.js';

it.each(MUTANTS)('the mutant that $name fits the sources', (mutant) => {
  const source = readFileSync(new URL(`../../src/${mutant.file}`, import.meta.url), 'utf8');
  expect(mutated(source, mutant)).not.toBe(source);
});
