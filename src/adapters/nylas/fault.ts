import { RequestError, TimeoutError } from 'got';
import type { Fault, FaultKind } from '../../core/answer.js';
import { TooLarge } from './exchange.js';

/** Node's error codes by what happened. What isn't listed counts as a reset. */
const FAULTS_BY_CODE: readonly (readonly [RegExp, FaultKind])[] = [
  [/^(ENOTFOUND|EAI_\w+)$/, 'dns'],
  [/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EHOSTDOWN|ENETDOWN)$/, 'connect'],
  [/^(EMFILE|ENFILE|ENOBUFS)$/, 'local'],
  [/^(CERT_\w+|\w+_CERT\w*|DEPTH_ZERO_\w+|UNABLE_TO_\w+|ERR_TLS_\w+|ERR_SSL_\w+|HOSTNAME_MISMATCH)$/, 'tls'],
  [/^EPROTO$/, 'tls'],
  [/^HPE_HEADER_OVERFLOW$/, 'too_large'],
];

const CONNECTING: ReadonlySet<string> = new Set(['lookup', 'connect', 'secureConnect']);

/** Sorts what a request failed with. The detail names the fault and never the request. */
export function toFault(error: unknown, timed: { sentAtMs: number; latencyMs: number }): Fault {
  if (error instanceof TooLarge) {
    return { kind: 'fault', fault: 'too_large', left: true, detail: 'the answer is too large', ...timed };
  }
  if (!(error instanceof RequestError)) throw error;
  if (error instanceof TimeoutError) return { ...timeoutOf(error), ...timed };
  const missing = missingConnection(error);
  const named = FAULTS_BY_CODE.find(([pattern]) => pattern.test(error.code))?.[1] ?? 'reset';
  // A connection that stood is proof that bytes may have gone out, whatever the code says.
  const fault = missing !== null && named === 'reset' ? missing : named;
  return { kind: 'fault', fault, left: missing === null, detail: error.code, ...timed };
}

function timeoutOf(error: TimeoutError): Pick<Fault, 'kind' | 'fault' | 'left' | 'detail'> {
  const missing = CONNECTING.has(error.event) ? 'connect' : missingConnection(error);
  return missing === null
    ? { kind: 'fault', fault: 'timeout', left: true, detail: 'no answer within the time limit' }
    : { kind: 'fault', fault: missing, left: false, detail: `no connection in time (${error.event})` };
}

/**
 * What never came about, so that not a byte of the request can have gone out; null where it may have. That
 * Node has been handed the whole request says nothing: it holds it back until TLS is agreed on.
 */
function missingConnection({ timings, options }: RequestError): 'connect' | 'tls' | null {
  if (timings === undefined) return null;
  if (timings.connect === undefined) return 'connect';
  const isSecure = new URL(options.url ?? '', 'https://unknown').protocol === 'https:';
  return isSecure && timings.secureConnect === undefined ? 'tls' : null;
}
