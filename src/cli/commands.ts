import type { Command } from 'commander';
import type { OptionSpecs } from '../config.js';
import { makeCommand, type Definition } from './command.js';
import { EXIT_CODES_HELP } from './exit-codes.js';
import { BACKUP, CHECK, DEMO, EXPLAIN, REDACT, REPORT, RUN, SIMULATE, STATUS } from './options.js';
import type { Shell } from './shell.js';

const CSV_ARGUMENT = ['[csv]', 'a CSV file (.gz too), or - for standard input'] as const;

type Make = (shell: Shell, done: (exitCode: number) => void) => Command;

const define =
  <S extends OptionSpecs>(definition: Definition<S>): Make =>
  (shell, done) =>
    makeCommand(definition, shell, done);

/** Every command, in the order in which a migration uses them. `done` gets the exit code of the one that ran. */
export const COMMANDS: readonly Make[] = [
  define({
    name: 'check',
    summary: 'judge every row of a CSV: no network, no ledger',
    help: `
Examples:
  nylas-migrate check users.csv
  nylas-migrate check users.csv --provider-alias exchange=microsoft --json

Exit codes: 0 every row can be submitted, 3 some rows are bad, 2 the file can't be read as a CSV of users.`,
    argument: CSV_ARGUMENT,
    specs: CHECK,
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
    specs: RUN,
    load: () => import('./run.js'),
  }),
  define({
    name: 'status',
    summary: 'where the ledger stands, and what to do next',
    help: '\nCan be asked while a run is going on.',
    argument: null,
    specs: STATUS,
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
    specs: REPORT,
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
    specs: EXPLAIN,
    load: () => import('./explain.js'),
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
    specs: BACKUP,
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
    specs: REDACT,
    load: () => import('./redact.js'),
  }),
  define({
    name: 'simulate',
    summary: 'a stand-in for Nylas v3 on loopback, to rehearse against',
    help: `
Example, in two terminals:
  nylas-migrate simulate --port 8080 --users users.csv --latency 0.5s-2s --fault 502=0.01
  NYLAS_API_KEY=sim-api-key nylas-migrate run users.csv --api-uri http://127.0.0.1:8080 --ledger rehearsal.db`,
    argument: null,
    specs: SIMULATE,
    load: () => import('./simulate.js'),
  }),
  define({
    name: 'demo',
    summary: 'the whole job on made-up users against the simulator',
    help: '',
    argument: null,
    specs: DEMO,
    load: () => import('./demo.js'),
  }),
];
