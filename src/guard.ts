import { isObject, type Answer } from './core/answer.js';
import { refusesKey, type RefusalScope } from './core/outcome.js';
import type { Provider } from './core/provider.js';
import type { LegacyUser } from './core/record.js';
import type { Pacer } from './pacer.js';
import type { Log } from './ports/log.js';
import type { NylasApi } from './ports/nylas.js';
import type { StopSwitch } from './stop.js';

interface GuardPorts {
  readonly api: Pick<NylasApi, 'application' | 'connectors'>;
  readonly stop: StopSwitch;
  readonly log: Log;
  readonly pacer: Pick<Pacer, 'send'>;
  /** Told each answer, as of every call: what went through the pacer may be what an outage is probed by. */
  readonly onAnswer: (answer: Answer) => void;
}

export type RefusalWatch = (scope: RefusalScope, user: LegacyUser) => void;

/**
 * Watches for refusals that concern more than one record, and acts on them only when one other call confirms
 * them: a refused key stops the run, a missing connector stops its provider's rows.
 */
export function watchRefusals(ports: GuardPorts, stopLane: (provider: Provider) => void): RefusalWatch {
  const asking = new Set<string>();
  const once = (name: string, ask: () => Promise<void>): void => {
    if (asking.has(name)) return;
    asking.add(name);
    void ask().finally(() => asking.delete(name));
  };
  return (scope, user) => {
    if (scope === 'key') once('key', () => confirmKey(ports));
    if (scope === 'connector') once(user.provider, () => confirmConnector(ports, user.provider, stopLane));
  };
}

async function confirmKey({ api, stop, log, pacer, onAnswer }: GuardPorts): Promise<void> {
  const answer = await pacer.send((onLeft) => api.application(onLeft));
  if (answer === null) return;
  onAnswer(answer);
  if (!refusesKey(answer)) return;
  log.error('the API key is refused: the run stops');
  stop.stop({ kind: 'key_refused' });
}

async function confirmConnector(
  { api, log, pacer, onAnswer }: GuardPorts,
  provider: Provider,
  stopLane: (provider: Provider) => void,
): Promise<void> {
  const answer = await pacer.send((onLeft) => api.connectors(onLeft));
  if (answer === null) return;
  onAnswer(answer);
  const providers = answer.kind === 'reply' ? connectorProviders(answer.body) : null;
  if (providers === null || providers.has(provider)) return;
  log.error('the application has no connector for this provider: its rows are held back', { provider });
  stopLane(provider);
}

/** The providers that `GET /v3/connectors` lists; null where the answer is no such list. */
export function connectorProviders(body: unknown): ReadonlySet<string> | null {
  if (!isObject(body) || !Array.isArray(body['data'])) return null;
  const names = body['data'].map((item: unknown) => (isObject(item) ? item['provider'] : null));
  return new Set(names.filter((name) => typeof name === 'string'));
}
