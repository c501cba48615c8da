import { Ajv, type ErrorObject } from 'ajv';

/** Written from Nylas' description of `POST /v3/connect/custom`, stricter: what it doesn't name is refused. */
const text = { type: 'string', minLength: 1 };
const port = { type: 'integer', minimum: 1, maximum: 65_535 };

const settings = (required: readonly string[], optional: Record<string, unknown> = {}) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties: { ...Object.fromEntries(required.map((name) => [name, text])), ...optional },
});

const imap = settings(['imap_username', 'imap_password'], {
  imap_host: text,
  imap_port: port,
  smtp_username: text,
  smtp_password: text,
  smtp_host: text,
  smtp_port: port,
});

const variant = (providers: readonly string[], settingsSchema: object) => ({
  type: 'object',
  additionalProperties: false,
  required: ['provider', 'settings', 'state'],
  properties: {
    provider: { enum: providers },
    settings: settingsSchema,
    state: text,
    scope: { type: 'array', minItems: 1, items: { type: 'string', pattern: String.raw`^\S+$` } },
  },
});

const schema = {
  oneOf: [
    variant(['google', 'microsoft', 'yahoo', 'zoom'], settings(['refresh_token'], { credential_id: text })),
    variant(['google', 'microsoft'], settings(['email_address', 'credential_id'])),
    variant(['imap'], imap),
    variant(['icloud'], settings(['username', 'password'])),
    variant(['ews'], settings(['email', 'ews_username', 'ews_password'], { ews_host: text, ews_port: port })),
    variant(['virtual-calendar'], settings(['email'])),
  ],
};

const validate = new Ajv({ allErrors: true }).compile(schema);

/** What Nylas' description has against a body; nothing where it conforms to exactly one variant. */
export function violationsOf(body: unknown): string[] {
  if (validate(body)) return [];
  return (validate.errors ?? []).map(violation);
}

function violation({ instancePath, message = '' }: ErrorObject): string {
  return `${instancePath} ${message}`;
}
