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
  it('are counted since the lane’s last success, of that lane alone', async () => {
    expect(story.ledger.withoutSuccess(GOOGLE)).toBe(0);
    await refuse('a');
    await refuse('m', 'microsoft');
    await story.migrate({ key: 'b' });
    await refuse('c');
    await refuse('d');
    expect(story.ledger.withoutSuccess(GOOGLE)).toBe(2);
    expect(story.ledger.withoutSuccess(MICROSOFT)).toBe(1);
    expect(story.ledger.withoutSuccess({ ...GOOGLE, credentialId: 'old-app' })).toBe(0);
  });

  it('are none where nothing was answered: a doubt, a 429', async () => {
    await story.doubt({ key: 'a' }, 0);
    await story.throttle({ key: 'b' }, 0);
    expect(story.ledger.withoutSuccess(GOOGLE)).toBe(0);
  });

  it('an adopted grant is a success', async () => {
    await refuse('a');
    const grant = { id: 'g', status: 'valid', email: null, scope: null, origin: 'adopted' as const };
    await story.submit({ key: 'b' }, 'granted', {}, migrated(grant, true));
    expect(story.ledger.withoutSuccess(GOOGLE)).toBe(0);
  });
});

describe('a lane that is reconsidered', () => {
  it('takes back what failed since its last success, and nothing else', async () => {
    await refuse('before');
    await story.migrate({ key: 'success' });
    await refuse('after');
    await refuse('other', 'microsoft');
    await story.refuse({ key: 'mismatch' }, 'email_mismatch');
    expect(await story.ledger.reconsider(story.runId, GOOGLE)).toBe(1);
    expect(states()).toEqual({
      before: 'failed needs_reauth',
      success: 'migrated -',
      after: 'pending misconfigured',
      other: 'failed needs_reauth',
      mismatch: 'failed email_mismatch',
    });
  });

  it('counts as this run’s only what this run brought to its end', async () => {
    await refuse('earlier');
    story.end();
    story.close();
    story = new Story(folder.path('a.db'));
    await refuse('now');
    expect(await story.ledger.reconsider(story.runId, GOOGLE)).toBe(1);
    expect(states()).toEqual({ earlier: 'pending misconfigured', now: 'pending misconfigured' });
  });
});
