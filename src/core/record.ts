import type { Provider } from './provider.js';

/** The body of `POST /v3/connect/custom`. Ports are integers there, everything else is text. */
export interface ConnectBody {
  readonly provider: Provider;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly scope?: readonly string[];
  readonly state: string;
}

/** One row as the CSV parser gives it, before anything is made of it. */
export interface RawRow {
  /** The line the record starts on, counted from 1, quoted newlines and blank lines included. */
  readonly line: number;
  readonly fields: readonly string[];
  /** What the parser found wrong with the row as a whole (too large, not text), if anything. */
  readonly problem: RowReason | null;
}

/** One legacy user, understood and valid: everything that is needed to submit and to remember them. */
export interface LegacyUser {
  readonly line: number;
  /** Names the user in the ledger, independently of the file. */
  readonly key: string;
  readonly provider: Provider;
  readonly email: string | null;
  /** The email, trimmed and case-folded: with the provider it names the mailbox. */
  readonly mailbox: string | null;
  readonly accountId: string | null;
  /** A stored credential record; with the provider it names the lane. */
  readonly credentialId: string | null;
  /** Columns of the user's own that travel into ledger and report. */
  readonly carried: Readonly<Record<string, string>>;
  readonly body: ConnectBody;
  /** The values in the body that must never surface: scrubbed from whatever a server answers. */
  readonly secrets: readonly string[];
}

export type ReasonCode =
  | 'malformed'
  | 'no_key'
  | 'no_provider'
  | 'unknown_provider'
  | 'ambiguous_provider'
  | 'no_credential'
  | 'bad_email'
  | 'bad_field'
  | 'missing_field'
  | 'conflict';

/** One thing wrong with a row. The message never holds a field's value where that could be a secret. */
export interface RowReason {
  readonly code: ReasonCode;
  readonly message: string;
  /** The message without what belongs to this row alone, where the two differ: what rows are grouped by. */
  readonly summary?: string;
}

/** A row that can't be submitted, with every reason at once. */
export interface BadRow {
  readonly line: number;
  readonly key: string | null;
  readonly email: string | null;
  readonly provider: string | null;
  readonly accountId: string | null;
  readonly carried: Readonly<Record<string, string>>;
  readonly reasons: readonly RowReason[];
}

export type Row =
  { readonly kind: 'user'; readonly user: LegacyUser } | { readonly kind: 'bad'; readonly bad: BadRow };

/** The one rule by which a ledger names users, fixed on its first run. */
export type Identify =
  | { readonly by: 'account_id' }
  | { readonly by: 'email' }
  | { readonly by: 'column'; readonly header: string }
  | { readonly by: 'credential' };

/** How a CSV's columns and provider names are to be understood. */
export interface ReadingOptions {
  /** FIELD → HEADER, as given with `--column`. */
  readonly columns: ReadonlyMap<string, string>;
  /** v2 name (lower case) → provider, as given with `--provider-alias`. */
  readonly providerAliases: ReadonlyMap<string, Provider>;
  readonly defaultProvider: Provider | null;
  readonly carry: readonly string[];
  /** As asked for with `--identify-by`; null: `account_id` if that column exists, else the email. */
  readonly identify: Identify | null;
}
