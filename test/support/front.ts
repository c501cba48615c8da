import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What befalls a request on its way: null, nothing. */
export type Mishap =
  /** It gets there, and its answer is lost. */
  | 'answer_lost'
  /** It doesn't get there. */
  | 'request_lost'
  /** It doesn't get there either; this is what is answered. */
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> };

export interface FrontRequest {
  readonly method: string;
  readonly path: string;
  /** How many requests of this method have come, this one included. */
  readonly nth: number;
}

/** A server between the tool and the simulator, to which anything can happen. Resolves to its URL. */
export async function startFront(
  to: string,
  mishap: (request: FrontRequest) => Mishap | null | Promise<Mishap | null>,
): Promise<string> {
  const counts = new Map<string, number>();
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/' } = request;
    const nth = (counts.get(method) ?? 0) + 1;
    counts.set(method, nth);
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const what = await mishap({ method, path: url.split('?')[0] ?? url, nth });
    if (what === 'request_lost') {
      request.socket.destroy();
      return;
    }
    if (what !== null && what !== 'answer_lost') {
      response.writeHead(what.status, what.headers).end(what.body);
      return;
    }
    const { authorization = '' } = request.headers;
    const body = method === 'POST' ? { body: Buffer.concat(chunks).toString('utf8') } : {};
    const answer = await fetch(to + url, { method, headers: { authorization }, ...body });
    const text = await answer.text();
    if (what === 'answer_lost') request.socket.destroy();
    else response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(text);
  };
  const server = createServer((request, response) => {
    void pass(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
