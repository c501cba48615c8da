import type { Answer } from './answer.js';
import { refusesKey, type Evidence } from './outcome.js';

/** The smallest real requests that a grant can be used for. */
export type GrantUse = 'calendars' | 'messages';

/**
 * What a probe tells at once. `suspect`: the grant or the key is refused, or the grant isn't there; another call
 * tells which.
 */
export type Probe = 'usable' | 'suspect' | 'unsure';

/** Providers of mail alone; Zoom has neither mail nor a calendar that Nylas reads. */
const MAIL_ONLY: ReadonlySet<string> = new Set(['imap', 'yahoo']);
const NOTHING_TO_ASK: ReadonlySet<string> = new Set(['zoom']);

/**
 * By which request a grant is tried: calendars where the provider has them, unless the grant's scopes name mail and
 * no calendar. Null: there is none.
 */
export function grantUseOf({
  provider,
  scope,
}: {
  readonly provider: string;
  readonly scope: string | null;
}): GrantUse | null {
  if (NOTHING_TO_ASK.has(provider)) return null;
  if (MAIL_ONLY.has(provider)) return 'messages';
  const isMailAlone = scope !== null && /mail/i.test(scope) && !/calendar/i.test(scope);
  return isMailAlone && provider !== 'virtual-calendar' ? 'messages' : 'calendars';
}

/** A grant that may not do this one thing can still be a working one. */
const SCOPE_WORDS = /scope|insufficient|permission|not (?:been )?granted/i;
const DEAD_WORDS = /invalid_grant|token\.exchange_failed|expired|revoked/i;

/** Sorts the answer to a probe. A busy or silent Nylas, or provider, says nothing about the grant. */
export function classifyProbe(answer: Answer, evidence: Evidence): Probe {
  if (answer.kind === 'fault') return 'unsure';
  const { status } = answer;
  if (status >= 200 && status < 300) return 'usable';
  const said = [evidence.errorType, evidence.errorMessage, evidence.providerError].join(' ');
  if (status === 401 || status === 404) return 'suspect';
  if (status === 403) return SCOPE_WORDS.test(said) ? 'unsure' : 'suspect';
  return status === 400 && DEAD_WORDS.test(said) ? 'suspect' : 'unsure';
}

/** What the look at the grant behind a suspect probe makes of it. */
export type Confirmed = 'unusable' | 'missing' | 'unsure' | 'key_refused';

/** The grant is there, and the key is good for reading it: then it is the grant that can't be used. */
export function confirmProbe(probed: Answer, asked: Answer, isGone: boolean): Confirmed {
  if (isGone) return 'missing';
  if (refusesKey(asked)) return 'key_refused';
  const isThere = asked.kind === 'reply' && asked.status === 200;
  const saidDead = probed.kind === 'reply' && probed.status !== 404;
  return isThere && saidDead ? 'unusable' : 'unsure';
}
