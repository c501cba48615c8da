import { formatCounted } from './counted.js';
import type { Aftermath, Loss } from './ledger-rows.js';
import { jobCommand, runCommand, whole, type RunInput } from './next-command.js';
import type { NextStep } from './next-steps.js';

/** What each loss asks of somebody. */
export const LOSS_REMEDIES: Readonly<Record<Loss, string>> = {
  missing:
    'its grant is gone at Nylas: run with --retry missing to make it anew, or let this person sign in again',
  invalid:
    'its grant has become invalid: this person must sign in again; run with --retry invalid if the CSV holds a newer credential',
  unusable:
    'its grant can’t be used although it is called valid: this person must sign in again; run with --retry unusable if the CSV holds a newer credential',
  changed: 'its grant is of another mailbox by now: check whose it is, then decide with resolve',
};

/** What to do about grants that were lost, and records that somebody must decide about. */
export function aftermathSteps(
  { lost, held }: Aftermath,
  { input, connection }: { readonly input: RunInput; readonly connection: readonly string[] },
  ledgerPath: string,
): readonly NextStep[] {
  const again = (loss: Loss): string => runCommand(whole(input), ledgerPath, ['--retry', loss]);
  const asked = (loss: Loss, what: string): readonly NextStep[] =>
    lost[loss] === 0
      ? []
      : [{ say: `${what} (${formatCounted(lost[loss], 'record')})`, command: again(loss) }];
  return [
    ...asked('missing', 'Make the grants anew that are gone at Nylas, unless that was meant'),
    ...asked('invalid', `Ask these people to sign in again: their grants are invalid; or, ${NEWER}`),
    ...asked('unusable', `Ask these people to sign in again: their grants can’t be used; or, ${NEWER}`),
    ...(held === 0
      ? []
      : [
          {
            say: `Decide about the mailboxes that answered for others (${formatCounted(held, 'record')})`,
            command: jobCommand('resolve', ['--list'], ledgerPath, connection),
          },
        ]),
  ];
}

const NEWER = 'if your CSV holds newer credentials';
