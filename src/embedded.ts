import type { Field } from './core/header.js';
import type { Provider } from './core/provider.js';
import type { RetryTarget } from './core/plan.js';
import type { Snapshot } from './ports/progress.js';

/**
 * One user, by the CSV's field names, such as `provider`, `email`, `refresh_token`, `account_id`; v2's own names are
 * understood too. Other fields are the program's own: `carry` and `identifyBy` name them. The first row's fields fix
 * what names the users: `account_id` if it has one, else the email.
 */
export type MigrateRow = Readonly<Partial<Record<Field, string | number | null | undefined>>> & {
  readonly scope?: string | readonly string[] | null | undefined;
} & Readonly<Record<string, unknown>>;

type SomeRows = Iterable<MigrateRow> | AsyncIterable<MigrateRow>;

/** Users, or a function that returns them anew for each pass. */
export type MigrateRows = SomeRows | (() => SomeRows);

/** The options of `nylas-migrate run`, by the same names, meanings and defaults. Durations are as `60s` or `1h30m`. */
export interface MigrateOptions {
  /** The API key of the application in Nylas v3. Never written anywhere. */
  readonly apiKey: string;
  /** The ledger's file; made where there is none. Default: `migration.db`. */
  readonly ledger?: string | undefined;
  /** The API, such as `https://api.eu.nylas.com`, instead of `region`. */
  readonly apiUri?: string | undefined;
  /** Default: `us`. */
  readonly region?: 'us' | 'eu' | undefined;
  /** Requests a second, of every kind. Default: 45. 0: unpaced, to loopback only. */
  readonly rate?: number | undefined;
  /** Requests in flight. Default: 200. */
  readonly concurrencyMax?: number | undefined;
  /** Attempts a record, a run. Default: 5. */
  readonly attemptsMax?: number | undefined;
  /** A duration, for one request. Default: `60s`. */
  readonly timeout?: string | undefined;
  /** How long a lost request rests before its grant is looked for. Default: twice the time-out. */
  readonly settleDelay?: string | undefined;
  /** How long an aborted run waits for answers. Default: `30s`. */
  readonly drainTimeout?: string | undefined;
  /** How long Nylas may be down before the run ends. Default: `30m`. */
  readonly outageMax?: string | undefined;
  /** Stops a provider with a larger share of failures. Default: 0.5. */
  readonly failureRateMax?: number | undefined;
  /** Providers with which to go on where nobody's credential works. */
  readonly expectReauth?: readonly Provider[] | undefined;
  /** Submit so many users, then stop. */
  readonly limit?: number | undefined;
  /** Submit so many users of each provider. */
  readonly limitPerProvider?: number | undefined;
  /** Only a share of the users, such as `1%` or 0.01: the same ones every time. */
  readonly sample?: string | number | undefined;
  /** Only these providers. */
  readonly provider?: readonly Provider[] | undefined;
  /** Submit records of these categories again. */
  readonly retry?: readonly RetryTarget[] | undefined;
  /** Whether a grant for another mailbox is held or accepted. Default: `hold`. */
  readonly emailMismatch?: 'hold' | 'accept' | undefined;
  /** What becomes of healthy grants that exist already. Default: `skip`. */
  readonly existing?: 'skip' | 'reauthenticate' | undefined;
  /** Providers, beside zoom, whose refresh tokens work only once. */
  readonly singleUse?: readonly Provider[] | undefined;
  /** What the program's own provider names mean, such as `{ exchange: 'microsoft' }`. */
  readonly providerAlias?: Readonly<Record<string, Provider>> | undefined;
  /** For rows that name none. */
  readonly defaultProvider?: Provider | undefined;
  /** What names a user: `account_id`, `email`, `column:FIELD` or `credential`. */
  readonly identifyBy?: string | undefined;
  /** Fields of the program's own that travel into ledger and report. */
  readonly carry?: readonly string[] | undefined;
  /** A note kept with the run. */
  readonly label?: string | undefined;
  /** Whether the verdict is `done` where only people must act. Default: false. */
  readonly okIfAttention?: boolean | undefined;
  /** A file that JSON log lines are added to. Default: none. */
  readonly logFile?: string | undefined;
  /** Default: `info`. */
  readonly logLevel?: 'silent' | 'error' | 'warn' | 'info' | 'debug' | undefined;
  /** Once aborted nothing new is sent, answers are waited for up to `drainTimeout`, and the result says what is left. */
  readonly signal?: AbortSignal | undefined;
  /** Told once a second how the run stands, and at its end. */
  readonly onProgress?: ((progress: Snapshot) => void) | undefined;
  /** Told what the command would print as a warning; and every outcome that the ledger couldn't take. */
  readonly onWarning?: ((message: string) => void) | undefined;
}
