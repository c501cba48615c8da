import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openReader } from '../../../src/adapters/sqlite/reader.js';
import { NO_EVIDENCE } from '../../../src/core/outcome.js';
import { migrated } from '../../../src/core/change.js';
import type { LedgerFigures } from '../../../src/ports/ledger-reader.js';
import { BEGAN_AT_MS, entryOf, makeFolder, Story } from '../../support/ledger.js';

let folder: ReturnType<typeof makeFolder>;
let path: string;

beforeEach(() => {
  folder = makeFolder();
  path = folder.path('acme.db');
});

afterEach(() => {
  folder.remove();
});

function figures(): LedgerFigures {
  const reader = openReader(path);
  onTestFinished(() => {
    reader.close();
  });
  return reader.figures();
}

const GRANT = { id: 'g', status: 'valid', email: null, scope: null, origin: 'created' } as const;

/** A submission that began and ended then, milliseconds after the run's beginning. */
async function submit(story: Story, key: string, fromMs: number, toMs: number, result: string) {
  const entry = entryOf({ key, atMs: BEGAN_AT_MS + fromMs });
  const id = await story.ledger.intend(story.runId, 'submit', entry);
  const latencyMs = result === 'not_sent' ? null : toMs - fromMs;
  const end = { endedAtMs: BEGAN_AT_MS + toMs, result, evidence: NO_EVIDENCE, latencyMs };
  await story.ledger.conclude(id, end, migrated(GRANT, true));
}

describe('figures over a ledger', () => {
  it('count who lacks a grant by mail domain, over all providers, the largest first', async () => {
    const story = new Story(path);
    const people = [
      ['a', 'a@one.example', 'google'],
      ['b', 'B@One.Example', 'microsoft'],
      ['c', 'c@two.example', 'google'],
      ['d', 'd@three.example', 'google'],
      ['e', null, 'zoom'],
    ] as const;
    for (const [key, email, provider] of people) await story.refuse({ key, email, provider }, 'needs_admin');
    await story.refuse({ key: 'x', email: 'no address', provider: 'virtual-calendar' }, 'rejected');
    await story.migrate({ key: 'f', email: 'f@one.example' });
    story.endAndClose();
    const told = figures()
      .domains(2)
      .map(({ category, domain, records, providers, domains }) => [
        category,
        domain,
        records,
        providers,
        domains,
      ]);
    expect(told).toEqual([
      ['needs_admin', 'one.example', 2, 'google,microsoft', 3],
      ['needs_admin', null, 1, 'zoom', 3],
      ['rejected', null, 1, 'virtual-calendar', 0],
    ]);
  });

  it('tell each run’s requests by when they left, but those that never did', async () => {
    const story = new Story(path);
    await submit(story, 'ada', 0, 400, 'granted');
    await submit(story, 'bob', 1_100, 2_500, 'granted');
    await submit(story, 'eve', 200, 9_000, 'not_sent');
    await story.ledger.intend(story.runId, 'submit', entryOf({ key: 'ian', atMs: BEGAN_AT_MS + 3_000 }));
    const { runId } = story;
    story.endAndClose();
    const all = figures();
    expect(all.activity()).toEqual([
      { runId, firstAtMs: BEGAN_AT_MS, lastAtMs: BEGAN_AT_MS + 3_000, attempts: 3 },
    ]);
    expect(all.slots([{ runId, fromMs: BEGAN_AT_MS, slotMs: 1_000 }])).toEqual([
      { runId, slot: 0, outcome: 'granted', count: 1 },
      { runId, slot: 1, outcome: 'granted', count: 1 },
    ]);
    expect(all.latencies()).toEqual([
      { latencyMs: 400, count: 1 },
      { latencyMs: 1_400, count: 1 },
    ]);
    expect(all.attempts()).toEqual([
      { attempts: 0, records: 1 },
      { attempts: 1, records: 3 },
    ]);
  });

  it('give the first records of a state, those without a category apart', async () => {
    const story = new Story(path);
    await story.throttle({ key: 'ada' }, 0);
    await story.ledger.hold(story.runId, entryOf({ key: 'bob' }));
    await story.ledger.hold(story.runId, entryOf({ key: 'eve' }));
    story.endAndClose();
    const keys = (category: 'throttled' | null, countMax: number): string[] =>
      [...figures().sample({ status: 'pending', category, countMax })].map(({ key }) => key);
    expect(keys(null, 9)).toEqual(['bob', 'eve']);
    expect(keys(null, 1)).toEqual(['bob']);
    expect(keys('throttled', 9)).toEqual(['ada']);
  });
});
