/** What the provider said, as Nylas passes it on. */
export type ProviderError = Readonly<Record<string, unknown>>;

/** An answer of Nylas' own: an envelope's content, to which the transport adds `request_id`. */
export interface JsonReply {
  readonly kind: 'json';
  readonly status: number;
  readonly content: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  /** How it travels: whole, its JSON cut short, or a few bytes at a time. */
  readonly manner: 'whole' | 'truncated' | 'slow';
}

/** What a client gets to see of its request. */
export type Reply =
  | JsonReply
  | { readonly kind: 'html'; readonly status: number }
  /** The connection is cut without an answer; `why` names it in the statistics. */
  | { readonly kind: 'cut'; readonly why: 'lost' | 'reset' }
  /** Nothing is ever answered; the connection stays. */
  | { readonly kind: 'hang' };

/** A success: `{ request_id, ...content }`. */
export function accepted(content: Readonly<Record<string, unknown>>, status = 200): JsonReply {
  return { kind: 'json', status, content, headers: {}, manner: 'whole' };
}

/** What a refusal can hold beside type and message. */
export interface RefusalExtras {
  readonly providerError?: ProviderError;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal: `{ request_id, error: { type, message, provider_error? } }`. */
export function refused(
  status: number,
  type: string,
  message: string,
  extras: RefusalExtras = {},
): JsonReply {
  const { providerError, headers = {} } = extras;
  const error = { type, message, ...(providerError && { provider_error: providerError }) };
  return { kind: 'json', status, content: { error }, headers, manner: 'whole' };
}

/** 400 `api.invalid_request_error`: the message names the field. */
export function invalidRequest(message: string): JsonReply {
  return refused(400, 'api.invalid_request_error', message);
}

/** 404 `api.not_found_error`. */
export function notFound(message: string): JsonReply {
  return refused(404, 'api.not_found_error', message);
}
