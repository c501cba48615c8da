import { LOSS_REMEDIES } from './aftermath-steps.js';
import { HANDLING } from './category.js';
import { LOSSES, type IssueKind, type LedgerRecord } from './ledger-rows.js';

/** What to do about one record; null where it has its grant. */
export function remedyOf(
  record: Pick<LedgerRecord, 'status' | 'category' | 'mailbox' | 'grantStatus'>,
): string | null {
  const { status, category, mailbox, grantStatus } = record;
  switch (status) {
    case 'migrated': {
      const loss = LOSSES.find((name) => name === grantStatus);
      return loss === undefined ? null : LOSS_REMEDIES[loss];
    }
    case 'failed':
    case 'pending':
      return category === null ? 'run again' : HANDLING[category].remedy;
    case 'submitting':
      return 'wait for the run that submits it; if none is going on, run again';
    case 'in_doubt':
      return mailbox === null
        ? 'its outcome is unknown and nothing was found for it, which without an email proves little: run with --retry in_doubt to submit it again'
        : 'its outcome is unknown: run again, which looks for its grant first';
    case 'undone':
      return 'its grant was deleted by undo: run with --retry undone to make it anew';
  }
}

/** What to do about a row that became no record. */
export const ISSUE_REMEDIES: Readonly<Record<IssueKind, string | null>> = {
  invalid: 'fix this row and run again',
  duplicate: null,
  out_of_scope: 'run without the option that left it out',
};
