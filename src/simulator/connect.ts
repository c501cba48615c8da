import type { Provider } from '../core/provider.js';
import { readConnectBody, type ConnectRequest } from './connect-body.js';
import { defaultScope } from './connectors.js';
import { credentialKey, readCredential, type Ask } from './credential.js';
import { drawSubmissionFault } from './faults.js';
import type { Authentication } from './grants.js';
import { accepted, notFound, type JsonReply, type Reply } from './reply.js';
import { changesAfterFirst, judge, tokenSpent, type GrantVerdict, type Verdict } from './scenarios.js';
import { drawProviderLatencyMs, pause, type World } from './world.js';

/** Providers whose refresh tokens are gone once they were exchanged. */
const SINGLE_USE: ReadonlySet<Provider> = new Set(['zoom']);

/** `POST /v3/connect/custom`: judged, delayed, carried out, and distorted by a fault if one strikes. */
export async function connect(world: World, body: string): Promise<Reply> {
  const request = readConnectBody(body);
  if ('kind' in request) return request;
  const ask = readCredential(request, world.settings.directory);
  const leave = ask.email === null ? () => undefined : world.tally.mailboxEntered(ask.email);
  try {
    return await submit(world, request, ask);
  } finally {
    leave();
  }
}

async function submit(world: World, request: ConnectRequest, ask: Ask): Promise<Reply> {
  const fault = drawSubmissionFault(world.settings.faults, request.provider, world.faultRandom);
  // The work is done in the middle of the call: a client that leaves may have come too early or too late.
  const halfMs = drawProviderLatencyMs(world) / 2;
  await pause(halfMs);
  if (fault?.carriedOut === false) return fault.distort(accepted({}));
  const reply = carryOut(world, request, ask);
  await pause(halfMs);
  return fault === null || reply.kind !== 'json' ? reply : fault.distort(reply);
}

function carryOut(world: World, request: ConnectRequest, ask: Ask): Reply {
  if (!world.connectors.has(request.provider)) {
    return notFound(`No connector for provider ${request.provider}`);
  }
  const verdict = exchange(world, ask);
  return verdict.kind === 'grant' ? grant(world, request, ask, verdict) : verdict;
}

/** What the provider says to the credential. */
function exchange(world: World, ask: Ask): Verdict {
  const key = credentialKey(ask);
  if (world.spent.has(key)) {
    world.tally.count('tokensSpentTwice');
    return tokenSpent();
  }
  const verdict = judge(ask, !world.submitted.has(key));
  if (changesAfterFirst(ask)) world.submitted.add(key);
  if (verdict.kind === 'grant' && SINGLE_USE.has(ask.provider)) world.spent.add(key);
  return verdict;
}

function grant(world: World, request: ConnectRequest, ask: Ask, verdict: GrantVerdict): Reply {
  const { grants, tally } = world;
  const { grant, created } = grants.upsert(authentication(request, ask, verdict), world.nowS());
  tally.count(created ? 'grantsCreated' : 'grantsReauthenticated');
  return verdict.answerLost ? { kind: 'cut', why: 'lost' } : grantMade(grant);
}

function grantMade(grant: object): JsonReply {
  return accepted({ data: grant }, 201);
}

function authentication(request: ConnectRequest, ask: Ask, verdict: GrantVerdict): Authentication {
  const { provider, state, settings } = request;
  const { email, status, aliases, dead } = verdict;
  const credentialId = settings['credential_id'];
  return {
    provider,
    mailbox: verdict.mailbox ?? ask.account,
    email,
    status,
    aliases,
    dead,
    state,
    scope: request.scope ?? defaultScope(provider),
    credentialId: typeof credentialId === 'string' ? credentialId : null,
  };
}
