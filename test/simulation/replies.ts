import type { Fate } from './people.js';

/** What Nylas says, before it is on its way. */
export interface Said {
  readonly status: number;
  /** Undefined: a page that isn't JSON. */
  readonly body: unknown;
  readonly retryAfter: string | null;
}

export function said(status: number, data: unknown): Said {
  return { status, body: { request_id: 'request', data }, retryAfter: null };
}

export function page(status: number): Said {
  return { status, body: undefined, retryAfter: null };
}

/** An error in Nylas' own shape. */
export function refusal(
  status: number,
  type: string,
  rest: { readonly provider?: unknown; readonly retryAfter?: string | null } = {},
): Said {
  const error = {
    type,
    message: type,
    ...(rest.provider === undefined ? {} : { provider_error: rest.provider }),
  };
  return { status, body: { request_id: 'request', error }, retryAfter: rest.retryAfter ?? null };
}

/** What comes of a credential that makes no grant. */
export const REFUSALS: Readonly<Record<Exclude<Fate, 'works' | 'dead'>, Said>> = {
  revoked: refusal(400, 'token.exchange_failed', { provider: { error: 'invalid_grant' } }),
  unconsented: refusal(400, 'token.exchange_failed', {
    provider: { error: 'invalid_grant', error_description: 'AADSTS65001: no consent' },
  }),
  malformed: refusal(400, 'api.invalid_request'),
  blocked: refusal(423, 'api.resource_blocked'),
};
