import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/core/answer.js';
import { evidenceOf } from '../../src/core/outcome.js';
import { classifyProbe, confirmProbe, grantUseOf } from '../../src/core/probe.js';
import { PROVIDERS } from '../../src/core/provider.js';
import { Sample } from '../../src/core/sample.js';

const TIMED = { sentAtMs: 0, latencyMs: 5 };

function reply(status: number, type: string | null = null, message = ''): Answer {
  const body = type === null ? undefined : { error: { type, message } };
  const headers = { requestId: null, fastlyId: null, retryAfter: null, serverDateMs: null };
  return { kind: 'reply', status, body, excerpt: '', ...headers, ...TIMED };
}

const FAULT: Answer = { kind: 'fault', fault: 'timeout', left: true, detail: '', ...TIMED };

describe('the answer to a probe', () => {
  it.each<[string, Answer, string]>([
    ['a success', reply(200), 'usable'],
    ['an expired grant', reply(401, 'unauthorized', 'expired'), 'suspect'],
    ['a refusal without a word', reply(403), 'suspect'],
    ['a grant that may not do this', reply(403, 'insufficient_scopes', 'missing scope'), 'unsure'],
    ['a grant that is gone', reply(404, 'api.not_found_error'), 'suspect'],
    ['a token that the provider refuses', reply(400, 'token.exchange_failed'), 'suspect'],
    ['an endpoint that the provider lacks', reply(400, 'invalid_request_error', 'no calendars'), 'unsure'],
    ['a throttle', reply(429), 'unsure'],
    ['a silent provider', reply(504, 'api.provider_error'), 'unsure'],
    ['no answer', FAULT, 'unsure'],
  ])('%s', (_what, answer, probe) => {
    expect(
      classifyProbe(
        answer,
        evidenceOf(answer, (text) => text),
      ),
    ).toBe(probe);
  });

  it('never makes a grant unusable without a word against it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 402, max: 599 }).filter((status) => ![403, 404].includes(status)),
        (status) => {
          expect(
            classifyProbe(
              reply(status),
              evidenceOf(reply(status), (text) => text),
            ),
          ).toBe('unsure');
        },
      ),
    );
  });

  it.each<[string, Answer, Answer, boolean, string]>([
    ['the grant can be read: it is the grant', reply(401), reply(200), false, 'unusable'],
    ['the grant is gone', reply(404), reply(404, 'api.not_found_error'), true, 'missing'],
    ['the key is refused everywhere', reply(401), reply(401, 'unauthorized'), false, 'key_refused'],
    ['nobody knows', reply(401), FAULT, false, 'unsure'],
    ['only what was asked for is not there', reply(404), reply(200), false, 'unsure'],
  ])('is confirmed by another call: %s', (_what, probed, asked, isGone, confirmed) => {
    expect(confirmProbe(probed, asked, isGone)).toBe(confirmed);
  });
});

describe('by what a grant is tried', () => {
  it.each<[string, string | null, string | null]>([
    ['google', null, 'calendars'],
    ['google', 'https://www.googleapis.com/auth/gmail.readonly', 'messages'],
    ['microsoft', 'Mail.Read Calendars.Read', 'calendars'],
    ['imap', null, 'messages'],
    ['virtual-calendar', 'mail', 'calendars'],
    ['zoom', null, null],
  ])('%s with the scopes %s: %s', (provider, scope, use) => {
    expect(grantUseOf({ provider, scope })).toBe(use);
  });

  it('is answered for every provider', () => {
    for (const provider of PROVIDERS) expect(grantUseOf({ provider, scope: null })).not.toBeUndefined();
  });
});

describe('a sample', () => {
  const keys = fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 60 });
  const pick = (all: readonly string[], size: ConstructorParameters<typeof Sample>[0]): readonly string[] => {
    const sample = new Sample<{ key: string }>(size);
    for (const key of all) sample.offer({ key });
    return sample.items().map(({ key }) => key);
  };

  it('of a number holds so many, or all there are, and is the same in whatever order they come', () => {
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 30 }), (all, count) => {
        const picked = pick(all, { by: 'count', count });
        expect(picked).toHaveLength(Math.min(count, all.length));
        expect(new Set(pick([...all].reverse(), { by: 'count', count }))).toEqual(new Set(picked));
      }),
    );
  });

  it('of a larger share holds every smaller one', () => {
    fc.assert(
      fc.property(keys, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
        const larger = new Set(pick(all, { by: 'share', share }));
        for (const key of pick(all, { by: 'share', share: share / 2 })) expect(larger).toContain(key);
      }),
    );
  });
});
