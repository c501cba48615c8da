import { createHash } from 'node:crypto';
import type { Provider } from '../core/provider.js';
import { GrantOrder } from './grant-order.js';
import { uuidFromHex } from './random.js';

/** A grant as Nylas shows it. */
export interface Grant {
  readonly id: string;
  readonly provider: Provider;
  readonly scope: readonly string[];
  /** Unix seconds, like `updated_at`. */
  readonly created_at: number;
  readonly updated_at: number;
  readonly grant_status: 'valid' | 'invalid';
  readonly email?: string;
  readonly state?: string;
  readonly credential_id?: string;
  /** Only on grants that Nylas' own import made. */
  readonly account_id?: string;
}

/** A grant that is there from the start. */
export type SeedGrant = Pick<Grant, 'provider'> & Partial<Grant>;

/** A grant with what Nylas knows and doesn't show. */
export interface StoredGrant {
  readonly grant: Grant;
  readonly mailbox: string;
  readonly aliases: readonly string[];
  /** Says `valid`, yet its first real use fails. */
  readonly dead: boolean;
}

/** What one authentication of a mailbox brings. */
export interface Authentication {
  readonly provider: Provider;
  /** Names the mailbox within its provider: its email in any case, or whatever else is known of it. */
  readonly mailbox: string;
  readonly email: string | null;
  readonly scope: readonly string[];
  readonly status: Grant['grant_status'];
  readonly state: string | null;
  readonly credentialId: string | null;
  readonly aliases: readonly string[];
  readonly dead: boolean;
}

export interface GrantQuery {
  readonly filter: {
    readonly email?: string | undefined;
    readonly provider?: string | undefined;
    readonly account_id?: string | undefined;
    readonly grant_status?: string | undefined;
    readonly since?: number | undefined;
    readonly before?: number | undefined;
  };
  readonly sortBy: 'created_at' | 'updated_at';
  readonly orderBy: 'asc' | 'desc';
  readonly limit: number;
  readonly offset: number;
}

/** The grants of one application, one a mailbox. */
export class GrantStore {
  readonly #namespace: string;
  readonly #byId = new Map<string, StoredGrant>();
  readonly #idByMailbox = new Map<string, string>();
  readonly #idsByEmail = new Map<string, readonly string[]>();
  /** How often a mailbox lost its grant: the next one gets another id. */
  readonly #deletions = new Map<string, number>();
  readonly #orders = {
    created_at: new GrantOrder('created_at', this.#byId),
    updated_at: new GrantOrder('updated_at', this.#byId),
  };
  /** One list for all who have the same scopes: a million users have few. */
  readonly #scopes = new Map<string, readonly string[]>();

  /** Ids follow from the namespace and the mailbox, so that they don't depend on the order of requests. */
  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Every grant, the oldest first. */
  all(): readonly Grant[] {
    return [...this.#byId.values()].map(({ grant }) => grant);
  }

  find(id: string): StoredGrant | undefined {
    return this.#byId.get(id);
  }

  /** Makes the mailbox's grant, or re-authenticates the one it has: same id, same `created_at` and `state`. */
  upsert(authentication: Authentication, nowS: number): { readonly grant: Grant; readonly created: boolean } {
    const mailbox = mailboxKey(authentication.provider, authentication.mailbox);
    const existing = this.#byId.get(this.#idByMailbox.get(mailbox) ?? '');
    const { aliases, dead } = authentication;
    const grant = {
      ...authenticated(authentication, this.#shared(authentication.scope), nowS),
      ...(existing ? lasting(existing.grant) : { id: this.#newId(mailbox) }),
    };
    this.#put({ grant, mailbox, aliases, dead });
    return { grant, created: existing === undefined };
  }

  /** Puts a grant there as if it had been made at its `created_at`. */
  plant(seed: SeedGrant, nowS: number): void {
    const mailbox = mailboxKey(seed.provider, seed.email ?? seed.id ?? 'unnamed');
    const createdAt = seed.created_at ?? nowS;
    const times = { created_at: createdAt, updated_at: createdAt };
    const grant = { id: this.#newId(mailbox), scope: [], grant_status: 'valid', ...times, ...seed } as const;
    this.#put({ grant, mailbox, aliases: [], dead: false });
  }

  /** The credential behind a grant doesn't work any more, and Nylas has noticed, or hasn't yet; false: no such grant. */
  invalidate(id: string, hasNoticed: boolean): boolean {
    const stored = this.#byId.get(id);
    if (stored === undefined) return false;
    const grant: Grant = hasNoticed ? { ...stored.grant, grant_status: 'invalid' } : stored.grant;
    this.#put({ ...stored, grant, dead: true });
    return true;
  }

  /** The mailbox behind a grant goes by another email now; false: there is no such grant. */
  rename(id: string, email: string): boolean {
    const stored = this.#byId.get(id);
    if (stored === undefined) return false;
    this.#put({ ...stored, grant: { ...stored.grant, email } });
    return true;
  }

  /** Deletes a grant for good; false where there is none. */
  remove(id: string): boolean {
    const stored = this.#byId.get(id);
    if (stored === undefined) return false;
    this.#unlink(id);
    this.#byId.delete(id);
    this.#idByMailbox.delete(stored.mailbox);
    this.#deletions.set(stored.mailbox, (this.#deletions.get(stored.mailbox) ?? 0) + 1);
    for (const order of Object.values(this.#orders)) order.forget();
    return true;
  }

  /** One page of the grants that match. */
  list(query: GrantQuery): readonly Grant[] {
    const end = query.offset + query.limit;
    // Nobody looks at all who stand before a deep page, where they all match.
    const skipped = asksByTimeAlone(query) ? query.offset : 0;
    const page: Grant[] = [];
    let matching = skipped;
    for (const grant of this.#candidates(query, skipped)) {
      if (matching >= end) break;
      if (!matches(grant, query.filter)) continue;
      if (matching >= query.offset) page.push(grant);
      matching += 1;
    }
    return page;
  }

  *#candidates({ filter, sortBy, orderBy }: GrantQuery, skipped: number): Generator<Grant> {
    if (filter.email !== undefined) {
      yield* inOrder(this.#withEmail(filter.email), sortBy, orderBy);
      return;
    }
    const { since = -Infinity, before = Infinity } = sortBy === 'created_at' ? filter : {};
    for (const id of this.#orders[sortBy].between(orderBy, since, before, skipped)) {
      const stored = this.#byId.get(id);
      if (stored !== undefined) yield stored.grant;
    }
  }

  #put(stored: StoredGrant): void {
    const { id, email } = stored.grant;
    const before = this.#byId.get(id)?.grant;
    this.#unlink(id);
    this.#byId.set(id, stored);
    this.#idByMailbox.set(stored.mailbox, id);
    if (email !== undefined) this.#idsByEmail.set(email.toLowerCase(), [...this.#idsOf(email), id]);
    for (const order of Object.values(this.#orders)) order.put(stored.grant, before);
  }

  #shared(scope: readonly string[]): readonly string[] {
    const name = scope.join(' ');
    const shared = this.#scopes.get(name) ?? scope;
    this.#scopes.set(name, shared);
    return shared;
  }

  #newId(mailbox: string): string {
    const name = `${this.#namespace}\n${mailbox}\n${this.#deletions.get(mailbox) ?? 0}`;
    return uuidFromHex(createHash('sha256').update(name).digest('hex'));
  }

  #unlink(id: string): void {
    const email = this.#byId.get(id)?.grant.email;
    if (email === undefined) return;
    const others = this.#idsOf(email).filter((each) => each !== id);
    if (others.length > 0) this.#idsByEmail.set(email.toLowerCase(), others);
    else this.#idsByEmail.delete(email.toLowerCase());
  }

  #idsOf(email: string): readonly string[] {
    return this.#idsByEmail.get(email.toLowerCase()) ?? [];
  }

  #withEmail(email: string): readonly Grant[] {
    return this.#idsOf(email).flatMap((id) => this.#byId.get(id)?.grant ?? []);
  }
}

/** The key of a mailbox: an email's case says nothing. */
function mailboxKey(provider: Provider, mailbox: string): string {
  return `${provider}:${mailbox.toLowerCase()}`;
}

function authenticated(
  authentication: Authentication,
  scope: readonly string[],
  nowS: number,
): Omit<Grant, 'id'> {
  const { provider, status, email, state, credentialId } = authentication;
  return {
    provider,
    scope,
    grant_status: status,
    created_at: nowS,
    updated_at: nowS,
    ...(email !== null && { email }),
    ...(state !== null && { state }),
    ...(credentialId !== null && { credential_id: credentialId }),
  };
}

/** What a re-authentication leaves as it was: `state` is the initial one, by Nylas' description. */
function lasting({ id, created_at, state, account_id }: Grant): Partial<Grant> & Pick<Grant, 'id'> {
  return {
    id,
    created_at,
    ...(state !== undefined && { state }),
    ...(account_id !== undefined && { account_id }),
  };
}

/** Whether everything in the order's range matches. */
function asksByTimeAlone({ filter, sortBy }: GrantQuery): boolean {
  const { since, before, ...others } = filter;
  const isByOtherTime = sortBy !== 'created_at' && (since !== undefined || before !== undefined);
  return !isByOtherTime && Object.values(others).every((value) => value === undefined);
}

function matches(grant: Grant, filter: GrantQuery['filter']): boolean {
  const { provider, account_id, grant_status, since = -Infinity, before = Infinity } = filter;
  return (
    (provider === undefined || grant.provider === provider) &&
    (account_id === undefined || grant.account_id === account_id) &&
    (grant_status === undefined || grant.grant_status === grant_status) &&
    grant.created_at >= since &&
    grant.created_at <= before
  );
}

/** Grants of the same second keep the order they came in, or exactly the reverse of it. */
function inOrder(
  grants: readonly Grant[],
  sortBy: GrantQuery['sortBy'],
  orderBy: GrantQuery['orderBy'],
): readonly Grant[] {
  const ascending = grants.toSorted((a, b) => a[sortBy] - b[sortBy]);
  return orderBy === 'asc' ? ascending : ascending.toReversed();
}
