import { isObject, textOrNull, type Answer } from './core/answer.js';
import { UserError } from './core/errors.js';
import { refusesKey } from './core/outcome.js';
import { CONTROL, KEY_LENGTH_MAX } from './core/plain.js';
import { backoffMs } from './core/retry.js';
import { REDACTED } from './core/scrub.js';
import { connectorProviders } from './guard.js';
import type { Pacer } from './pacer.js';
import type { Clock } from './ports/clock.js';
import type { NylasApi } from './ports/nylas.js';
import { pauseUntilStop, type StopSwitch } from './stop.js';

/** The application that a key belongs to. */
export interface Target {
  readonly applicationId: string;
  readonly name: string | null;
  readonly environment: string | null;
  readonly region: string | null;
}

interface TargetPorts {
  readonly api: Pick<NylasApi, 'application'>;
  readonly pacer: Pick<Pacer, 'send'>;
  readonly clock: Clock;
  readonly stop: StopSwitch;
}

const TRIES_MAX = 4;

/**
 * Reads whose key this is: `GET /v3/applications`. Null: the run was stopped meanwhile. Throws UserError where
 * Nylas refuses the key, can't be reached, or what answers isn't Nylas.
 */
export async function readTarget(
  { api, pacer, clock, stop }: TargetPorts,
  apiUri: string,
): Promise<Target | null> {
  for (let tries = 1; stop.reason() === null; tries += 1) {
    const answer = await pacer.send((onLeft) => api.application(onLeft));
    if (answer === null) return null;
    const target = targetOf(answer);
    if (target !== null) return target;
    if (tries === TRIES_MAX || !isPassing(answer)) throw noTarget(answer, apiUri);
    await pauseUntilStop(clock, stop, backoffMs(tries, clock.random()));
  }
  return null;
}

/** The providers that the application has connectors for; null where Nylas didn't say. */
export async function readConnectors(
  api: Pick<NylasApi, 'connectors'>,
  pacer: Pick<Pacer, 'send'>,
): Promise<readonly string[] | null> {
  const answer = await pacer.send((onLeft) => api.connectors(onLeft));
  const providers = answer?.kind === 'reply' ? connectorProviders(answer.body) : null;
  return providers === null ? null : [...providers].map(nameIn).sort();
}

function targetOf(answer: Answer): Target | null {
  if (answer.kind === 'fault' || answer.status !== 200 || !isObject(answer.body)) return null;
  const data = answer.body['data'];
  const applicationId = isObject(data) ? textOrNull(data['application_id']) : null;
  // What our key was taken out of, or what has no end, is no id.
  if (!isObject(data) || applicationId === null || applicationId.length > KEY_LENGTH_MAX) return null;
  if (applicationId.includes(REDACTED) || CONTROL.test(applicationId)) return null;
  const branding = data['branding'];
  return {
    applicationId,
    name: isObject(branding) ? shownName(branding['name']) : null,
    environment: shownName(data['environment']),
    region: shownName(data['region']),
  };
}

const NAME_LENGTH_MAX = 100;
/** What would move a terminal's cursor, change its state, or reverse the order of what is read. */
const UNSEEN = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu;

function shownName(value: unknown): string | null {
  const text = textOrNull(value);
  return text === null ? null : nameIn(text);
}

function nameIn(text: string): string {
  return text.slice(0, NAME_LENGTH_MAX).replace(UNSEEN, ' ').trim();
}

function isPassing(answer: Answer): boolean {
  if (answer.kind === 'fault') return answer.fault !== 'tls';
  return answer.status === 429 || answer.status >= 500;
}

function noTarget(answer: Answer, apiUri: string): UserError {
  if (answer.kind === 'fault') {
    return new UserError(
      'unfinished',
      `${apiUri} can't be reached: ${answer.detail} (${answer.fault}).`,
      'Check the network and --api-uri or --region, then run the same command again; nothing was submitted.',
    );
  }
  if (refusesKey(answer)) {
    return new UserError(
      'refused',
      `${apiUri} refuses the API key (HTTP ${answer.status}).`,
      'Check NYLAS_API_KEY, and the region: a key is refused at the other region’s host. Nothing was submitted.',
    );
  }
  if (isPassing(answer)) {
    return new UserError(
      'unfinished',
      `${apiUri} is unwell: GET /v3/applications answered ${answer.status}.`,
      'Run the same command again later; nothing was submitted.',
    );
  }
  return new UserError(
    'usage',
    `What answers at ${apiUri} isn't Nylas v3: GET /v3/applications gave HTTP ${answer.status} without an application.`,
    'Check --api-uri or --region; nothing was submitted.',
  );
}
