import type { ServerResponse } from 'node:http';
import type { JsonReply, Reply } from './reply.js';
import { pause } from './world.js';

/** What the transport adds to a reply. */
export interface Stamp {
  readonly requestId: string;
  readonly fastlyId: string;
  readonly nowMs: number;
  readonly slowMs: number;
}

const SLOW_PIECES = 20;

/** Puts a reply on the wire, and says what the statistics call it. */
export async function send(response: ServerResponse, reply: Reply, stamp: Stamp): Promise<string> {
  switch (reply.kind) {
    case 'json':
      await sendJson(response, reply, stamp);
      return String(reply.status);
    case 'html':
      sendPage(response, reply.status, stamp);
      return String(reply.status);
    case 'cut':
      response.destroy();
      return reply.why;
    case 'hang':
      return 'hang';
  }
}

async function sendJson(response: ServerResponse, reply: JsonReply, stamp: Stamp): Promise<void> {
  const json = JSON.stringify({ request_id: stamp.requestId, ...reply.content });
  // Cut and yet complete for HTTP: only parsing it shows.
  const body = Buffer.from(reply.manner === 'truncated' ? json.slice(0, json.length / 2) : json);
  writeHead(response, reply.status, 'application/json', body.length, stamp, reply.headers);
  if (reply.manner === 'slow') await dribble(response, body, stamp.slowMs / SLOW_PIECES);
  response.end(reply.manner === 'slow' ? undefined : body);
}

/** What a proxy in front says when it has no answer from behind. */
function sendPage(response: ServerResponse, status: number, stamp: Stamp): void {
  const body = Buffer.from(
    `<html>\n<head><title>${status}</title></head>\n<body><h1>${status}</h1></body>\n</html>\n`,
  );
  writeHead(response, status, 'text/html', body.length, stamp, {});
  response.end(body);
}

function writeHead(
  response: ServerResponse,
  status: number,
  type: string,
  length: number,
  stamp: Stamp,
  more: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': length,
    date: new Date(stamp.nowMs).toUTCString(),
    'x-fastly-id': stamp.fastlyId,
    ...more,
  });
}

async function dribble(response: ServerResponse, body: Buffer, pauseMs: number): Promise<void> {
  const size = Math.ceil(body.length / SLOW_PIECES);
  for (let at = 0; at < body.length && !response.destroyed; at += size) {
    response.write(body.subarray(at, at + size));
    await pause(pauseMs);
  }
}
