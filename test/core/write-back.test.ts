import { describe, expect, it } from 'vitest';
import {
  EMPTY_TALLY,
  tallyLines,
  writable,
  writeBackScript,
  type Answer,
} from '../../src/core/write-back.js';

type Given = Omit<Answer, 'isGone'> & Partial<Answer>;

function written(given: readonly Given[], afterSeq = 0): readonly [readonly string[], object] {
  let tally: object = {};
  const answers = given.map((answer) => ({ isGone: 0 as const, ...answer }));
  const grants = [...writable(answers, afterSeq, (counted) => (tally = counted))];
  return [grants.map(({ key, grantId }) => `${key}=${grantId}`), tally];
}

describe('what is written back', () => {
  it('is one grant a key, of which some outcome came after the number', () => {
    const answers = [
      { key: null, grantId: 'g0', seq: 9 },
      { key: null, grantId: 'g1', seq: 2 },
      { key: 'a', grantId: 'g2', seq: 3 },
      { key: 'b', grantId: 'g3', seq: 4 },
      { key: 'b\0', grantId: 'g3', seq: 5 },
    ];
    expect(written(answers, 3)).toEqual([
      ['b=g3'],
      { ...EMPTY_TALLY, written: 1, withoutKey: 1, unwritable: 1 },
    ]);
    expect(written(answers)[0]).toEqual(['a=g2', 'b=g3']);
  });

  it('is nothing for a key of several grants, of which one came before the number', () => {
    const answers = [
      { key: 'team', grantId: 'g1', seq: 3 },
      { key: 'team', grantId: 'g2', seq: 9 },
    ];
    expect(written(answers, 5)).toEqual([[], { ...EMPTY_TALLY, ambiguous: 1 }]);
    expect(written(answers, 9)).toEqual([[], EMPTY_TALLY]);
  });

  it('is no grant that is known to be deleted, and the one that its key has by now', () => {
    const answers = [
      { key: 'a', grantId: 'g1', seq: 3, isGone: 1 as const },
      { key: 'b', grantId: 'g2', seq: 4, isGone: 1 as const },
      { key: 'b', grantId: 'g3', seq: 5 },
    ];
    expect(written(answers)).toEqual([['b=g3'], { ...EMPTY_TALLY, written: 1, gone: 2 }]);
    expect(written(answers, 4)).toEqual([['b=g3'], { ...EMPTY_TALLY, written: 1 }]);
  });

  it('is told of what it left out', () => {
    expect(tallyLines({ written: 1, ambiguous: 2, withoutKey: 1, unwritable: 1, gone: 1 })).toEqual([
      '1 grant id not written: verify found those grants deleted.',
      '2 keys not written: each stands for several grants.',
      '1 grant not written: there is no key.',
      '1 key not written: control characters or no Unicode in it.',
    ]);
  });
});

describe('the script', () => {
  const target = { dialect: 'mysql', table: ['app', 'users'], keyColumn: 'id', setColumn: 'g' } as const;
  const text = (
    grants: readonly { key: string; grantId: string }[],
    head = 'made\nDROP TABLE users;',
  ): string => [...writeBackScript(target, [head], grants, () => ['done'])].join('');

  it('keeps what it is told in comments there, whatever line breaks that holds', () => {
    expect(text([]).split('\n')[0]).toBe('-- made DROP TABLE users;');
  });

  it('of MySQL names its mode, in which backslashes escape, and gives back the earlier one', () => {
    const lines = text([{ key: 'a\\', grantId: 'g' }]).split('\n');
    expect(lines).toContain(
      "SET @nylas_sql_mode = @@SESSION.sql_mode, SESSION sql_mode = 'STRICT_ALL_TABLES';",
    );
    expect(lines).toContain("('a\\\\', 'g');");
    expect(lines).toContain('SET SESSION sql_mode = @nylas_sql_mode;');
    expect(lines).toContain(
      'UPDATE `app`.`users` AS t JOIN `app`.nylas_grants AS w ON t.`id` = w.match_key AND CAST(t.`id` AS CHAR) = CAST(w.match_key AS CHAR) COLLATE utf8mb4_bin',
    );
    expect(lines).toContain("SET t.`g` = w.grant_id WHERE (t.`g` IS NULL OR CAST(t.`g` AS CHAR) = '');");
  });

  it('opens no transaction where there is nothing to write', () => {
    expect(text([])).not.toContain('TRANSACTION');
  });
});
