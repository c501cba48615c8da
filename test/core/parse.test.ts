import { describe, expect, it } from 'vitest';
import {
  parseChoice,
  parseCount,
  parseDuration,
  parseList,
  parseNumber,
  parsePair,
  parseShare,
  parseText,
} from '../../src/core/parse.js';

describe('a duration', () => {
  it.each([
    ['60s', 60_000],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['500ms', 500],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['1 h 30 m', 5_400_000],
    ['0s', 0],
  ])('%s', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each(['', '60', 's', 'soon', '5 apples', '1h!', '-5s'])('not %j', (text) => {
    expect(() => parseDuration(text)).toThrow('a duration such as');
  });
});

describe('numbers', () => {
  it('a count is whole and within its bounds', () => {
    const parse = parseCount(1, 100);
    expect(parse(' 7 ')).toBe(7);
    for (const text of ['0', '101', '1.5', '-3', '', '1e1', 'x'])
      expect(() => parse(text), text).toThrow('1 to 100');
  });

  it('a number may have a fraction', () => {
    const parse = parseNumber(0, 50);
    expect(parse('2.5')).toBe(2.5);
    for (const text of ['-1', '51', '', 'NaN', 'Infinity'])
      expect(() => parse(text), text).toThrow('0 to 50');
  });

  it('a share is given in percent or as a fraction', () => {
    expect(parseShare('1%')).toBe(0.01);
    expect(parseShare('0.25')).toBe(0.25);
    expect(parseShare('100 %')).toBe(1);
    for (const text of ['0', '0%', '101%', '2', '', 'some'])
      expect(() => parseShare(text), text).toThrow('a share');
  });
});

describe('words', () => {
  it('a choice is one of its words, in any case', () => {
    const parse = parseChoice(['hold', 'accept']);
    expect(parse(' Hold ')).toBe('hold');
    expect(() => parse('drop')).toThrow('one of hold, accept');
  });

  it('a list is separated by commas', () => {
    expect(parseList(parseText)('a, b,,c ')).toEqual(['a', 'b', 'c']);
  });

  it('a pair is split at its first equals sign', () => {
    expect(parsePair('email = E=Mail')).toEqual(['email', 'E=Mail']);
    for (const text of ['email', '=x', 'email=', ''])
      expect(() => parsePair(text), text).toThrow('NAME=VALUE');
  });

  it('a text is not blank', () => {
    expect(parseText(' a ')).toBe('a');
    expect(() => parseText('  ')).toThrow('some text');
  });
});
