import type { Unmatched } from './unmatched.js';
import type { Plan } from './plan.js';

/** What a run would do with the rows of an input. */
export interface PlannedRun {
  readonly input: string;
  readonly rows: number;
  readonly wouldSubmit: Readonly<Record<string, number>>;
  readonly rest: Readonly<Partial<Record<Plan['kind'] | 'invalid' | 'out_of_scope' | 'held_back', number>>>;
  readonly estimate: {
    readonly ratePerSecond: number;
    readonly requests: number;
    readonly seconds: number | null;
  };
  readonly unmatched: Unmatched;
}
