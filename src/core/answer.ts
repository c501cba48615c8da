/** What the way to Nylas can do to a request. */
export type FaultKind = 'dns' | 'connect' | 'tls' | 'timeout' | 'reset' | 'too_large' | 'local';

interface Timed {
  /** When the request was handed to the network, by our wall clock, in Unix milliseconds. */
  readonly sentAtMs: number;
  readonly latencyMs: number;
}

/** A complete HTTP answer, whatever its status. */
export interface Reply extends Timed {
  readonly kind: 'reply';
  readonly status: number;
  /** The parsed body, or undefined where it isn't JSON. */
  readonly body: unknown;
  /** The beginning of a body that isn't JSON; empty otherwise. */
  readonly excerpt: string;
  readonly requestId: string | null;
  readonly fastlyId: string | null;
  readonly retryAfter: string | null;
  /** The server's `Date` header in Unix milliseconds, one second coarse. */
  readonly serverDateMs: number | null;
}

/** No complete answer came. */
export interface Fault extends Timed {
  readonly kind: 'fault';
  readonly fault: FaultKind;
  /** Whether a byte of the request can have gone out: false only where that is certain. */
  readonly left: boolean;
  readonly detail: string;
}

export type Answer = Reply | Fault;

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
