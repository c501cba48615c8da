import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  assertParts,
  identifier,
  isWritable,
  keyColumnOf,
  literal,
  parseKey,
  parseTable,
} from '../../src/core/sql-dialect.js';
import { userError } from '../support/user-error.js';

const db = new Sqlite(':memory:');
afterAll(() => {
  db.close();
});

const awkward = fc.string({
  unit: fc.constantFrom("'", '\\', '"', '`', '-', ';', '%', 'ü', '🔑', 'a', ' '),
  maxLength: 8,
});

/** What MySQL's lexer makes of a literal in its default mode, by its manual's section on string literals. */
function readByMysql(text: string): string {
  const inner = /^'((?:[^'\\]|''|\\.)*)'$/su.exec(text)?.[1];
  if (inner === undefined) throw new Error('no single literal');
  return inner.replaceAll(/''|\\(.)/gsu, (found, escaped: string | undefined) => escaped ?? found.slice(1));
}

describe('a literal', () => {
  it('is read back by SQLite as it was, and by the same rules in PostgreSQL', () => {
    fc.assert(
      fc.property(awkward, (text) => {
        expect(
          db
            .prepare(`SELECT ${literal(text, 'sqlite')}`)
            .pluck()
            .get(),
        ).toBe(text);
        expect(literal(text, 'postgres')).toBe(literal(text, 'sqlite'));
      }),
    );
  });

  it('is read back by the rules of MySQL, where a backslash escapes', () => {
    fc.assert(
      fc.property(awkward, (text) => {
        expect(readByMysql(literal(text, 'mysql'))).toBe(text);
      }),
    );
    expect(literal(String.raw`\' OR 1=1 -- `, 'mysql')).toBe(String.raw`'\\'' OR 1=1 -- '`);
  });

  it.each(['a\0b', 'line\nbreak', 'tab\t', '\u007f', '\ud800'])('is not made of %j', (text) => {
    expect(isWritable(text)).toBe(false);
  });
});

describe('a name', () => {
  it('is quoted as its dialect does', () => {
    expect(identifier('a"b`c', 'postgres')).toBe('"a""b`c"');
    expect(identifier('a"b`c', 'mysql')).toBe('`a"b``c`');
  });

  it('is read back by SQLite as it was', () => {
    fc.assert(
      fc.property(awkward, (name) => {
        const [column] = db.prepare(`SELECT 1 AS ${identifier(`${name}x`, 'sqlite')}`).columns();
        expect(column?.name).toBe(`${name}x`);
      }),
    );
  });
});

describe('a table', () => {
  it.each([
    ['users', ['users']],
    ['app.users', ['app', 'users']],
    ['db.app.Users', ['db', 'app', 'Users']],
    ['"my.table"', ['my.table']],
    ['app."a ""b"""', ['app', 'a "b"']],
    ['my table', ['my table']],
  ])('%s', (text, parts) => {
    expect(parseTable(text)).toEqual(parts);
  });

  it.each(['', '.', 'a.', '.a', 'a..b', '"a', 'a"b', '"a"b', 'a\nb', ' a', '""'])('%j is none', (text) => {
    expect(() => parseTable(text)).toThrow('a table, such as');
  });

  it('has as many parts as its dialect knows', () => {
    expect(() => {
      assertParts(['a', 'b', 'c'], 'mysql');
    }).toThrow(userError('usage', 'at most 2 parts'));
    expect(() => {
      assertParts(['a', 'b', 'c'], 'postgres');
    }).not.toThrow();
  });
});

describe('the key', () => {
  const known = ['account_id', 'record_key', 'email', 'user_id'];

  it.each([
    ['user_id', 'user_id'],
    ['id=user_id', 'user_id'],
    ['nylas_account', 'account_id'],
    ['a=b=email', 'email'],
  ])('%s is matched with %s', (text, column) => {
    expect(keyColumnOf(parseKey(text), known)).toBe(column);
  });

  it('names what it can be matched with', () => {
    expect(() => keyColumnOf(parseKey('id=status'), known)).toThrow(
      userError('usage', 'there is account_id, '),
    );
    expect(() => parseKey('id=')).toThrow('COLUMN');
  });
});
