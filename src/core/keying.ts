import { UserError } from './errors.js';

/**
 * Throws UserError('usage') where a file would name users by another rule than the ledger does. `held`: the ledger's
 * rule, null where no run has fixed it yet.
 */
export function assertKeying(ledgerName: string, held: string | null, rule: string): void {
  if (held === null || held === rule) return;
  throw new UserError(
    'usage',
    `${ledgerName} names users by ${held}, this file would name them by ${rule}.`,
    `Give --identify-by ${held} with a file that allows it, or another ledger with --ledger.`,
  );
}
