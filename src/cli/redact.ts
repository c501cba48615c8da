import { planRedaction, redactLedger } from '../context.js';
import { formatCount, formatCounted } from '../core/counted.js';
import { UserError } from '../core/errors.js';
import { commandLine } from '../core/shell.js';
import type { Redaction } from '../ports/ledger.js';
import type { Action } from './command.js';
import { EXIT } from '../core/exit-codes.js';
import type { REDACT } from './options.js';
import { print } from './shell.js';

export const action: Action<typeof REDACT> = async ({ ledger, emails, yes, json, quiet }, _a, _f, shell) => {
  if (!emails) {
    throw new UserError(
      'usage',
      'What shall be forgotten?',
      'There is one answer yet, and it is final: nylas-migrate redact --emails --yes',
    );
  }
  const redaction = yes ? await redactLedger(ledger) : await planRedaction(ledger);
  if (json) await print(shell.stdout, JSON.stringify({ ledger, redacted: yes, ...redaction }, null, 2));
  else await print(shell.stdout, linesOf(ledger, redaction, yes).join('\n'));
  if (!yes && !quiet) await print(shell.stderr, notYet(ledger));
  return EXIT.done;
};

function linesOf(ledger: string, redaction: Redaction, done: boolean): readonly string[] {
  const { records, addresses, open, rows, grantsSeen, copy } = redaction;
  const what = `the addresses of ${formatCounted(addresses, 'record')} (of ${formatCount(records)}), of ${formatCounted(rows, 'row')} that became none, and of ${formatCounted(grantsSeen, 'listed grant')}`;
  return [
    `${ledger} ${done ? 'has forgotten' : 'would forget'} ${what};`,
    'addresses in messages of servers, in account ids and in columns that were carried along too.',
    ...(copy === null ? [] : [`${copy} ${done ? 'is' : 'would be'} replaced by a copy without them.`]),
    'What stays: record keys, grant ids, statuses, times, request ids and every count.',
    ...(open === 0
      ? []
      : [
          `${formatCounted(open, 'record')} without a grant: a run that reads their rows learns their addresses again.`,
        ]),
    'Copies elsewhere, reports, logs and the input are yours to delete.',
  ];
}

function notYet(ledger: string): string {
  const command = commandLine(['nylas-migrate', 'redact', '--emails', '--yes', '--ledger', ledger]);
  return `Nothing was changed. This is final: there is no way back to the addresses. To do it: ${command}`;
}
