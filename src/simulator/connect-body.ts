import { z } from 'zod';
import { PROVIDERS, type Provider } from '../core/provider.js';
import { invalidRequest, refused, type JsonReply } from './reply.js';

const text = z.string().min(1);
const port = z.int().min(1).max(65_535);

const token = z.looseObject({ refresh_token: text, credential_id: text.optional() });
const bulk = z.looseObject({ email_address: text, credential_id: text, scopes: z.array(text).optional() });

/** By provider, what `settings` must hold. Where there is a choice the first is what an error names. */
const SETTINGS = {
  google: [token, bulk],
  microsoft: [token, bulk],
  yahoo: [token],
  zoom: [token],
  imap: [
    z.looseObject({
      imap_username: text,
      imap_password: text,
      imap_host: text.optional(),
      imap_port: port.optional(),
      smtp_host: text.optional(),
      smtp_port: port.optional(),
      smtp_username: text.optional(),
      smtp_password: text.optional(),
    }),
  ],
  icloud: [z.looseObject({ username: text, password: text })],
  ews: [
    z.looseObject({
      email: text,
      ews_username: text,
      ews_password: text,
      ews_host: text.optional(),
      ews_port: port.optional(),
    }),
  ],
  'virtual-calendar': [z.looseObject({ email: text })],
} as const satisfies Readonly<Record<Provider, readonly z.ZodType[]>>;

const envelope = z.looseObject({
  provider: z.enum(PROVIDERS),
  settings: z.looseObject({}),
  scope: z.array(text).optional(),
  state: z.string().optional(),
});

/** A body of `POST /v3/connect/custom` that conforms to Nylas' description. */
export interface ConnectRequest {
  readonly provider: Provider;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly scope: readonly string[] | null;
  readonly state: string | null;
}

/** Judges a body as Nylas' description does: the request, or the 400 that names the field. */
export function readConnectBody(body: string): ConnectRequest | JsonReply {
  const json = parseJson(body);
  if (json === undefined) return refused(400, 'api.invalid_request_payload', 'The body is not JSON');
  const parsed = envelope.safeParse(json);
  if (!parsed.success) return invalidRequest(describe(parsed.error));
  const { provider, settings, scope = null, state = null } = parsed.data;
  const problem = settingsProblem(provider, settings);
  return problem === null ? { provider, settings, scope, state } : invalidRequest(problem);
}

/** Undefined, which no JSON is, where it isn't JSON. */
function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function settingsProblem(provider: Provider, settings: Readonly<Record<string, unknown>>): string | null {
  const [first, ...others] = SETTINGS[provider];
  const parsed = first.safeParse(settings);
  if (parsed.success) return null;
  // Without its token a body may still be bulk auth; with one, what is wrong with the token counts.
  const isBulk = !('refresh_token' in settings) && others.some((other) => other.safeParse(settings).success);
  return isBulk ? null : describe(parsed.error, 'settings');
}

/** The first problem, led by the field's full name, as in `settings.imap_port: expected number`. */
function describe(error: z.ZodError, prefix?: string): string {
  const [issue] = error.issues;
  const path = [...(prefix === undefined ? [] : [prefix]), ...(issue?.path.map(String) ?? [])];
  return `${path.join('.') || 'body'}: ${issue?.message ?? 'invalid'}`;
}
