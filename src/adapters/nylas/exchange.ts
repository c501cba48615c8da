import {
  request as httpRequest,
  type Agent as HttpAgent,
  type ClientRequest,
  type IncomingHttpHeaders,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { urlToHttpOptions } from 'node:url';
import {
  RequestError,
  type ExtendOptions,
  type Got,
  type HandlerFunction,
  type Method,
  type Request,
  type RequestFunction,
} from 'got';
import type { OnLeft } from '../../ports/nylas.js';

/** No answer that a migration needs comes near this; 200 grants take some 200 KB. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

export interface Call {
  readonly method: Method;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly json?: unknown;
  readonly onLeft: OnLeft | undefined;
}

/** An answer that has come whole. */
export interface Answered {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** More came than any answer can have. */
export class TooLarge extends Error {}

/**
 * Sends one request and reads its answer. Rejects with got's RequestError, or with TooLarge. As a stream: the promise
 * that got would make of it costs a fifth of a request.
 */
export function exchange(client: Got, call: Call): Promise<Answered> {
  const request = client.stream(call.path, {
    method: call.method,
    ...(call.query === undefined ? {} : { searchParams: call.query }),
    ...(call.json === undefined ? {} : { json: call.json }),
  });
  followSending(request, call.onLeft);
  // A DELETE could have a body, which got would wait for.
  if (call.method === 'DELETE') request.end();
  return new Promise((resolve, reject) => {
    // Stays to the end: what fails after the answer has come has nobody else to go to.
    request.on('error', (error) => {
      reject(requestError(error, request));
    });
    const onClose = (): void => {
      reject(requestError(BROKEN_OFF, request));
    };
    request.once('close', onClose);
    readAnswer(request, reject, (answer) => {
      request.off('close', onClose);
      resolve(answer);
    });
  });
}

const BROKEN_OFF = Object.assign(new Error('the request was broken off'), { code: 'ERR_CANCELED' });

/** Node's own errors of a request that is being written reach a stream as they are. */
function requestError(error: Error, request: Request): RequestError {
  return error instanceof RequestError ? error : new RequestError(error.message, error, request);
}

/** Without an answer, its end is left to `close`. */
function readAnswer(
  request: Request,
  onTooLarge: (error: TooLarge) => void,
  onWhole: (answer: Answered) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= ANSWER_BYTES_MAX) return;
    onTooLarge(new TooLarge());
    request.destroy();
  });
  request.once('end', () => {
    const { response } = request;
    if (response !== undefined) {
      const { statusCode, headers } = response;
      onWhole({ statusCode, headers, body: Buffer.concat(chunks, bytes) });
    }
    // Lets go of its timers.
    request.destroy();
  });
}

function followSending(request: Request, onLeft: OnLeft | undefined): void {
  request.once('request', (sent: ClientRequest) => {
    if (onLeft !== undefined) sent.once('finish', onLeft);
    // After "101 Switching Protocols" Node lets go of the connection, and got would wait for ever.
    sent.once('upgrade', (_answer: unknown, socket: Duplex) => {
      socket.destroy();
      request.destroy();
    });
  });
}

/**
 * How got sends its requests, all of them to `apiUri`. For each it would make some thirty options of Node's, nearly all
 * of them unset, and Node copies them several times and takes the URL apart, which together costs a quarter of a
 * request: here are those that are needed. What concerns TLS is the agent's.
 */
export function sendingTo(apiUri: string, agent: HttpAgent): Pick<ExtendOptions, 'request' | 'handlers'> {
  const { protocol, hostname, port } = urlToHttpOptions(new URL(apiUri));
  const send = protocol === 'https:' ? httpsRequest : httpRequest;
  const request: RequestFunction = ({ pathname, search }, { method, headers }, callback) =>
    send({ protocol, hostname, port, path: pathname + search, agent, method, headers }, callback);
  const withFewOptions: HandlerFunction = (options, next) => {
    const createNativeRequestOptions = () => ({ method: options.method, headers: options.headers });
    return next(Object.assign(options, { createNativeRequestOptions }));
  };
  return { request, handlers: [withFewOptions] };
}
