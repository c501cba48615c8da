import { onTestFinished } from 'vitest';
import type { Grant } from '../../src/simulator/grants.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';

/** An answer of Nylas' own shape, as far as tests look into it. */
interface Body {
  readonly request_id?: string;
  readonly data?: unknown;
  readonly limit?: number;
  readonly error?: {
    readonly type: string;
    readonly message: string;
    readonly provider_error?: Readonly<Record<string, unknown>>;
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** A simulator that ends with the test. */
export async function simulatorFor(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options);
  onTestFinished(() => simulator.close());
  return simulator;
}

/** A request as it is, with the right key. */
export function send(simulator: Simulator, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: 'Bearer sim-api-key', 'content-type': 'application/json' };
  return fetch(`${simulator.url}${path}`, { headers, ...init });
}

/** A request whose answer is JSON. */
export async function call(simulator: Simulator, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await send(simulator, path, init);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
}

export function post(body: unknown): RequestInit {
  return { method: 'POST', body: JSON.stringify(body) };
}

/** `POST /v3/connect/custom` with any body. */
export function connect(simulator: Simulator, body: unknown): Promise<Answer> {
  return call(simulator, '/v3/connect/custom', post(body));
}

/** `POST /v3/connect/custom` with a refresh token. */
export function submit(simulator: Simulator, provider: string, token: string): Promise<Answer> {
  return connect(simulator, tokenBody(provider, token));
}

export function tokenBody(provider: string, token: string): object {
  return { provider, settings: { refresh_token: token } };
}

export function grantOf({ body }: Answer): Grant & { readonly email_aliases?: readonly string[] } {
  return body.data as Grant;
}

export function grantsOf({ body }: Answer): readonly Grant[] {
  return body.data as readonly Grant[];
}

export function emailsOf(answer: Answer): readonly (string | undefined)[] {
  return grantsOf(answer).map(({ email }) => email);
}
