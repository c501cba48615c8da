import { expect, it } from 'vitest';
import { printable } from '../../../src/adapters/terminal/printable.js';

it.each([
  ['a colour', '\u001b[31mred\u001b[0m', 'red'],
  ['a title and a link', '\u001b]0;owned\u0007text', 'text'],
  ['a C1 control', 'a\u009b31mb', 'ab'],
  ['lines and tabs', 'one\r\n\ttwo\u2028three', 'one two three'],
  ['a bell and a backspace', 'a\u0007\b\bz', 'a z'],
  ['text that runs backwards', 'user\u202Egpj.exe', 'user gpj.exe'],
  ['letters of any language', 'Jürgen 名前 ✓', 'Jürgen 名前 ✓'],
])('shows %s as plain text', (_what, text, shown) => {
  expect(printable(text)).toBe(shown);
});
