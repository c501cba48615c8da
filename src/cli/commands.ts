import type { Command } from 'commander';
import type { OptionSpecs } from '../config.js';
import type { Definition } from './command.js';
import type { Shell } from './shell.js';

const CSV_ARGUMENT = ['[csv]', 'a CSV file (.gz too), or - for standard input'] as const;

/** A command as the list of commands shows it, and how to give it its options and its action. */
export interface Outline extends Pick<Definition<OptionSpecs>, 'name' | 'summary' | 'argument'> {
  readonly options: () => Promise<OptionSpecs>;
  /** `done` gets the exit code. Loads what only a command line that names the command needs. */
  readonly complete: (command: Command, shell: Shell, done: (exitCode: number) => void) => Promise<void>;
}

const define = <S extends OptionSpecs>(definition: Definition<S>): Outline => ({
  ...definition,
  options: async () => definition.specs(await import('./options.js')),
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
    argument: CSV_ARGUMENT,
    specs: ({ CHECK }) => CHECK,
    load: () => import('./check.js'),
  }),
  define({
    name: 'run',
    summary: 'migrate the users of a CSV; the same command resumes',
    argument: CSV_ARGUMENT,
    specs: ({ RUN }) => RUN,
    load: () => import('./run.js'),
  }),
  define({
    name: 'status',
    summary: 'where the ledger stands, and what to do next',
    argument: null,
    specs: ({ STATUS }) => STATUS,
    load: () => import('./status.js'),
  }),
  define({
    name: 'report',
    summary: 'who has which grant, and who has none and why',
    argument: null,
    specs: ({ REPORT }) => REPORT,
    load: () => import('./report.js'),
  }),
  define({
    name: 'explain',
    summary: "one user's whole story, to be pasted into a ticket",
    argument: ['<key-or-email>', 'a record key, an email, a grant id or a carried value'],
    specs: ({ EXPLAIN }) => EXPLAIN,
    load: () => import('./explain.js'),
  }),
  define({
    name: 'verify',
    summary: 'hold the ledger against the grants that Nylas has',
    argument: null,
    specs: ({ VERIFY }) => VERIFY,
    load: () => import('./verify.js'),
  }),
  define({
    name: 'resolve',
    summary: 'decide about records for whom another mailbox answered',
    argument: ['[key-or-email]', 'the record to decide about'],
    specs: ({ RESOLVE }) => RESOLVE,
    load: () => import('./resolve.js'),
  }),
  define({
    name: 'undo',
    summary: 'delete the grants that this migration created, and only those',
    argument: null,
    specs: ({ UNDO }) => UNDO,
    load: () => import('./undo.js'),
  }),
  define({
    name: 'backup',
    summary: 'copy the ledger safely, also while a run is using it',
    argument: ['<file>', 'where the copy goes'],
    specs: ({ BACKUP }) => BACKUP,
    load: () => import('./backup.js'),
  }),
  define({
    name: 'redact',
    summary: 'make the ledger forget email addresses, when a migration is over',
    argument: null,
    specs: ({ REDACT }) => REDACT,
    load: () => import('./redact.js'),
  }),
  define({
    name: 'simulate',
    summary: 'a stand-in for Nylas v3 on loopback, to rehearse against',
    argument: null,
    specs: ({ SIMULATE }) => SIMULATE,
    load: () => import('./simulate.js'),
  }),
  define({
    name: 'demo',
    summary: 'the whole job on made-up users against the simulator',
    argument: null,
    specs: ({ DEMO }) => DEMO,
    load: () => import('./demo.js'),
  }),
  define({
    name: 'completion',
    summary: 'what a shell needs to complete commands, options and values',
    argument: ['<shell>', 'bash, zsh or fish'],
    specs: () => ({}),
    load: () => import('./completion.js'),
  }),
];
