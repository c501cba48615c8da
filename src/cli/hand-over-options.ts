import { flag, option } from '../config.js';
import { parseChoice, parseCount } from '../core/parse.js';
import { parseClientId, parseRedirectUri } from '../core/signin-url.js';
import {
  DIALECTS,
  parseColumn,
  parseKey,
  parseTable,
  type Dialect,
  type KeyMatch,
} from '../core/sql-dialect.js';

/** Of `report`, for whoever acts on a migration. */
export const HAND_OVER_OPTIONS = {
  after: option(
    '--after <number>',
    'only outcomes committed since that number; ends with the next one (0: from the beginning)',
    parseCount(0, Number.MAX_SAFE_INTEGER),
    null as number | null,
  ),
  by: option(
    '--by <what>',
    'one row a person or a domain, of those who must sign in again or consent',
    parseChoice(['person', 'domain']),
    null as 'person' | 'domain' | null,
  ),
  clientId: option(
    '--client-id <id>',
    "the application's client id: with --redirect-uri adds the column signin_url",
    parseClientId,
    null as string | null,
  ),
  redirectUri: option(
    '--redirect-uri <uri>',
    'where Nylas sends people who have signed in, as registered with the application',
    parseRedirectUri,
    null as string | null,
  ),
  attempts: flag('--attempts', "one row an attempt, with the request ids that Nylas' support asks for"),
  excel: flag(
    '--excel',
    'CSV that Excel opens as it is meant: encoding, line ends, ids that look like numbers',
  ),
  delimiter: option(
    '--delimiter <what>',
    'of --excel: comma, or semicolon where Excel separates lists by it',
    parseChoice(['comma', 'semicolon']),
    'comma',
  ),
};

/** Of `report --format sql`. */
export const WRITE_BACK_OPTIONS = {
  dialect: option(
    '--dialect <dialect>',
    'of --format sql: postgres, mysql or sqlite',
    parseChoice(DIALECTS),
    null as Dialect | null,
  ),
  table: option(
    '--table <table>',
    'of --format sql: your table, such as users or app.users',
    parseTable,
    null as readonly string[] | null,
  ),
  key: option(
    '--key <column>',
    "of --format sql: your table's column that names a row, or COLUMN=REPORT_COLUMN such as id=user_id",
    parseKey,
    null as KeyMatch | null,
  ),
  set: option(
    '--set <column>',
    "of --format sql: your table's column that takes the grant id",
    parseColumn,
    null as string | null,
  ),
};

/** Of `redact`. */
export const REDACT_OPTIONS = {
  emails: flag('--emails', 'what is forgotten: every email address'),
  yes: flag('--yes', 'does it; without, it is only said what would be done'),
};
