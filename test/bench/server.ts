import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Nylas v3 as far as a migration needs it, as a process of its own, and without a line of the project's own
 * simulator: answers after a time between `latencyMinMs` and `latencyMaxMs`, and with `limit` above 0 refuses
 * whatever would be more than that within any one second.
 */
const [latencyMinMs = 0, latencyMaxMs = 0, limit = 0] = process.argv.slice(2).map(Number);

/** What the benchmark asks for; times in milliseconds of this process' clock. */
const stats = { submitted: 0, refused: 0, firstAt: 0, lastAt: 0, firstEpochMs: 0 };

/** When the latest requests that were let through came, a ring. */
const acceptedAt = new Float64Array(Math.max(1, limit)).fill(-Infinity);
let accepted = 0;

function isOverLimit(): boolean {
  if (limit === 0) return false;
  const now = performance.now();
  const at = accepted % limit;
  if (now - (acceptedAt[at] ?? 0) < 1000) return true;
  acceptedAt[at] = now;
  accepted += 1;
  return false;
}

/** Between the two latencies, always the same series. */
let seed = 1;
function latencyMs(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return latencyMinMs + ((latencyMaxMs - latencyMinMs) * seed) / 2 ** 32;
}

const CONNECTORS = '{"request_id":"r","data":[{"provider":"google"}],"limit":200,"offset":0}';
const APPLICATION = '{"request_id":"r","data":{"application_id":"app-bench","environment":"sandbox"}}';
const NO_GRANTS = '{"request_id":"r","data":[],"limit":200,"offset":0}';
const TOO_MANY = '{"request_id":"r","error":{"type":"too_many_requests","message":"Too many requests"}}';
const SCOPE = ['https://www.googleapis.com/auth/calendar', 'https://www.googleapis.com/auth/gmail.modify'];

interface Submission {
  readonly provider: string;
  readonly settings: { readonly refresh_token: string };
  readonly state?: string;
}

function grantFor(text: string): string {
  const { provider, settings, state } = JSON.parse(text) as Submission;
  const email = settings.refresh_token.slice(settings.refresh_token.indexOf('~') + 1);
  stats.submitted += 1;
  const id = `5d1c2f0a-2e4b-4c0f-9a77-${String(stats.submitted).padStart(12, '0')}`;
  const now = Math.floor(Date.now() / 1000);
  const times = { created_at: now, updated_at: now };
  const data = { id, provider, email, grant_status: 'valid', scope: SCOPE, state, ...times };
  return JSON.stringify({ request_id: `request-${stats.submitted}`, data });
}

function noteArrival(): void {
  const now = performance.now();
  if (stats.firstAt === 0) {
    stats.firstAt = now;
    stats.firstEpochMs = Date.now();
  }
  stats.lastAt = now;
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

function answerGet(url: string, response: ServerResponse): void {
  if (url.startsWith('/v3/applications')) answer(response, 200, APPLICATION);
  else if (url.startsWith('/v3/connectors')) answer(response, 200, CONNECTORS);
  else answer(response, 200, NO_GRANTS);
}

function answerPost(request: IncomingMessage, response: ServerResponse): void {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  request.on('end', () => {
    noteArrival();
    const body = grantFor(text);
    const delayMs = latencyMs();
    if (delayMs === 0) answer(response, 201, body);
    else setTimeout(answer, delayMs, response, 201, body);
  });
}

const server = createServer((request, response) => {
  if (isOverLimit()) {
    stats.refused += 1;
    request.resume();
    answer(response, 429, TOO_MANY);
  } else if (request.method === 'POST') answerPost(request, response);
  else answerGet(request.url ?? '', response);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on('message', () => {
  process.send?.(stats);
});
process.on('disconnect', () => {
  process.exit();
});
