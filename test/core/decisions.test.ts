import { describe, expect, it } from 'vitest';
import { readColumns, readWish } from '../../src/core/decisions.js';

const fields = (given: Readonly<Record<string, string>>) => (column: string) => given[column] ?? '';
const BY = { by: 'ada', why: 'asked them' };

describe('a decision in a CSV', () => {
  it('is read, its own words before those of the command line', () => {
    const wish = readWish(
      7,
      fields({ key: ' acc-1 ', decision: 'Grant', grant_id: 'g-1', why: 'ticket 12' }),
      BY,
    );
    const said = { by: 'ada', why: 'ticket 12' };
    expect(wish).toEqual({ line: 7, key: 'acc-1', decision: 'grant', grantId: 'g-1', ...said });
  });

  it('says everything that is wrong with it at once', () => {
    const wish = readWish(2, fields({ decision: 'maybe' }), { by: null, why: null });
    expect(wish).toHaveLength(4);
  });

  it.each([
    ['a grant without an id', { key: 'a', decision: 'grant' }, 'needs a grant_id'],
    ['an id that would be passed over', { key: 'a', decision: 'accept', grant_id: 'g' }, 'takes no grant_id'],
  ])('refuses %s', (_what, given, says) => {
    expect(readWish(2, fields(given), BY)).toEqual([expect.stringContaining(says)]);
  });

  it('is found by its columns, in whatever order and case, record_key being the key', () => {
    const { places, problems } = readColumns(['Why', 'note', 'record_key', 'DECISION']);
    expect(problems).toEqual([]);
    expect([...places]).toEqual([
      ['why', 0],
      ['key', 2],
      ['decision', 3],
    ]);
  });

  it('needs a column for the record and one for the decision, each once', () => {
    expect(readColumns(['email', 'why', 'why']).problems).toHaveLength(3);
  });
});
