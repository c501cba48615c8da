import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openMetrics } from '../../src/adapters/metrics/index.js';
import type { Metrics, MetricsFigures } from '../../src/ports/observer.js';
import type { Snapshot } from '../../src/ports/progress.js';
import { fault, reply } from '../support/answers.js';
import { testFolder } from '../support/cli.js';
import { hasPromtool, parseMetrics, promtool, valueOf, type Sample } from '../support/prometheus.js';

const LANE = { provider: 'microsoft', credentialId: null } as const;

const SNAPSHOT: Snapshot = {
  balance: {
    read: 10,
    buckets: {
      ...{ migrated: 6, failed: 1, already_done: 2, duplicate: 0, skipped: 0 },
      ...{ waiting: 1, in_doubt: 0, held_back: 0, out_of_scope: 0, invalid: 0 },
    },
  },
  inFlight: 3,
  inFlightMax: 80,
  nextDueInMs: null,
  waiting: 1,
  pace: { askedPerSecond: 45, targetPerSecond: 22.5, held: null, heldLanes: [], stoppedLanes: [] },
  held: {
    throttledHits: 1,
    throttledMs: 1_500,
    outageMs: 60_000,
    lanes: [
      { ...LANE, heldMs: 2_000 },
      { ...LANE, credentialId: 'cred-1', heldMs: 500 },
    ],
  },
  share: 0.25,
  elapsedMs: 60_000,
  requests: 12,
  requestsPerSecond: 20.5,
  latencyP50Ms: 900,
};

const FIGURES: MetricsFigures = {
  nowMs: 1_800_000_000_000,
  startedAtMs: 1_799_999_940_000,
  endedAtMs: null,
  exitCode: null,
  runId: 7,
  lastGrantAtMs: 1_799_999_999_500,
  estimatedEndAtMs: 1_800_000_180_000,
  snapshot: SNAPSHOT,
  ledger: {
    counts: [
      { status: 'migrated', provider: 'google', category: null, count: 8 },
      { status: 'failed', provider: 'imap', category: 'needs_reauth', count: 2 },
    ],
    lastSuccessAtMs: 1_799_900_000_000,
    isHeld: true,
  },
};

function open(folder: string, file = join(folder, 'm.prom')): { file: string; metrics: Metrics } {
  return { file, metrics: openMetrics({ file, ledgerPath: join(folder, 'a "b" c.db'), version: '1.2.3' }) };
}

async function written(
  figures: Partial<MetricsFigures> = {},
  act: (metrics: Metrics) => void = () => undefined,
): Promise<{ text: string; samples: readonly Sample[] }> {
  const { file, metrics } = open(testFolder());
  act(metrics);
  await metrics.write({ ...FIGURES, ...figures });
  const text = readFileSync(file, 'utf8');
  return { text, samples: parseMetrics(text) };
}

function count(metrics: Metrics): void {
  metrics.answered(reply(201, {}, { latencyMs: 300 }));
  metrics.answered(reply(429, { error: { type: 'api.rate_limit_error', message: 'x' } }, { latencyMs: 40 }));
  metrics.answered({ ...fault('timeout', true), latencyMs: 60_000 });
  metrics.ended('google', { kind: 'throttled', by: 'application', retryAfter: null });
  metrics.ended('google', { kind: 'throttled', by: 'provider', retryAfter: '1' });
  metrics.ended('imap', { kind: 'in_doubt' });
}

const at = (samples: readonly Sample[], name: string, labels = {}): number | null =>
  valueOf(samples, name, labels);

describe('the figures of a run', () => {
  it('hold its ledger, its pace and its times, in base units', async () => {
    const { samples } = await written();
    expect(at(samples, 'records', { status: 'migrated', provider: 'google', category: '' })).toBe(8);
    expect(at(samples, 'records', { status: 'failed', provider: 'imap', category: 'needs_reauth' })).toBe(2);
    expect(at(samples, 'run_rows', { result: 'migrated' })).toBe(6);
    expect(at(samples, 'in_flight')).toBe(3);
    expect(at(samples, 'rate_asked')).toBe(45);
    expect(at(samples, 'rate_target')).toBe(22.5);
    expect(at(samples, 'rate_achieved')).toBe(20.5);
    expect(at(samples, 'held_seconds_total', { reason: 'throttled' })).toBe(1.5);
    expect(at(samples, 'held_seconds_total', { reason: 'outage' })).toBe(60);
    expect(at(samples, 'held_seconds_total', { reason: 'provider', provider: 'microsoft' })).toBe(2.5);
    expect(at(samples, 'last_grant_timestamp_seconds')).toBe(1_799_999_999.5);
    expect(at(samples, 'last_success_timestamp_seconds')).toBe(1_799_900_000);
    expect(at(samples, 'estimated_end_timestamp_seconds')).toBe(1_800_000_180);
    expect(at(samples, 'run_info', { run: '7', version: '1.2.3' })).toBe(1);
    expect(at(samples, 'running')).toBe(1);
  });

  it('count requests, attempts, throttling by its origin, and latencies', async () => {
    const { samples } = await written({}, count);
    expect(at(samples, 'requests_total', { code: '201' })).toBe(1);
    expect(at(samples, 'requests_total', { code: 'timeout' })).toBe(1);
    expect(at(samples, 'attempts_total', { provider: 'imap', outcome: 'in_doubt' })).toBe(1);
    expect(at(samples, 'attempts_total', { provider: 'google', outcome: 'throttled' })).toBe(2);
    expect(at(samples, 'throttled_total', { origin: 'nylas' })).toBe(1);
    expect(at(samples, 'throttled_total', { origin: 'provider', provider: 'google' })).toBe(1);
    expect(at(samples, 'request_duration_seconds_bucket', { le: '0.05' })).toBe(1);
    expect(at(samples, 'request_duration_seconds_bucket', { le: '0.5' })).toBe(2);
    expect(at(samples, 'request_duration_seconds_sum')).toBeCloseTo(60.34);
  });

  it('leave out what is not known, rather than say 0', async () => {
    const unknown = { lastGrantAtMs: null, estimatedEndAtMs: null, snapshot: null, ledger: null };
    const { samples } = await written(unknown);
    for (const name of ['run_exit_code', 'run_end_timestamp_seconds', 'last_grant_timestamp_seconds']) {
      expect(at(samples, name)).toBeNull();
    }
    expect(at(samples, 'estimated_end_timestamp_seconds')).toBeNull();
    expect(at(samples, 'in_flight')).toBeNull();
  });

  it('say how it ended', async () => {
    const { samples } = await written({ endedAtMs: 1_800_000_000_000, exitCode: 0 });
    expect(at(samples, 'run_exit_code')).toBe(0);
    expect(at(samples, 'run_end_timestamp_seconds')).toBe(1_800_000_000);
    expect(at(samples, 'running')).toBe(0);
  });

  it('name the ledger in every series, so that two migrations can lie side by side', async () => {
    const { samples } = await written({}, count);
    for (const { labels } of samples) expect(labels['ledger']).toMatch(/^\/.*\/a \\"b\\" c\.db$/);
  });

  it.skipIf(!hasPromtool)(
    'please promtool (skipped where the package prometheus is not installed)',
    async () => {
      const { text } = await written({ endedAtMs: 1_800_000_000_000, exitCode: 7 }, count);
      expect(() => {
        promtool(['check', 'metrics'], text);
      }).not.toThrow();
    },
  );
});

describe('the file', () => {
  it('can be read by everybody whatever it was, is replaced as a whole, and leaves nothing beside it', async () => {
    const folder = testFolder();
    const { file, metrics } = open(folder);
    writeFileSync(file, 'x'.repeat(100_000));
    chmodSync(file, 0o600);
    const before = statSync(file).ino;
    await metrics.write(FIGURES);
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(statSync(file).ino).not.toBe(before);
    expect(readdirSync(folder)).toEqual(['m.prom']);
    parseMetrics(readFileSync(file, 'utf8'));
  });

  it('may be a link: what it leads to is replaced', async () => {
    const folder = testFolder();
    mkdirSync(join(folder, 'elsewhere'));
    writeFileSync(join(folder, 'elsewhere', 'm.prom'), '');
    symlinkSync('elsewhere/m.prom', join(folder, 'm.prom'));
    const { metrics } = open(folder);
    await metrics.write(FIGURES);
    parseMetrics(readFileSync(join(folder, 'elsewhere', 'm.prom'), 'utf8'));
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual(['m.prom']);
  });

  it('in a folder that is not there is an error each time, and nothing is left half done', async () => {
    const folder = testFolder();
    const { metrics } = open(folder, join(folder, 'nowhere', 'm.prom'));
    await expect(metrics.write(FIGURES)).rejects.toThrow('ENOENT');
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['/dev/null', /no regular file/],
    ['/tmp', /a folder/],
  ])('is never %s: that would be replaced too', (file, message) => {
    expect(() => openMetrics({ file, ledgerPath: 'a.db', version: '1' })).toThrow(message);
  });
});
