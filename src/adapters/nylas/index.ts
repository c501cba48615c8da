import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import got, { type Got } from 'got';
import type { Answer } from '../../core/answer.js';
import { scrubberOf, type Scrub } from '../../core/scrub.js';
import type { Clock } from '../../ports/clock.js';
import type { JobApi } from '../../ports/nylas.js';
import { exchange, sendingTo, type Call } from './exchange.js';
import { toFault } from './fault.js';
import { toReply } from './reply.js';

export interface NylasOptions {
  /** Such as `https://api.us.nylas.com`; validated by the configuration. */
  readonly apiUri: string;
  readonly apiKey: string;
  /** For a whole call, from the start to the last byte of its answer. */
  readonly timeoutMs: number;
  readonly version: string;
}

/** A name that isn't found or a host that doesn't take the connection is known sooner than a slow call. */
const CONNECT_TIMEOUT_MAX_MS = 15_000;
/** Shorter keys are made up, and found in honest text by chance. */
const KEY_LENGTH_MIN = 8;
const PAGE_SIZE = 200;
const ORDERS = {
  made: { sort_by: 'created_at', order_by: 'asc' },
  renewed: { sort_by: 'updated_at', order_by: 'desc' },
} as const;

/**
 * Nylas v3 through got: bearer key, no redirects (the key goes to no other host), no retries of its own, and
 * bounded answers. Every call resolves to a reply or a fault.
 */
export function nylasApi(options: NylasOptions, clock: Clock): JobApi {
  const agent = agentFor(options.apiUri);
  const client = makeClient(options, agent);
  const scrub = scrubberOf([options.apiKey].filter((key) => key.length >= KEY_LENGTH_MIN));
  const send = (call: Call): Promise<Answer> => sendOnce(client, clock, scrub, call);
  return {
    submit: (body, onLeft) => send({ method: 'POST', path: 'v3/connect/custom', json: body, onLeft }),
    grantsOf: ({ email, provider }, onLeft) =>
      send({ method: 'GET', path: 'v3/grants', query: { email, provider, limit: PAGE_SIZE }, onLeft }),
    listGrants: ({ order, since, offset }, onLeft) =>
      send({
        method: 'GET',
        path: 'v3/grants',
        query: { ...ORDERS[order], limit: PAGE_SIZE, offset, ...(since === null ? {} : { since }) },
        onLeft,
      }),
    grantById: (grantId, onLeft) =>
      send({
        method: 'GET',
        path: pathOf(grantId),
        query: { expose_aliases: true },
        onLeft,
      }),
    deleteGrant: (grantId, onLeft) => send({ method: 'DELETE', path: pathOf(grantId), onLeft }),
    useGrant: async (grantId, by, onLeft) =>
      withoutContent(
        await send({ method: 'GET', path: `${pathOf(grantId)}/${by}`, query: { limit: 1 }, onLeft }),
      ),
    application: (onLeft) => send({ method: 'GET', path: 'v3/applications', onLeft }),
    connectors: (onLeft) =>
      send({ method: 'GET', path: 'v3/connectors', query: { limit: PAGE_SIZE }, onLeft }),
    close: () => {
      agent.destroy();
    },
  };
}

function pathOf(grantId: string): string {
  return `v3/grants/${encodeURIComponent(grantId)}`;
}

/** What is in a user's mailbox or calendar is nothing of ours. */
function withoutContent(answer: Answer): Answer {
  const isContent = answer.kind === 'reply' && answer.status >= 200 && answer.status < 300;
  return isContent ? { ...answer, body: undefined, excerpt: '' } : answer;
}

function agentFor(apiUri: string): HttpAgent {
  return new URL(apiUri).protocol === 'https:'
    ? new HttpsAgent({ keepAlive: true, rejectUnauthorized: true })
    : new HttpAgent({ keepAlive: true });
}

function makeClient(options: NylasOptions, agent: HttpAgent): Got {
  const connectMs = Math.min(CONNECT_TIMEOUT_MAX_MS, options.timeoutMs);
  return got.extend({
    prefixUrl: options.apiUri,
    headers: {
      authorization: `Bearer ${options.apiKey}`,
      accept: 'application/json',
      'user-agent': `nylas-migrate/${options.version}`,
    },
    ...sendingTo(options.apiUri, agent),
    timeout: {
      lookup: connectMs,
      connect: connectMs,
      secureConnect: connectMs,
      request: options.timeoutMs,
    },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    // Answers are small; without compression their size is known before anything is unpacked.
    decompress: false,
  });
}

async function sendOnce(client: Got, clock: Clock, scrub: Scrub, call: Call): Promise<Answer> {
  const sentAtMs = clock.now();
  const startedMs = clock.monotonic();
  const timed = (): { sentAtMs: number; latencyMs: number } => ({
    sentAtMs,
    latencyMs: clock.monotonic() - startedMs,
  });
  try {
    return toReply(await exchange(client, call), timed(), scrub);
  } catch (error) {
    return toFault(error, timed());
  }
}
