import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError } from '../core/errors.js';
import { describeTrouble } from '../core/file-trouble.js';
import { findRoute, type Route } from './api.js';
import { behindTheBack, type Behind } from './behind.js';
import type { Grant } from './grants.js';
import { withDefaults, type Settings, type SimulatorOptions } from './options.js';
import { randomHex, seededRandom, uuidFromHex } from './random.js';
import { refused, type Reply } from './reply.js';
import { send, type Stamp } from './send.js';
import { SlidingSecond } from './sliding-second.js';
import type { SimulatorStats } from './stats.js';
import { newWorld, type World } from './world.js';

const HOST = '127.0.0.1';
const BODY_BYTES_MAX = 1024 * 1024;

/** A stand-in for Nylas v3 that listens on loopback. */
export interface Simulator {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Every grant there is, the oldest first. */
  readonly grants: () => readonly Grant[];
  readonly stats: () => SimulatorStats;
  /** What happens behind a client's back, as over `/simulate/…`. */
  readonly behind: Behind;
  /** Stops listening and ends every connection, answered or not. */
  readonly close: () => Promise<void>;
}

/** Starts a stand-in for Nylas v3 on loopback. Throws UserError where the port can't be had. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const settings = withDefaults(options);
  const world = newWorld(settings);
  const arrivals = new SlidingSecond();
  const server = createServer(requestListener(world, arrivals));
  // Longer than a client keeps its idle connections: it is the client that lets go, not a race.
  server.keepAliveTimeout = 65_000;
  const port = await listen(server, settings.port);
  return {
    url: `http://${HOST}:${port}`,
    grants: () => world.grants.all(),
    stats: () => world.tally.stats(arrivals.max),
    behind: behindTheBack(world),
    close: () => close(server),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new UserError(
          'usage',
          `Can't listen on ${HOST}:${port}: ${describeTrouble(error)}.`,
          'Choose another port.',
        ),
      );
    });
    server.listen(port, HOST, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

function requestListener(world: World, arrivals: SlidingSecond): Listener {
  const { tally } = world;
  const stamp = newStamper(world.settings);
  const gate = newGate(world.settings, arrivals);
  return (request, response) => {
    tally.began();
    const { route, answer } = routed(world, request);
    const refusal = gate(request);
    void (refusal === null ? answer() : Promise.resolve(refusal))
      .then((reply) => send(response, reply, stamp()))
      .catch((error: unknown) => (!request.complete ? 'aborted' : send(response, ownBug(error), stamp())))
      .then((result) => {
        tally.ended(route.kind, result);
      });
  };
}

function newStamper(settings: Settings): () => Stamp {
  const ids = seededRandom(settings.seed, 'ids');
  return () => ({
    requestId: uuidFromHex(randomHex(ids, 4)),
    fastlyId: randomHex(ids, 2),
    nowMs: settings.now(),
    slowMs: settings.slowMs,
  });
}

/** Told rather than swallowed: nobody should look for a simulator's bug in the client. */
function ownBug(error: unknown): Reply {
  return refused(500, 'simulator.bug', String(error));
}

interface Routed {
  readonly route: Route;
  readonly answer: () => Promise<Reply>;
}

function routed(world: World, request: IncomingMessage): Routed {
  const { method = '', url = '/' } = request;
  const [path = '', search = ''] = url.split('?');
  const query = new URLSearchParams(search);
  const { route, id } = findRoute(method, path);
  const answer = async () => {
    const body = await readBody(request);
    return body === null ? tooLarge() : route.handle(world, { query, body, id });
  };
  return { route, answer };
}

/** What stands before every endpoint: the rate limit, which counts every call, then the key. */
function newGate(settings: Settings, arrivals: SlidingSecond): (request: IncomingMessage) => Reply | null {
  const admitted = new SlidingSecond();
  const limit = settings.ratePerSecond ?? Infinity;
  return (request) => {
    const nowMs = settings.now();
    arrivals.add(nowMs);
    if (admitted.count(nowMs) >= limit) return overLimit();
    admitted.add(nowMs);
    return request.headers.authorization === `Bearer ${settings.apiKey}` ? null : badKey();
  };
}

function overLimit(): Reply {
  return refused(429, 'nylas_rate_limit_exceeded', 'Too many requests for this application');
}

function badKey(): Reply {
  return refused(401, 'api.authentication_error', 'The API key is missing or wrong');
}

function tooLarge(): Reply {
  return refused(413, 'api.invalid_request_payload', 'The body is larger than 1 MiB');
}

/** The whole body; null where it is too large: that is read to its end all the same, and thrown away. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks).toString('utf8');
}
