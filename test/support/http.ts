import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Loopback {
  readonly uri: string;
  /** What has come in so far, each whole. */
  readonly received: readonly Received[];
  /** How many connections have been made. */
  readonly connections: () => number;
}

type Answer = (response: ServerResponse, request: Received) => void;

/** A server on loopback that keeps what it is sent and answers with `answer`; gone when the test is over. */
export async function serve(answer: Answer): Promise<Loopback> {
  return listen(createServer({ maxHeaderSize: 65_536 }), 'http', answer);
}

/** The same with TLS. */
export async function serveTls(identity: { key: string; cert: string }, answer: Answer): Promise<Loopback> {
  return listen(createHttpsServer(identity), 'https', answer);
}

async function listen(server: Server, scheme: 'http' | 'https', answer: Answer): Promise<Loopback> {
  const received: Received[] = [];
  let connections = 0;
  server.on(scheme === 'https' ? 'secureConnection' : 'connection', () => (connections += 1));
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request;
    void text(request).then((body) => {
      const whole = { method, url, headers, body };
      received.push(whole);
      answer(response, whole);
    });
  });
  const port = await open(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { uri: `${scheme}://127.0.0.1:${port}`, received, connections: () => connections };
}

/** A bare TCP server: `onData` is called with each connection and all that has come over it so far. */
export async function serveTcp(
  onData: (socket: Socket, soFar: string) => void,
): Promise<{ readonly uri: string }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    let soFar = '';
    socket.on('data', (chunk) => {
      soFar += chunk.toString('latin1');
      onData(socket, soFar);
    });
    socket.on('error', () => undefined);
  });
  const port = await open(server);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { uri: `http://127.0.0.1:${port}` };
}

/** An address on loopback where nothing listens. */
export async function closedUri(): Promise<string> {
  const server = createTcpServer();
  const port = await open(server);
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** Whether what came over a connection holds a whole request with its body. */
export function isWhole(soFar: string): boolean {
  const [head = '', body] = soFar.split('\r\n\r\n');
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return body !== undefined && body.length >= length;
}

async function open(server: TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
