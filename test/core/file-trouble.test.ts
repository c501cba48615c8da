import { expect, it } from 'vitest';
import { describeTrouble, describeWriteTrouble } from '../../src/core/file-trouble.js';

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: as the system says it, open '/x'`), { code });
}

it.each([
  ['ENOENT', 'there is no such file (ENOENT)', 'its folder does not exist (ENOENT)'],
  ['EISDIR', 'it is a directory (EISDIR)', 'it is a directory (EISDIR)'],
  ['EODD', "EODD: as the system says it, open '/x'", "EODD: as the system says it, open '/x'"],
])('%s is told in words', (code, reading, writing) => {
  expect(describeTrouble(failure(code))).toBe(reading);
  expect(describeWriteTrouble(failure(code))).toBe(writing);
});

it('what is no error of the system is told as it is', () => {
  expect(describeTrouble(new Error('it is too late'))).toBe('it is too late');
  expect(describeTrouble('odd')).toBe('odd');
});
