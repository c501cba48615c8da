import { describe, expect, test } from 'vitest';
import type { Answer } from '../src/core/answer.js';
import { watchRefusals } from '../src/guard.js';
import { makeStopSwitch } from '../src/stop.js';
import { nylasError, reply } from './support/answers.js';
import { settled } from './support/fake-clock.js';
import { someUser } from './support/users.js';

const nothing = (): void => undefined;

function watch(answers: { readonly application?: Answer; readonly connectors?: Answer }) {
  const seen: Answer[] = [];
  const stoppedLanes: string[] = [];
  const stop = makeStopSwitch();
  const refused = watchRefusals(
    {
      api: {
        application: () => Promise.resolve(answers.application ?? reply(200, {})),
        connectors: () => Promise.resolve(answers.connectors ?? reply(200, { data: [] })),
      },
      stop,
      log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
      pacer: { send: (call) => call(nothing) },
      onAnswer: (answer) => seen.push(answer),
    },
    (provider) => stoppedLanes.push(provider),
  );
  return { refused, stop, stoppedLanes, seen };
}

describe('a refusal that concerns more than its record', () => {
  test('stops the run where another call confirms that the key is refused', async () => {
    const answer = nylasError(401, 'api.authentication_error');
    const { refused, stop, seen } = watch({ application: answer });
    refused('key', someUser());
    refused('key', someUser());
    await settled();
    expect(stop.reason()).toEqual({ kind: 'key_refused' });
    // As every call that went through the pacer: an outage may be waiting for just this answer.
    expect(seen).toEqual([answer]);
  });

  test('stops the lane of a provider that has no connector', async () => {
    const answer = reply(200, { data: [{ provider: 'zoom' }] });
    const { refused, stop, stoppedLanes, seen } = watch({ connectors: answer });
    refused('connector', someUser());
    await settled();
    expect(stoppedLanes).toEqual(['google']);
    expect(seen).toEqual([answer]);
    expect(stop.reason()).toBeNull();
  });

  test('stops nothing that the other call does not confirm', async () => {
    const { refused, stop, stoppedLanes } = watch({
      connectors: reply(200, { data: [{ provider: 'google' }] }),
    });
    for (const scope of ['key', 'connector', 'client', 'record'] as const) refused(scope, someUser());
    await settled();
    expect(stop.reason()).toBeNull();
    expect(stoppedLanes).toEqual([]);
  });
});
