import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openReader } from '../../../src/adapters/sqlite/reader.js';
import { migrated } from '../../../src/core/change.js';
import { makeFolder, Story } from '../../support/ledger.js';

const GOOGLE = { provider: 'google', credentialId: null } as const;
const MICROSOFT = { provider: 'microsoft', credentialId: null } as const;

let folder: ReturnType<typeof makeFolder>;
let story: Story;

beforeEach(() => {
  folder = makeFolder();
  story = new Story(folder.path('a.db'));
});

afterEach(() => {
  story.close();
  folder.remove();
});

const refuse = (key: string, provider: 'google' | 'microsoft' = 'google'): Promise<void> =>
  story.refuse({ key, provider }, 'needs_reauth');

/** Key → status and category. */
function states(): Readonly<Record<string, string>> {
  const reader = openReader(folder.path('a.db'));
  try {
    const records = [...reader.records({ statuses: null, categories: null })];
    return Object.fromEntries(
      records.map(({ key, status, category }) => [key, `${status} ${category ?? '-'}`]),
    );
  } finally {
    reader.close();
  }
}

describe('outcomes without a success', () => {
  it('are counted by lane', async () => {
    expect(story.ledger.withoutSuccess(GOOGLE)).toBe(0);
    await refuse('a');
    await refuse('b');
    await refuse('m', 'microsoft');
    expect(story.ledger.withoutSuccess(GOOGLE)).toBe(2);
    expect(story.ledger.withoutSuccess(MICROSOFT)).toBe(1);
    expect(story.ledger.withoutSuccess({ ...GOOGLE, credentialId: 'old-app' })).toBe(0);
  });

  it('are none where nothing was answered: a doubt, a 429', async () => {
    await story.doubt({ key: 'a' }, 0);
    await story.throttle({ key: 'b' }, 0);
    expect(story.ledger.withoutSuccess(GOOGLE)).toBe(0);
  });

  it.each(['granted', 'granted_other'])(
    'are forgotten once one was %s: the credentials work',
    async (result) => {
      await refuse('a');
      const grant = { id: 'g', status: 'valid', email: null, scope: null, origin: 'created' as const };
      await story.submit({ key: 'b' }, result, {}, migrated(grant, true));
      await refuse('c');
      expect(story.ledger.withoutSuccess(GOOGLE)).toBe(0);
      expect(await story.ledger.reconsider(story.runId, GOOGLE)).toBe(0);
    },
  );
});

describe('a lane that is reconsidered', () => {
  it('takes back what failed in it, and nothing else; what this run brought to its end is counted', async () => {
    await refuse('earlier');
    story.end();
    story.close();
    story = new Story(folder.path('a.db'));
    await refuse('now');
    await refuse('other', 'microsoft');
    expect(await story.ledger.reconsider(story.runId, GOOGLE)).toBe(1);
    expect(states()).toEqual({
      earlier: 'pending misconfigured',
      now: 'pending misconfigured',
      other: 'failed needs_reauth',
    });
  });
});
