import { describe, expect, test } from 'vitest';
import { rowSource, type Rows } from '../../src/adapters/rows/index.js';
import type { RawRow } from '../../src/core/record.js';
import type { OpenSource } from '../../src/ports/source.js';
import { userError } from '../support/user-error.js';

const ada = { provider: 'google', email: 'ada@example.com', refresh_token: '1//0ada' };
const bob = { provider: 'google', email: 'bob@example.com', refresh_token: '1//0bob' };

const sourceOf = (rows: Rows, carry: readonly string[] = []) => rowSource(rows, { carry, identify: null });

async function batchesOf(open: OpenSource): Promise<(readonly RawRow[])[]> {
  const batches: (readonly RawRow[])[] = [];
  for await (const batch of open.batches) batches.push(batch);
  return batches;
}

function* twoUsers(): Generator<typeof ada> {
  yield* [ada, bob];
}

describe('rows of a program as a source', () => {
  test.each<[string, () => Rows]>([
    ['an array', () => [ada, bob]],
    ['a function', () => () => twoUsers()],
  ])('can be opened again where they are %s', async (_, rows) => {
    const source = sourceOf(rows());
    for (let pass = 1; pass <= 2; pass += 1) {
      const batches = await batchesOf(await source.open());
      expect(batches.flat().map(({ line, fields }) => [line, fields[1]])).toEqual([
        [1, 'ada@example.com'],
        [2, 'bob@example.com'],
      ]);
    }
  });

  test('can be opened once where they are an iterable that ends', async () => {
    const source = sourceOf(twoUsers());
    await batchesOf(await source.open());
    await expect(source.open()).rejects.toThrow(userError('usage', 'read only once'));
  });

  test('come in large batches from a fast producer, and at once from a slow one', async () => {
    const many = await batchesOf(await sourceOf(Array.from({ length: 1_201 }, () => ada)).open());
    expect(many.map(({ length }) => length)).toEqual([1, 500, 500, 200]);
    let goOn = (): void => undefined;
    const slow = async function* (): AsyncGenerator<typeof ada> {
      yield* [ada, bob];
      await new Promise<void>((resolve) => (goOn = resolve));
      yield ada;
    };
    const open = await sourceOf(slow()).open();
    const batches = open.batches[Symbol.asyncIterator]();
    const lines = async () => ((await batches.next()).value as readonly RawRow[]).map(({ line }) => line);
    expect([await lines(), await lines()]).toEqual([[1], [2]]);
    goOn();
    expect(await lines()).toEqual([3]);
    expect((await batches.next()).done).toBe(true);
  });

  test('end when they are closed, though their producer keeps silent, and let go of it', async () => {
    let isReleased = false;
    let asked = 0;
    const rows = {
      [Symbol.asyncIterator]: (): AsyncIterator<typeof ada> => ({
        next: () => {
          asked += 1;
          return asked === 1 ? Promise.resolve({ done: false, value: ada }) : new Promise(() => undefined);
        },
        return: () => {
          isReleased = true;
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
    const open = await sourceOf(rows).open();
    const batches = batchesOf(open);
    await expect.poll(() => asked).toBe(2);
    await open.close();
    expect((await batches).flat()).toHaveLength(1);
    expect(isReleased).toBe(true);
  });

  test('have a digest of what isn’t secret', async () => {
    const digestOf = async (rows: Rows): Promise<string> => {
      const open = await sourceOf(rows).open();
      await batchesOf(open);
      return open.digest().sha256;
    };
    const first = await digestOf([ada]);
    expect(await digestOf([{ ...ada, refresh_token: '1//0other' }])).toBe(first);
    expect(await digestOf([{ ...ada, email: 'eve@example.com' }])).not.toBe(first);
  });

  test('take values of the kinds that databases give', async () => {
    const row = { ...ada, imap_port: 993, id: 17n, at: new Date(0), scope: ['a', 'b'], state: null };
    const open = await sourceOf([row], ['left_out']).open();
    const [batch = []] = await batchesOf(open);
    const valueOf = (name: string) => batch[0]?.fields[open.header.indexOf(name)];
    const named = ['imap_port', 'id', 'at', 'scope', 'state', 'left_out'].map(valueOf);
    expect(named).toEqual(['993', '17', '1970-01-01T00:00:00.000Z', 'a b', '', '']);
  });

  test('that are no iterable are refused', async () => {
    await expect(sourceOf(17 as unknown as Rows).open()).rejects.toThrow(userError('usage', 'no iterable'));
  });
});
