import type { Command } from 'commander';
import type { OptionSpecs } from '../config.js';
import type { Definition } from './command.js';
import { EXIT_CODES_HELP } from '../core/exit-codes.js';
import type { Shell } from './shell.js';

const CSV_ARGUMENT = ['[csv]', 'a CSV file (.gz too), or - for standard input'] as const;

/** A command as the list of commands shows it, and how to give it its options and its action. */
interface Outline extends Pick<Definition<OptionSpecs>, 'name' | 'summary' | 'help' | 'argument'> {
  /** `done` gets the exit code. Loads what only a command line that names the command needs. */
  readonly complete: (command: Command, shell: Shell, done: (exitCode: number) => void) => Promise<void>;
}

const define = <S extends OptionSpecs>(definition: Definition<S>): Outline => ({
  ...definition,
  complete: async (command, shell, done) => {
    const { completeCommand } = await import('./command.js');
    completeCommand(command, definition, shell, done);
  },
});

/** Every command, in the order in which a migration uses them. */
export const COMMANDS: readonly Outline[] = [
  define({
    name: 'check',
    summary: 'judge every row of a CSV: no network, no ledger',
    help: `
Examples:
  nylas-migrate check users.csv
  nylas-migrate check users.csv --provider-alias exchange=microsoft --json

Exit codes: 0 every row can be submitted, 3 some rows are bad, 2 the file can't be read as a CSV of users.`,
    argument: CSV_ARGUMENT,
    specs: ({ CHECK }) => CHECK,
    load: () => import('./check.js'),
  }),
  define({
    name: 'run',
    summary: 'migrate the users of a CSV; the same command resumes',
    help: `
Examples:
  nylas-migrate run users.csv --limit-per-provider 20 --label canary
  nylas-migrate run users.csv
  nylas-migrate run --input-command 'age -d users.csv.age' --ledger acme.db
  nylas-migrate run users.csv --retry needs_reauth

What has its grant is never submitted again; people whose credential changed in the CSV are.
Every option can also be set by NYLAS_MIGRATE_<NAME> or in the file named by --config.
${EXIT_CODES_HELP}`,
    argument: CSV_ARGUMENT,
    specs: ({ RUN }) => RUN,
    load: () => import('./run.js'),
  }),
  define({
    name: 'status',
    summary: 'where the ledger stands, and what to do next',
    help: '\nCan be asked while a run is going on.',
    argument: null,
    specs: ({ STATUS }) => STATUS,
    load: () => import('./status.js'),
  }),
  define({
    name: 'report',
    summary: 'who has which grant, and who has none and why',
    help: `
Examples:
  nylas-migrate report --out report.csv
  nylas-migrate report --select migrated --columns account_id,grant_id --raw --out grants.csv
  nylas-migrate report --category needs_reauth --out ask-to-sign-in.csv
  nylas-migrate report --format html --out report.html
  nylas-migrate report --format html --mask-emails --out report-to-share.html
  nylas-migrate report --out report.csv --provenance report.provenance.json

html is one file for a browser that loads nothing: what came out, who must act, charts, runs, the first
thousands of records. --select, --category and --columns choose the records it lists; its figures are of all.
  nylas-migrate report --by person --excel --out sign-in.csv --client-id ID --redirect-uri https://app.example/cb
  nylas-migrate report --by domain
  nylas-migrate report --select migrated --columns account_id,grant_id --after 0 --format jsonl
  nylas-migrate report --format sql --dialect postgres --table app.users --key id=user_id --set grant_id --out g.sql
  nylas-migrate report --attempts --category blocked --out for-nylas-support.csv

--after ends with the number to go on from: on standard output where the report goes into a file, else as the
last line of JSON Lines and SQL and of standard error. --format sql finds rows by the column that --key names: it
is matched with the report's column of that name, else with account_id, or with the one behind its equals sign.
A CSV is safe to open in a spreadsheet: a value that begins with = + - @ gets an apostrophe before it.
What a program reads needs --raw (or --format jsonl), which leave every value as it is.`,
    argument: null,
    specs: ({ REPORT }) => REPORT,
    load: () => import('./report.js'),
  }),
  define({
    name: 'explain',
    summary: "one user's whole story, to be pasted into a ticket",
    help: `
Examples:
  nylas-migrate explain ada@example.com
  nylas-migrate explain -- -17

A key that begins with a dash goes after --, and every option before it.`,
    argument: ['<key-or-email>', 'a record key, an email, a grant id or a carried value'],
    specs: ({ EXPLAIN }) => EXPLAIN,
    load: () => import('./explain.js'),
  }),
  define({
    name: 'verify',
    summary: 'hold the ledger against the grants that Nylas has',
    help: `
Examples:
  nylas-migrate verify
  nylas-migrate verify --probe 1% --out deviations.csv
  nylas-migrate verify --adopt

Lists the application's grants; only what looks missing or changed is asked for one by one. Grants that were lost
are noted in the ledger, which run --retry missing,invalid,unusable takes up; their records stay migrated.
A dead credential may take Nylas ten minutes to notice.

Exit codes: 0 nothing of ours differs, 3 something does, 7 Nylas did not answer for all of it, 129, 130 or 143
stopped by a signal: the same command goes on. 2, 4, 5 and 6 are as of run.`,
    argument: null,
    specs: ({ VERIFY }) => VERIFY,
    load: () => import('./verify.js'),
  }),
  define({
    name: 'resolve',
    summary: 'decide about records for whom another mailbox answered',
    help: `
Examples:
  nylas-migrate resolve --list
  nylas-migrate resolve acc-17 --accept --by ada --why 'she has married, same person'
  nylas-migrate resolve acc-18 --reject --by ada --why 'a shared mailbox of sales'
  nylas-migrate resolve acc-19 --grant 8f2c… --by ada --why 'signed in on the phone, see ticket 12'
  nylas-migrate resolve --decisions decisions.csv --by ada

A grant that a record is to have is asked for first: it must be there, valid and of the same provider. --grant
also serves records that failed or lost their grant. Decisions are kept for good, with who and why; a CSV (columns
key, decision, grant_id, by, why) is taken whole or not at all.
A key that begins with a dash goes after --, and every option before it.

Exit codes: 0 decided or listed, 2 something is wrong and nothing was decided.`,
    argument: ['[key-or-email]', 'the record to decide about'],
    specs: ({ RESOLVE }) => RESOLVE,
    load: () => import('./resolve.js'),
  }),
  define({
    name: 'undo',
    summary: 'delete the grants that this migration created, and only those',
    help: `
Examples:
  nylas-migrate undo --ledger acme.db                     counts, and prints the command that deletes
  nylas-migrate undo --ledger acme.db --run 2 --yes 107   deletes those 107
  nylas-migrate undo --only canary-keys.txt
  nylas-migrate undo --provider microsoft

Without --yes nothing is asked of Nylas and nothing is changed. With it each grant is read again, and left alone if
it changed since this migration last touched it. What was there before, what people made by themselves, and what also
serves a record outside the selection is never deleted. Interrupted, it prints the command that goes on.
Deleting is final: a later sign-in makes a new grant with a new id. Records become undone; run --retry undone
migrates them again.

Exit codes: 0 all of them are gone, 2 not that many (nothing was deleted), 3 some were left alone,
4 Nylas refused the key, 5 another process holds the ledger, 6 the ledger can't be used, 7 some are left to do,
129, 130, 143 SIGHUP, SIGINT, SIGTERM.`,
    argument: null,
    specs: ({ UNDO }) => UNDO,
    load: () => import('./undo.js'),
  }),
  define({
    name: 'backup',
    summary: 'copy the ledger safely, also while a run is using it',
    help: `
Example:
  nylas-migrate backup acme-before-canary.db --ledger acme.db

An earlier copy of the same ledger is replaced, and no other file. To go on from a copy, copy it to a new name
and run with --ledger NAME. Each run makes a copy by itself: the ledger's name with .bak.`,
    argument: ['<file>', 'where the copy goes'],
    specs: ({ BACKUP }) => BACKUP,
    load: () => import('./backup.js'),
  }),
  define({
    name: 'redact',
    summary: 'make the ledger forget email addresses, when a migration is over',
    help: `
Examples:
  nylas-migrate redact --emails --ledger acme.db           says what would be forgotten
  nylas-migrate redact --emails --yes --ledger acme.db     forgets it, for good

Of the ledger and its .bak no byte of an address remains. Keys, grant ids, counts, times and request ids stay. A
ledger whose keys are emails is refused.`,
    argument: null,
    specs: ({ REDACT }) => REDACT,
    load: () => import('./redact.js'),
  }),
  define({
    name: 'simulate',
    summary: 'a stand-in for Nylas v3 on loopback, to rehearse against',
    help: `
Example, in two terminals:
  nylas-migrate simulate --port 8080 --users users.csv --latency 0.5s-2s --fault 502=0.01
  NYLAS_API_KEY=sim-api-key nylas-migrate run users.csv --api-uri http://127.0.0.1:8080 --ledger rehearsal.db

What happens to grants behind the tool's back: POST /simulate/delete, invalidate, expire, rename or sign_in, with
a JSON body that names grant_id, email or provider.`,
    argument: null,
    specs: ({ SIMULATE }) => SIMULATE,
    load: () => import('./simulate.js'),
  }),
  define({
    name: 'demo',
    summary: 'the whole job on made-up users against the simulator',
    help: '',
    argument: null,
    specs: ({ DEMO }) => DEMO,
    load: () => import('./demo.js'),
  }),
];
