import { expect, test } from 'vitest';
import { parseHttpDate } from '../../src/core/http-date.js';

const AT_MS = Date.UTC(1994, 10, 6, 8, 49, 37);

test.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
  '%s',
  (text) => {
    expect(parseHttpDate(text)).toBe(AT_MS);
  },
);

test.each(['', 'noon', 'garbage 1', '7', '1994-11-06', 'Sun, 99 Foo 1994 99:99:99 GMT'])(
  '“%s” is none',
  (text) => {
    expect(parseHttpDate(text)).toBeNaN();
  },
);
