import type { OptionSpecs } from '../config.js';
import { EXIT_CODES_HELP } from '../core/exit-codes.js';

/** What `help COMMAND` says above its options and, from the examples on, below: no line has more than 80 columns. */
const MANUAL: Readonly<Record<string, string>> = {
  check: `
Every row is judged as run would judge it: rows by provider, what is wrong with
which lines, which rows have no credential, and how long the migration takes.

Examples:
  nylas-migrate check users.csv
  nylas-migrate check users.csv --provider-alias exchange=microsoft --json

Exit codes:
  0  every row can be submitted
  2  the file can't be read as a CSV of users
  3  some rows are bad`,
  run: `
What has its grant is never submitted again; people whose credential changed in
the CSV are. Stopped or killed at any instant, the same command goes on.

Examples:
  nylas-migrate run users.csv --limit-per-provider 20 --label canary
  nylas-migrate run users.csv
  nylas-migrate run --input-command 'age -d users.csv.age' --ledger acme.db
  nylas-migrate run users.csv --retry needs_reauth
  nylas-migrate run users.csv --stop-at '06:00 Europe/Berlin' --log-file run.log
${EXIT_CODES_HELP}`,
  status: `
Counts by provider and state, runs, who must act, and the next command. Can be
asked while a run is going on.

Examples:
  nylas-migrate status --ledger acme.db
  nylas-migrate status --ledger acme.db --json

Exit codes:
  0  answered, whatever the answer is
  2  usage or configuration
  6  the ledger can't be used`,
  report: `
--format html is one file for a browser that loads nothing: what came out, who
must act, charts, runs, the first thousands of records. --select, --category and
--columns choose the records it lists; its figures are of all.

--after ends with the number to go on from: on standard output where the report
goes into a file, else as the last line of JSON Lines and SQL and of standard
error.

--format sql finds rows by the column that --key names: it is matched with the
report's column of that name, else with account_id, or with the one behind its
equals sign.

A CSV is safe to open in a spreadsheet: a value that begins with = + - @ gets an
apostrophe before it. What a program reads needs --raw (or --format jsonl),
which leave every value as it is.

Examples:
  nylas-migrate report --out report.csv
  nylas-migrate report --category needs_reauth --out ask-to-sign-in.csv
  nylas-migrate report --select migrated --columns account_id,grant_id --raw \\
    --out grants.csv
  nylas-migrate report --format html --out report.html
  nylas-migrate report --format html --mask-emails --out report-to-share.html
  nylas-migrate report --out report.csv --provenance report.provenance.json
  nylas-migrate report --by person --excel --out sign-in.csv \\
    --client-id ID --redirect-uri https://app.example/cb
  nylas-migrate report --by domain
  nylas-migrate report --select migrated --columns account_id,grant_id \\
    --after 0 --format jsonl
  nylas-migrate report --format sql --dialect postgres --table app.users \\
    --key id=user_id --set grant_id --out grants.sql
  nylas-migrate report --attempts --category blocked --out for-support.csv

Exit codes:
  0  written, whatever it says
  2  usage or configuration
  6  the ledger can't be used`,
  explain: `
Rows, attempts, answers, request ids, remedy and next step of one user. A key
that begins with a dash goes after --, and every option before it.

Examples:
  nylas-migrate explain ada@example.com
  nylas-migrate explain --ledger acme.db -- -17

Exit codes:
  0  answered, whatever the answer is
  2  usage or configuration
  6  the ledger can't be used`,
  verify: `
Lists the application's grants; only what looks missing or changed is asked for
one by one. Grants that were lost are noted in the ledger, which run --retry
missing,invalid,unusable takes up; their records stay migrated. A dead
credential may take Nylas ten minutes to notice.

Examples:
  nylas-migrate verify
  nylas-migrate verify --probe 1% --out deviations.csv
  nylas-migrate verify --adopt

Exit codes:
  0  nothing of ours differs
  3  something does
  7  Nylas did not answer for all of it
  129, 130, 143  stopped by a signal: the same command goes on
  2, 4, 5, 6     as of run`,
  resolve: `
A grant that a record is to have is asked for first: it must be there, valid and
of the same provider. --grant also serves records that failed or lost their
grant. Decisions are kept for good, with who and why; a CSV (columns key,
decision, grant_id, by, why) is taken whole or not at all. A key that begins
with a dash goes after --, and every option before it.

Examples:
  nylas-migrate resolve --list
  nylas-migrate resolve acc-17 --accept --by ada --why 'married, same person'
  nylas-migrate resolve acc-18 --reject --by ada --why 'a shared mailbox'
  nylas-migrate resolve acc-19 --grant 8f2c… --by ada --why 'ticket 12'
  nylas-migrate resolve --decisions decisions.csv --by ada

Exit codes:
  0  decided or listed
  2  something is wrong and nothing was decided
  4, 5, 6, 7  as of run`,
  undo: `
Without --yes nothing is asked of Nylas and nothing is changed. With it each
grant is read again, and left alone if it changed since this migration last
touched it. What was there before, what people made by themselves, and what also
serves a record outside the selection is never deleted. Interrupted, it prints
the command that goes on. Deleting is final: a later sign-in makes a new grant
with a new id. Records become undone; run --retry undone migrates them again.

Examples:
  nylas-migrate undo --ledger acme.db                     counts, and prints the
                                                          command that deletes
  nylas-migrate undo --ledger acme.db --run 2 --yes 107   deletes those 107
  nylas-migrate undo --only canary-keys.txt
  nylas-migrate undo --provider microsoft

Exit codes:
  0  all of them are gone, or counted
  2  not that many: nothing was deleted
  3  some were left alone
  4  Nylas refused the key
  5  another process holds the ledger
  6  the ledger can't be used
  7  some are left to do
  129, 130, 143  SIGHUP, SIGINT, SIGTERM`,
  backup: `
An earlier copy of the same ledger is replaced, and no other file. To go on from
a copy, copy it to a new name and run with --ledger NAME. Each run makes a copy
by itself: the ledger's name with .bak.

Examples:
  nylas-migrate backup acme-before-canary.db --ledger acme.db

Exit codes:
  0  copied
  2  usage or configuration
  6  the ledger can't be used`,
  redact: `
Of the ledger and its .bak no byte of an address remains. Keys, grant ids,
counts, times and request ids stay. A ledger whose keys are emails is refused.

Examples:
  nylas-migrate redact --emails --ledger acme.db         what it would forget
  nylas-migrate redact --emails --yes --ledger acme.db   forgets it for good

Exit codes:
  0  forgotten, or counted
  2  usage or configuration
  5  another process holds the ledger
  6  the ledger can't be used`,
  simulate: `
What happens behind the tool's back: POST /simulate/delete, invalidate, expire,
rename, sign_in or connector (one is made), with a JSON body that names grant_id,
email or provider.

Examples, in two terminals:
  nylas-migrate simulate --port 8080 --users users.csv --latency 0.5s-2s \\
    --fault 502=0.01
  NYLAS_API_KEY=sim-api-key nylas-migrate run users.csv \\
    --api-uri http://127.0.0.1:8080 --ledger rehearsal.db

Exit codes:
  0  stopped by a signal
  2  usage or configuration`,
  demo: `
check, run, status, explain and report, on users that are made up and a Nylas
that is simulated. An earlier demo's ledger in the folder is replaced.

Examples:
  nylas-migrate demo
  nylas-migrate demo --out /tmp/demo

Exit codes:
  0  played through
  2  usage or configuration`,
  completion: `
Commands, options and their values, as this version has them: make it anew after
an update.

Examples:
  source <(nylas-migrate completion bash)      in ~/.bashrc
  source <(nylas-migrate completion zsh)       in ~/.zshrc, after compinit
  nylas-migrate completion fish > ~/.config/fish/completions/nylas-migrate.fish

Exit codes:
  0  printed
  2  no such shell`,
};

const ENVIRONMENT = `
Environment:
  NYLAS_MIGRATE_<NAME>  any option: --log-file is NYLAS_MIGRATE_LOG_FILE
  .env                  a file here that sets any of these, after all else`;

const NYLAS_ENVIRONMENT = `
Environment:
  NYLAS_API_KEY         the key of your v3 application; never a flag
  NYLAS_API_URI         as --api-uri
  NYLAS_MIGRATE_<NAME>  any option: --rate is NYLAS_MIGRATE_RATE
  .env                  a file here that sets any of these, after all else`;

/** What `help` says of a command: what it does, and what comes below its options. */
export function manualOf(name: string, specs: OptionSpecs): { readonly lead: string; readonly rest: string } {
  const text = MANUAL[name] ?? '';
  const examplesAt = text.search(/^Examples/m);
  const environment = 'apiUri' in specs ? NYLAS_ENVIRONMENT : 'config' in specs ? ENVIRONMENT : '';
  return {
    lead: text.slice(0, examplesAt).trim(),
    rest: `\n${text.slice(examplesAt)}\n${environment}`.trimEnd(),
  };
}
