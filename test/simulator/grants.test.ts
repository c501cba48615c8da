import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GrantStore, type Authentication, type GrantQuery } from '../../src/simulator/grants.js';

function authentication(email: string, more: Partial<Authentication> = {}): Authentication {
  const plain = {
    scope: [],
    status: 'valid',
    state: null,
    credentialId: null,
    aliases: [],
    dead: false,
  } as const;
  return { provider: 'google', mailbox: email, email, ...plain, ...more };
}

function query(filter: GrantQuery['filter'], more: Partial<GrantQuery> = {}): GrantQuery {
  return { filter, sortBy: 'created_at', orderBy: 'desc', limit: 10, offset: 0, ...more };
}

describe('a mailbox that authenticates again', () => {
  test('keeps its id, created_at and state, and becomes valid and newer', () => {
    const store = new GrantStore('app');
    const first = store.upsert(authentication('Ada@example.com', { state: 'one', status: 'invalid' }), 100);
    const second = store.upsert(authentication('ada@EXAMPLE.com', { state: 'two' }), 200);
    expect([first.created, second.created]).toEqual([true, false]);
    expect(second.grant).toMatchObject({ id: first.grant.id, created_at: 100, state: 'one' });
    expect(second.grant).toMatchObject({ updated_at: 200, grant_status: 'valid' });
    expect(store.all()).toHaveLength(1);
  });

  test('gets another id once its grant was deleted', () => {
    const store = new GrantStore('app');
    const { grant } = store.upsert(authentication('ada@example.com'), 100);
    expect(store.remove(grant.id)).toBe(true);
    const again = store.upsert(authentication('ada@example.com'), 200);
    expect(again).toMatchObject({ created: true, grant: { created_at: 200 } });
    expect(again.grant.id).not.toBe(grant.id);
  });

  test('is another mailbox with another provider', () => {
    const store = new GrantStore('app');
    store.upsert(authentication('ada@example.com'), 100);
    expect(store.upsert(authentication('ada@example.com', { provider: 'zoom' }), 100).created).toBe(true);
  });
});

test('ids depend on application and mailbox, not on the order of requests', () => {
  const ids = (application: string, emails: string[]) => {
    const store = new GrantStore(application);
    return emails.map((email) => store.upsert(authentication(email), 1).grant.id).toSorted();
  };
  expect(ids('app', ['a@x.org', 'b@x.org'])).toEqual(ids('app', ['b@x.org', 'a@x.org']));
  expect(ids('app', ['a@x.org'])).not.toEqual(ids('other', ['a@x.org']));
});

describe('a listing', () => {
  const store = new GrantStore('app');
  for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) {
    store.upsert(authentication(`${name}@x.org`), 100 + index);
  }
  store.upsert(authentication('a@x.org'), 900);
  const emails = (asked: GrantQuery) => store.list(asked).map(({ email }) => email?.slice(0, 1));

  test('is newest first, in pages', () => {
    expect(emails(query({}, { limit: 3 }))).toEqual(['d', 'c', 'b']);
    expect(emails(query({}, { limit: 3, offset: 3 }))).toEqual(['a']);
    expect(emails(query({}, { offset: 4 }))).toEqual([]);
  });

  test('sorts by either time, in either direction', () => {
    expect(emails(query({}, { orderBy: 'asc' }))).toEqual(['a', 'b', 'c', 'd']);
    expect(emails(query({}, { sortBy: 'updated_at' }))).toEqual(['a', 'd', 'c', 'b']);
  });

  test('filters on created_at inclusively, and on email without regard to case', () => {
    expect(emails(query({ since: 101, before: 102 }))).toEqual(['c', 'b']);
    expect(emails(query({ email: 'A@X.ORG' }))).toEqual(['a']);
    expect(emails(query({ email: 'a@x.org', provider: 'zoom' }))).toEqual([]);
  });

  test('shows a change that came after an earlier page', () => {
    const changing = new GrantStore('app');
    changing.upsert(authentication('a@x.org'), 1);
    expect(changing.list(query({}))).toHaveLength(1);
    changing.upsert(authentication('b@x.org'), 2);
    expect(changing.list(query({}))).toHaveLength(2);
  });
});

/** What may befall a store: somebody authenticates so many seconds later, or earlier, is deleted, or was there before. */
const EVENT = fc.record({
  kind: fc.constantFrom('authenticate', 'authenticate', 'remove', 'plant'),
  who: fc.nat({ max: 4 }),
  laterS: fc.integer({ min: -2, max: 3 }),
});
const QUERY = fc.record({
  filter: fc.record({
    since: fc.option(fc.integer({ min: 95, max: 120 }), { nil: undefined }),
    before: fc.option(fc.integer({ min: 95, max: 120 }), { nil: undefined }),
    grant_status: fc.option(fc.constantFrom('valid', 'invalid'), { nil: undefined }),
  }),
  sortBy: fc.constantFrom('created_at', 'updated_at'),
  orderBy: fc.constantFrom('asc', 'desc'),
  limit: fc.integer({ min: 1, max: 4 }),
  offset: fc.nat({ max: 4 }),
});

test('a page is what sorting all that matches would give, whatever happened before and between', () => {
  const steps = fc.array(fc.record({ event: EVENT, asked: QUERY }), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (events) => {
      const store = new GrantStore('app');
      let nowS = 100;
      for (const { event, asked } of events) {
        nowS += event.laterS;
        befall(store, event, nowS);
        expect(store.list(asked)).toEqual(sortedPage(store, asked));
      }
    }),
    { numRuns: 300 },
  );
});

function befall(store: GrantStore, { kind, who }: { kind: string; who: number }, nowS: number): void {
  const email = `${who}@x.org`;
  const status = who % 2 === 0 ? 'valid' : 'invalid';
  if (kind === 'authenticate') store.upsert(authentication(email, { status }), nowS);
  else if (kind === 'plant') store.plant({ provider: 'google', email: `planted.${email}`, id: email }, nowS);
  else store.remove(store.all()[who]?.id ?? '');
}

function sortedPage(store: GrantStore, { filter, sortBy, orderBy, limit, offset }: GrantQuery) {
  const { since = 0, before = Infinity, grant_status } = filter;
  const matching = store
    .all()
    .filter(({ created_at }) => created_at >= since && created_at <= before)
    .filter((grant) => grant_status === undefined || grant.grant_status === grant_status);
  const ascending = matching.toSorted((a, b) => a[sortBy] - b[sortBy]);
  return (orderBy === 'asc' ? ascending : ascending.toReversed()).slice(offset, offset + limit);
}
