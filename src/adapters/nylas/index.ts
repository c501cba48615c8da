import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import got, { type Got, type Method, type RequestFunction, type Response } from 'got';
import type { Answer } from '../../core/answer.js';
import { scrubberOf, type Scrub } from '../../core/scrub.js';
import type { Clock, JobApi, OnLeft } from '../../ports.js';
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
/** No answer that a migration needs comes near this; 200 grants take some 200 KB. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
/** Shorter keys are made up, and found in honest text by chance. */
const KEY_LENGTH_MIN = 8;
const PAGE_SIZE = 200;
const ORDERS = {
  made: { sort_by: 'created_at', order_by: 'asc' },
  renewed: { sort_by: 'updated_at', order_by: 'desc' },
} as const;

interface Call {
  readonly method: Method;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly json?: unknown;
  readonly onLeft: OnLeft | undefined;
}

/**
 * Nylas v3 through got: bearer key, no redirects (the key goes to no other host), no retries of its own, and
 * bounded answers. Every call resolves to a reply or a fault.
 */
export function nylasApi(options: NylasOptions, clock: Clock): JobApi {
  const agents = {
    http: new HttpAgent({ keepAlive: true }),
    https: new HttpsAgent({ keepAlive: true, rejectUnauthorized: true }),
  };
  const client = makeClient(options, agents);
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
      agents.http.destroy();
      agents.https.destroy();
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

function makeClient(options: NylasOptions, agent: { http: HttpAgent; https: HttpsAgent }): Got {
  const connectMs = Math.min(CONNECT_TIMEOUT_MAX_MS, options.timeoutMs);
  return got.extend({
    prefixUrl: options.apiUri,
    headers: {
      authorization: `Bearer ${options.apiKey}`,
      accept: 'application/json',
      'user-agent': `nylas-migrate/${options.version}`,
    },
    agent,
    request: slimRequest,
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
    responseType: 'buffer',
  });
}

/**
 * Node copies a request's options several times, and got hands it some thirty, nearly all of them unset: the few
 * that are set spare a seventh of what a request costs. What concerns TLS is the agent's.
 */
const slimRequest: RequestFunction = (url, { agent, method, headers, setHost }, callback) => {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return request(url, { agent, method, headers, setHost }, callback);
};

async function sendOnce(client: Got, clock: Clock, scrub: Scrub, call: Call): Promise<Answer> {
  const sentAtMs = clock.now();
  const startedMs = clock.monotonic();
  const timed = (): { sentAtMs: number; latencyMs: number } => ({
    sentAtMs,
    latencyMs: clock.monotonic() - startedMs,
  });
  let tooLarge = false;
  try {
    const request = client<Buffer>(call.path, {
      method: call.method,
      ...(call.query === undefined ? {} : { searchParams: call.query }),
      ...(call.json === undefined ? {} : { json: call.json }),
    });
    void request.on('downloadProgress', (progress) => {
      if (progress.transferred <= ANSWER_BYTES_MAX) return;
      tooLarge = true;
      request.cancel();
    });
    // After "101 Switching Protocols" Node lets go of the connection, and got would wait for ever.
    void request.on('request', (sent) => {
      if (call.onLeft !== undefined) sent.once('finish', call.onLeft);
      sent.once('upgrade', (_answer: unknown, socket: Duplex) => {
        socket.destroy();
        request.cancel();
      });
    });
    const response: Response<Buffer> = await request;
    return toReply(response, timed(), scrub);
  } catch (error) {
    return toFault(error, tooLarge, timed());
  }
}
