import { canBeKey } from './plain.js';
import { retryTargetOf, type RecordState, type RetryTarget } from './plan.js';
import type { Scope } from './scope.js';

/** Keys that an option named and no row has. */
export interface UnmatchedKeys {
  readonly option: '--only' | '--exclude';
  readonly count: number;
  /** The first of them. */
  readonly examples: readonly string[];
}

/** What options asked for and an input didn't hold. */
export interface Unmatched {
  readonly keys: readonly UnmatchedKeys[];
  readonly retry: readonly RetryTarget[];
}

const EXAMPLES_MAX = 5;

/** Follows which of the keys and failures that options name turn up in an input. */
export class Asked {
  readonly #only: Set<string>;
  readonly #exclude: Set<string>;
  readonly #retry: Set<RetryTarget>;

  constructor({ only, exclude }: Scope, retry: ReadonlySet<RetryTarget>) {
    this.#only = new Set(only);
    this.#exclude = new Set(exclude);
    this.#retry = new Set(retry);
  }

  /** A row has this key. */
  key(key: string): void {
    this.#only.delete(key);
    this.#exclude.delete(key);
  }

  /** A row that is in scope has this record. */
  record(record: RecordState): void {
    const target = retryTargetOf(record);
    if (target !== null) this.#retry.delete(target);
  }

  /** What has not turned up: says something once the whole input was gone through. */
  unmatched(): Unmatched {
    const keys = [unmatchedKeys('--only', this.#only), unmatchedKeys('--exclude', this.#exclude)];
    return { keys: keys.filter(({ count }) => count > 0), retry: [...this.#retry] };
  }
}

/** Whoever names the wrong file, such as the CSV itself, must not find its credentials shown. */
function unmatchedKeys(option: UnmatchedKeys['option'], keys: ReadonlySet<string>): UnmatchedKeys {
  const examples: string[] = [];
  for (const key of keys) {
    if (examples.length === EXAMPLES_MAX) break;
    if (canBeKey(key)) examples.push(key);
  }
  return { option, count: keys.size, examples };
}
