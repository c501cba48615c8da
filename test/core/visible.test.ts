import { expect, it } from 'vitest';
import { visible } from '../../src/core/visible.js';

it.each([
  ['plain ä 漢 שלום 👩', 'plain ä 漢 שלום 👩'],
  ['a\u202eb', 'a\\u{202e}b'],
  ['a\nb\u0000', 'a\\u{a}b\\u{0}'],
  ['\u200b\u2066\ufeff', '\\u{200b}\\u{2066}\\u{feff}'],
  ['half \ud83d', 'half \\u{d83d}'],
])('%j is shown as %s', (text, shown) => {
  expect(visible(text)).toBe(shown);
});
