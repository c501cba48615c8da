import type { Fault, FaultKind, Reply } from '../../src/core/answer.js';
import type { Grant } from '../../src/core/grant.js';

/** When the requests of these tests were sent; Unix milliseconds, on a full second. */
export const SENT_AT_MS = Date.UTC(2026, 2, 1, 12);

/** An answer of a status and a JSON body. */
export function reply(status: number, body: unknown, rest: Partial<Reply> = {}): Reply {
  return {
    kind: 'reply',
    status,
    body,
    excerpt: '',
    requestId: null,
    fastlyId: null,
    retryAfter: null,
    serverDateMs: null,
    sentAtMs: SENT_AT_MS,
    latencyMs: 200,
    ...rest,
  };
}

/** An answer whose body isn't JSON: a proxy's page, or one that was cut off. */
export function page(status: number, excerpt: string, rest: Partial<Reply> = {}): Reply {
  return reply(status, undefined, { excerpt, ...rest });
}

export function fault(kind: FaultKind, left: boolean, detail = 'EXAMPLE'): Fault {
  return { kind: 'fault', fault: kind, left, detail, sentAtMs: SENT_AT_MS, latencyMs: 200 };
}

/** An error in Nylas' own shape. */
export function nylasError(
  status: number,
  type: string,
  rest: { readonly message?: string; readonly provider?: unknown; readonly retryAfter?: string } = {},
): Reply {
  const error = {
    type,
    message: rest.message ?? 'refused',
    ...(rest.provider === undefined ? {} : { provider_error: rest.provider }),
  };
  return reply(
    status,
    { request_id: 'req-1', error },
    { requestId: 'req-1', retryAfter: rest.retryAfter ?? null },
  );
}

/** A Grant as Nylas writes it, made in the second the request was sent. */
export function grantJson(rest: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    id: 'grant-1',
    provider: 'google',
    email: 'ada@example.com',
    grant_status: 'valid',
    scope: ['openid'],
    state: 'account-1',
    created_at: SENT_AT_MS / 1000,
    updated_at: SENT_AT_MS / 1000,
    ...rest,
  };
}

/** A success that carries a grant. */
export function granted(grant: unknown = grantJson(), status = 200): Reply {
  return reply(status, { request_id: 'req-1', data: grant }, { requestId: 'req-1' });
}

/** A grant as the core reads it. */
export function someGrant(rest: Partial<Grant> = {}): Grant {
  return {
    id: 'grant-1',
    provider: 'google',
    email: 'ada@example.com',
    status: 'valid',
    scope: ['openid'],
    state: 'account-1',
    createdAt: SENT_AT_MS / 1000,
    updatedAt: SENT_AT_MS / 1000,
    aliases: [],
    ...rest,
  };
}
