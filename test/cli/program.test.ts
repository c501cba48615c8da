import { expect, test } from 'vitest';
import { describeBug } from '../../src/cli/program.js';

const KEY = 'nyk_v0_planted-api-key';
const SECRET = 'planted-refresh-token';
const shell = { env: { NYLAS_API_KEY: KEY }, version: '1.2.3' };

test('a bug is described by its kind and by where it struck', () => {
  const text = describeBug(new TypeError('whatever'), shell);
  expect(text).toContain('nylas-migrate 1.2.3 (TypeError)');
  expect(text).toMatch(/^ {4}at .*program\.test\.ts:\d+:\d+\)?$/m);
});

const renamed = Object.assign(new Error('x'), { name: SECRET });
const changed = Object.assign(new Error(SECRET), { message: 'x' });
const framed = new Error(`${SECRET}\n    at ${SECRET} (file:///${SECRET}:1:1)`);
const without = Object.assign(new Error(SECRET), { stack: `    at ${SECRET}` });

test.each<readonly [string, unknown]>([
  ['its message', new Error(SECRET)],
  ['its message, made to look like a place', framed],
  ['its name', renamed],
  ['a message that was changed later', changed],
  ['its stack', without],
  ['what was thrown instead of an error', SECRET],
  ['the same', { message: SECRET, stack: SECRET }],
])('and not by %s', (_what, error) => {
  const text = describeBug(error, shell);
  expect(text).toContain('This is a bug');
  expect(text).not.toContain(SECRET);
});
