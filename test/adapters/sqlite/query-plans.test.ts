import Sqlite from 'better-sqlite3';
import { expect, it } from 'vitest';
import { migrateSchema } from '../../../src/adapters/sqlite/schema.js';
import { prepareLookUps } from '../../../src/adapters/sqlite/writes.js';

function plansOf(): Record<string, string> {
  const db = new Sqlite(':memory:');
  migrateSchema(db, 0);
  const plan = (sql: string): string =>
    db
      .prepare<[string], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .all('[]')
      .map(({ detail }) => detail)
      .join('\n');
  const { lookUp, holders, doubts, seen } = prepareLookUps(db);
  return {
    lookUp: plan(lookUp.source),
    holders: plan(holders.source),
    doubts: plan(doubts.source),
    seen: plan(seen.source),
  };
}

it('a batch is looked up by key and by mailbox, and never by walking the ledger', () => {
  const { lookUp, holders, doubts, seen } = plansOf();
  expect(lookUp).toContain('SEARCH records USING INDEX');
  expect(holders).toContain('records_by_mailbox (mailbox=? AND provider=?)');
  expect(doubts).toContain('records_by_mailbox (mailbox=? AND provider=?)');
  expect(seen).toContain('grants_seen_by_mailbox (mailbox=? AND provider=?)');
});
