import { HANDLING, type Category, type Status } from './category.js';
import { formatCounted } from './counted.js';
import type { StateCount } from './ledger-rows.js';
import type { DomainCount } from './statistics.js';

/** What lacks a grant for one reason: who must act, on how many, and where they are. */
export interface Todo {
  /** In one sentence, such as `41 administrators unblock 29,304 users`. */
  readonly title: string;
  readonly who: string;
  readonly why: string;
  readonly remedy: string;
  readonly name: string;
  readonly count: number;
  readonly providers: readonly { readonly provider: string; readonly count: number }[];
  /** The largest. */
  readonly domains: readonly DomainCount[];
  readonly domainsTotal: number;
}

interface State {
  readonly status: Status;
  readonly category: Category | null;
}

/** What remains to be done: people's work first, the most users first. `heldBack`: as `heldBackBy`. */
export function todosOf(
  counts: readonly StateCount[],
  domains: readonly DomainCount[],
  heldBack: string | null,
): readonly Todo[] {
  const states = new Map<string, State>();
  for (const { status, category } of counts)
    if (status !== 'migrated') states.set(`${status} ${category ?? ''}`, { status, category });
  const todos = [...states.values()].map((state) => todoOf(state, counts, domains, heldBack));
  return todos.sort((a, b) => Number(b.who !== NOBODY) - Number(a.who !== NOBODY) || b.count - a.count);
}

const NOBODY = 'nobody';

function todoOf(
  state: State,
  counts: readonly StateCount[],
  domains: readonly DomainCount[],
  heldBack: string | null,
): Todo {
  const isOfState = (entry: State): boolean =>
    entry.status === state.status && entry.category === state.category;
  const providers = counts.filter(isOfState).map(({ provider, count }) => ({ provider, count }));
  const ofState = domains.filter(isOfState);
  const count = providers.reduce((sum, entry) => sum + entry.count, 0);
  const domainsTotal = ofState[0]?.domains ?? 0;
  const { who, why, remedy } = meaningOf(state, heldBack);
  return {
    title: titleOf(state, count, domainsTotal, heldBack),
    ...{ who, why, remedy, providers, count, domainsTotal },
    name: state.category ?? state.status,
    domains: ofState,
  };
}

function meaningOf(
  { status, category }: State,
  heldBack: string | null,
): Pick<Todo, 'who' | 'why' | 'remedy'> {
  if (status === 'in_doubt')
    return { who: NOBODY, why: 'the outcome is not known yet', remedy: 'run again: it looks for the grant' };
  if (status === 'undone')
    return { who: 'you', why: 'undo deleted the grant', remedy: 'to make it anew, run with --retry undone' };
  if (status === 'submitting')
    return {
      who: NOBODY,
      why: 'a run submits it, or died doing so',
      remedy: 'wait for the run, or run again',
    };
  if (category === null) return notSubmitted(heldBack);
  const { who, what, remedy } = HANDLING[category];
  return { who, why: what, remedy };
}

function notSubmitted(heldBack: string | null): Pick<Todo, 'who' | 'why' | 'remedy'> {
  return heldBack === null
    ? { who: NOBODY, why: 'not submitted yet', remedy: 'run again' }
    : {
        who: 'you',
        why: `not submitted: held back. ${heldBack.replace(/\.$/, '')}`,
        remedy: 'mend that, then run again',
      };
}

function titleOf(
  { status, category }: State,
  count: number,
  domains: number,
  heldBack: string | null,
): string {
  const users = formatCounted(count, 'user');
  switch (category) {
    case 'needs_admin':
      return domains === 0
        ? `An administrator must consent for ${users}`
        : `${formatCounted(domains, 'administrator')} ${domains === 1 ? 'unblocks' : 'unblock'} ${users}`;
    case 'needs_reauth':
      return `${users} must sign in again`;
    case 'rejected':
      return `${formatCounted(count, 'row')} must be fixed`;
    case 'blocked':
      return `Nylas’ support must unblock ${users}`;
    case 'email_mismatch':
      return `Another mailbox answered for ${users}`;
    case 'misconfigured':
      return `A connector or key must be fixed for ${users}`;
    case 'throttled':
    case 'unavailable':
      return `${users} wait for the next run`;
    case null:
      return titleWithoutCategory(status, users, heldBack);
  }
}

function titleWithoutCategory(status: Status, users: string, heldBack: string | null): string {
  if (status === 'undone') return `${users} had their grant undone`;
  const isHeldBack = status === 'pending' && heldBack !== null;
  return isHeldBack ? `${users} were held back` : `${users} wait for the next run`;
}

/** `90.4 %`; 100 only where it is all, 0 only where it is none. */
export function formatShare(part: number, whole: number): string {
  if (part === 0) return '0 %';
  if (part === whole) return '100 %';
  const tenths = Math.min(999, Math.max(1, Math.round((part * 1000) / whole)));
  return `${(tenths / 10).toFixed(1)} %`;
}
