import { expect, it } from 'vitest';
import { commandLine } from '../../src/core/shell.js';

it('quotes a word for the shell only where it must be', () => {
  const words = ['nylas-migrate', 'users.csv', "bob's file", '', '$HOME', 'a=b'];
  expect(commandLine(words)).toBe(String.raw`nylas-migrate users.csv 'bob'\''s file' '' '$HOME' a=b`);
});
