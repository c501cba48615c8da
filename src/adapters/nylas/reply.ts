import type { IncomingHttpHeaders } from 'node:http';
import type { Reply } from '../../core/answer.js';
import { parseHttpDate } from '../../core/http-date.js';
import type { Scrub } from '../../core/scrub.js';
import type { Answered } from './exchange.js';

/** Of a body that isn't JSON: enough to recognise a proxy's page by. */
const EXCERPT_LENGTH_MAX = 300;
const HEADER_LENGTH_MAX = 200;
/** Deeper JSON is nobody's answer, and walking it could exhaust the stack. */
const JSON_DEPTH_MAX = 64;

const decoder = new TextDecoder();

/** Reads an answer to its end; `scrub` takes out whatever it repeats of the API key. */
export function toReply(
  response: Answered,
  timed: { sentAtMs: number; latencyMs: number },
  scrub: Scrub,
): Reply {
  const text = decoder.decode(response.body);
  const parsed = parseJson(text);
  const body = isClean(text, scrub) ? parsed : scrubbed(parsed, scrub);
  const { headers } = response;
  const kept = (header: string | null): string | null => (header === null ? null : scrub(header));
  return {
    kind: 'reply',
    status: response.statusCode,
    body,
    excerpt: body === undefined ? scrub(text.slice(0, EXCERPT_LENGTH_MAX)) : '',
    requestId: requestIdOf(body) ?? kept(headerOf(headers, 'x-request-id')),
    fastlyId: kept(headerOf(headers, 'x-fastly-id')),
    retryAfter: headerOf(headers, 'retry-after'),
    serverDateMs: dateOf(headerOf(headers, 'date')),
    ...timed,
  };
}

function parseJson(text: string): unknown {
  if (isDeep(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON: the excerpt says what it was.
    return undefined;
  }
}

/** Whether no text in an answer needs scrubbing: without a backslash each of them stands in it as it is. */
function isClean(text: string, scrub: Scrub): boolean {
  return !text.includes('\\') && scrub(text) === text;
}

/** Every text in a parsed answer, however deep: `parseJson` has bounded the depth. */
function scrubbed(value: unknown, scrub: Scrub): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map((item) => scrubbed(item, scrub));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, scrubbed(item, scrub)]));
}

/** Counts brackets without regard to strings: an honest answer is nowhere near the limit either way. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    if (depth > JSON_DEPTH_MAX) return true;
  }
  return false;
}

function requestIdOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('request_id' in body)) return null;
  return typeof body.request_id === 'string' ? body.request_id.slice(0, HEADER_LENGTH_MAX) : null;
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value.slice(0, HEADER_LENGTH_MAX) : null;
}

function dateOf(header: string | null): number | null {
  const dateMs = header === null ? NaN : parseHttpDate(header);
  return Number.isFinite(dateMs) ? dateMs : null;
}
