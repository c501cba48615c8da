import { formatCounted } from './counted.js';
import { jobCommand } from './next-command.js';
import type { NextStep } from './next-steps.js';
import type { Deviation, VerifyCounts } from './verification.js';
import type { Verdict } from './verdict.js';

/** What a verification came to, for whoever started it. */
export interface VerifySummary {
  readonly runId: number;
  readonly ledgerPath: string;
  readonly host: string;
  readonly application: { readonly id: string; readonly name: string | null };
  readonly verdict: Verdict;
  /** Whether it came to its end. */
  readonly isWhole: boolean;
  readonly counts: VerifyCounts;
  /** The first of each kind. */
  readonly deviations: readonly Deviation[];
  /** A file that holds all of them; null: none was asked for. */
  readonly out: string | null;
  readonly next: readonly NextStep[];
}

/** Said with every verification: what Nylas hasn't noticed can't be told. */
export const LATENESS =
  'A credential that died within the last ten minutes can still look alive: Nylas takes that long to notice.';

interface Asked {
  readonly ledgerPath: string;
  /** Options that say where Nylas is, as they are typed. */
  readonly connection: readonly string[];
  /** Its other options, likewise. */
  readonly options: readonly string[];
  /** Where all deviations stand; null: nowhere yet. */
  readonly out: string | null;
  readonly isWhole: boolean;
}

/** What only a verification knows to do; the rest follows from the ledger. */
export function verifySteps(counts: VerifyCounts, asked: Asked): readonly NextStep[] {
  const again = (options: readonly string[]): string =>
    jobCommand('verify', options, asked.ledgerPath, asked.connection);
  if (!asked.isWhole)
    return [{ say: 'Begin again: what was tried already is not tried again', command: again(asked.options) }];
  const steps: NextStep[] = [];
  const { signed_in: signedIn, adopted, several, unsure } = counts;
  if (unsure > 0)
    steps.push({
      say: `Verify again: Nylas did not answer for ${records(unsure)}`,
      command: again(asked.options),
    });
  if (signedIn > adopted)
    steps.push({
      say: `Record the grants of the people who have signed in (${records(signedIn - adopted)})`,
      command: again(['--adopt']),
    });
  if (several > 0)
    steps.push({
      say: `Choose which grant it is, for each: resolve KEY --grant ID (${records(several)}, listed by --out)`,
      command: asked.out === null ? again(['--out', 'deviations.csv']) : null,
    });
  return steps;
}

function records(count: number): string {
  return formatCounted(count, 'record');
}
