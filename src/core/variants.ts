import { z } from 'zod';
import type { Field } from './header.js';
import type { Provider } from './provider.js';
import type { ConnectBody, RowReason } from './record.js';

/** What a row says, blank fields left out. */
export type Fields = Readonly<Partial<Record<Field, string>>>;

/** The shapes of `settings` that Nylas takes, each with its own schema. */
type Variant = keyof typeof SCHEMAS;

/** A row's provider and shape, or null where the row holds no credential at all. */
export interface Choice {
  readonly provider: Provider;
  readonly variant: Variant;
}

export type Settings =
  | { readonly kind: 'settings'; readonly settings: ConnectBody['settings'] }
  | { readonly kind: 'bad'; readonly reasons: readonly RowReason[] };

const HOST = /^[\p{L}\p{N}]([\p{L}\p{N}.-]*[\p{L}\p{N}])?$/u;

const text = z.string();
const host = z.string().regex(HOST, 'must be a host name alone, without a scheme, port or path');
const port = z.string().refine(isPort, 'must be a whole number from 1 to 65535').transform(Number);

const SCHEMAS = {
  token: z.object({ refresh_token: text, credential_id: text.optional() }),
  bulk: z.object({ email_address: text, credential_id: text }),
  imap: z.object({
    imap_username: text,
    imap_password: text,
    imap_host: host.optional(),
    imap_port: port.optional(),
    smtp_username: text.optional(),
    smtp_password: text.optional(),
    smtp_host: host.optional(),
    smtp_port: port.optional(),
  }),
  icloud: z.object({ username: text, password: text }),
  ews: z.object({
    email: text,
    ews_username: text,
    ews_password: text,
    ews_host: host.optional(),
    ews_port: port.optional(),
  }),
  'virtual-calendar': z.object({ email: text }),
};

const TAKES_TOKEN: readonly Provider[] = ['google', 'microsoft', 'yahoo', 'zoom'];

/** v2's settings called the password of several providers just `password`. */
const IMAP_PASSWORD = ['imap_password', 'password'] as const;
const ICLOUD_PASSWORD = ['password', 'imap_password'] as const;
const EWS_PASSWORD = ['ews_password', 'password'] as const;
const BULK = { variant: 'bulk', needs: ['credential_id'] } as const;
const IMAP = { provider: 'imap', variant: 'imap', needs: IMAP_PASSWORD } as const;

/** What a row without a token asks for, if it has one of the fields needed. */
const WITHOUT_TOKEN: Readonly<Record<Provider, Fallback | null>> = {
  google: BULK,
  microsoft: BULK,
  yahoo: IMAP,
  zoom: null,
  imap: IMAP,
  icloud: { variant: 'icloud', needs: ICLOUD_PASSWORD },
  ews: { variant: 'ews', needs: EWS_PASSWORD },
  'virtual-calendar': { variant: 'virtual-calendar', needs: [] },
};

interface Fallback {
  readonly provider?: Provider;
  readonly variant: Variant;
  readonly needs: readonly Field[];
}

/** Which variant a row asks for. Yahoo knows two: a token, else a password, which makes it IMAP. */
export function chooseVariant(provider: Provider, fields: Fields, hasToken: boolean): Choice | null {
  if (hasToken && TAKES_TOKEN.includes(provider)) return { provider, variant: 'token' };
  const fallback = WITHOUT_TOKEN[provider];
  if (fallback === null) return null;
  const isComplete = fallback.needs.length === 0 || firstOf(fields, fallback.needs) !== undefined;
  return isComplete ? { provider: fallback.provider ?? provider, variant: fallback.variant } : null;
}

/** Whether a provider is one that is migrated by refresh token. */
export function takesToken(provider: Provider): boolean {
  return TAKES_TOKEN.includes(provider);
}

/** The `settings` for Nylas, with nothing in them that is absent, or every reason why there are none. */
export function settingsOf(choice: Choice, fields: Fields, token: string | null): Settings {
  const candidate = candidateOf(choice.variant, fields, token);
  const parsed = SCHEMAS[choice.variant].safeParse(candidate);
  if (parsed.success) return { kind: 'settings', settings: filled<string | number>(parsed.data) };
  const reasons = parsed.error.issues.map((issue) => reasonOf(issue, candidate, choice.provider));
  return { kind: 'bad', reasons };
}

/** The row's fields under the names of the variant's settings. */
function candidateOf(variant: Variant, fields: Fields, token: string | null): Record<string, string> {
  return filled<string>({ ...fields, ...renamed(variant, fields, token) });
}

/** The settings that may come from another field; all others have the field's own name. */
function renamed(variant: Variant, fields: Fields, token: string | null): Record<string, string | undefined> {
  switch (variant) {
    case 'token':
      return { refresh_token: token ?? undefined };
    case 'bulk':
      return { email_address: fields.email };
    case 'imap':
      return {
        imap_username: firstOf(fields, ['imap_username', 'username', 'email']),
        imap_password: firstOf(fields, IMAP_PASSWORD),
      };
    case 'icloud':
      return {
        username: firstOf(fields, ['username', 'imap_username', 'email']),
        password: firstOf(fields, ICLOUD_PASSWORD),
      };
    case 'ews':
      return {
        ews_username: firstOf(fields, ['ews_username', 'username', 'email']),
        ews_password: firstOf(fields, EWS_PASSWORD),
      };
    case 'virtual-calendar':
      return {};
  }
}

function firstOf(fields: Fields, names: readonly Field[]): string | undefined {
  return names.map((name) => fields[name]).find((value) => value !== undefined);
}

function filled<Value>(values: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  const kept: Record<string, Value> = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined) kept[name] = value;
  return kept;
}

function reasonOf(issue: z.core.$ZodIssue, candidate: Record<string, string>, provider: Provider): RowReason {
  const setting = String(issue.path[0]);
  if (setting in candidate) return { code: 'bad_field', message: `${setting} ${issue.message}` };
  const field = setting === 'email_address' ? 'email' : setting;
  return { code: 'missing_field', message: `${field} is blank: ${provider} can't do without it` };
}

function isPort(value: string): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535;
}
