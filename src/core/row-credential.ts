import { TOKEN_FIELDS, type Field } from './header.js';
import { isLikeProviderName, resolveProvider, type Provider } from './provider.js';
import type { RowReason } from './record.js';
import { hasShifted } from './row-shape.js';
import { isShowable, type Work } from './row-fields.js';
import { chooseVariant, takesToken, type Choice, type Fields } from './variants.js';

/** The provider that the row names, or the default one. */
export function providerOf({ fields, options, reasons }: Work): Provider | null {
  const written = fields.provider;
  if (written === undefined) {
    const { defaultProvider } = options.reading;
    if (defaultProvider === null) reasons.push(BLANK_PROVIDER);
    return defaultProvider;
  }
  const name = resolveProvider(written, options.reading.providerAliases);
  if (name.kind === 'provider') return name.provider;
  const reason =
    name.kind === 'ambiguous' ? ambiguous(written, name.candidates) : unknown(written, name.nearest, fields);
  reasons.push(reason);
  return null;
}

const BLANK_PROVIDER: RowReason = {
  code: 'no_provider',
  message: 'provider is blank: fill it in, or say what it is with --default-provider',
};

function ambiguous(written: string, candidates: readonly Provider[]): RowReason {
  const aliases = candidates.map((provider) => `--provider-alias ${written.toLowerCase()}=${provider}`);
  const message = `provider “${written}” can mean ${candidates.join(' or ')}: say which with ${aliases.join(' or ')}`;
  return { code: 'ambiguous_provider', message };
}

function unknown(written: string, near: string | null, fields: Fields): RowReason {
  if (!isLikeProviderName(written) || !isShowable(written, fields)) {
    const rest =
      'where a provider belongs: have the columns shifted? If that is a name, --provider-alias says what it means';
    const message = `a value of ${written.length} characters ${rest}`;
    return { code: 'unknown_provider', message, summary: `a value that isn't shown here ${rest}` };
  }
  const guess = near === null ? '' : ` (did you mean ${near}?)`;
  const message = `provider “${written}” is unknown${guess}: correct it, or say what it is with --provider-alias '${written}=PROVIDER'`;
  return { code: 'unknown_provider', message };
}

/** The row's refresh token, from the general column or the one of its provider. */
export function tokenOf({ fields, reasons }: Work, provider: Provider | null): string | null {
  const filled = TOKEN_FIELDS.filter((field) => fields[field] !== undefined);
  const foreign = filled.filter((field) => provider !== null && !isTokenOf(field, provider));
  for (const field of foreign) reasons.push(foreignToken(field, provider ?? ''));
  const own = filled.filter((field) => !foreign.includes(field));
  const values = new Set(own.map((field) => fields[field]));
  if (values.size > 1) {
    const message = `${own.join(' and ')} hold different tokens: keep one`;
    reasons.push({ code: 'conflict', message });
  }
  const [token = null] = own.map((field) => fields[field] ?? null);
  return token;
}

function isTokenOf(field: Field, provider: Provider): boolean {
  return field === 'refresh_token' || field === `${provider}_refresh_token`;
}

function foreignToken(field: Field, provider: string): RowReason {
  const message = `${field} is filled in on a ${provider} row: a provider takes only its own token, so either the provider or the column is wrong`;
  return { code: 'conflict', message };
}

/** What the row asks Nylas for; none where it holds no credential. */
export function choiceOf(work: Work, provider: Provider | null, token: string | null): Choice | null {
  const { fields, reasons } = work;
  if (provider === null) return null;
  const choice = chooseVariant(provider, fields, token !== null);
  // A token of another provider, or shifted columns, are told already: that there is none would mislead.
  const isTold = hasShifted(work) || reasons.some((reason) => reason.code === 'conflict');
  if (choice === null && !isTold) {
    reasons.push(noCredential(provider, token));
  }
  return choice;
}

const HOSTED =
  'if Nylas held the token (Hosted auth), use Nylas’ own batch clone; else this person must sign in again';

function noCredential(provider: Provider, token: string | null): RowReason {
  if (takesToken(provider)) return { code: 'no_credential', message: `no refresh token: ${HOSTED}` };
  const instead = token === null ? '' : ', and a refresh token is of no use to it';
  return { code: 'no_credential', message: `no password: ${provider} needs one${instead}` };
}
