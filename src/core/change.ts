import type { Category, Origin, Status } from './category.js';
import { HANDLING } from './category.js';
import type { Grant } from './grant.js';
import type { MailboxGrant, TakenOrigin } from './plan.js';
import type { Scrub } from './scrub.js';

/** The state that an outcome brings a record into. */
export interface RecordChange {
  readonly status: Status;
  readonly category: Category | null;
  readonly grant: RecordGrant | null;
  /** Unix milliseconds. */
  readonly notBeforeMs: number | null;
  /** Whether an attempt of unknown outcome remains; the ledger remembers the earliest such attempt. */
  readonly inDoubt: boolean;
  /** Whether the attempt counts against the record. */
  readonly counts: boolean;
}

/** What the ledger keeps of a grant. */
export interface RecordGrant {
  readonly id: string;
  readonly status: string | null;
  readonly email: string | null;
  readonly scope: string | null;
  /** Unix seconds, by Nylas' clock, where Nylas said it in answer to us. */
  readonly updatedAt?: number | null;
  readonly origin: Origin | null;
}

/** The record has its grant. */
export function migrated(grant: RecordGrant, counts: boolean): RecordChange {
  return { status: 'migrated', category: null, grant, notBeforeMs: null, inDoubt: false, counts };
}

/** The record was refused: it fails, or stays pending where no person of its own must act. */
export function refused(category: Category, grant: RecordGrant | null): RecordChange {
  const status = HANDLING[category].failed ? 'failed' : 'pending';
  return { status, category, grant, notBeforeMs: null, inDoubt: false, counts: true };
}

/** The record waits; `inDoubt` says whether an earlier attempt's outcome is still unknown. */
export function waiting(
  category: Category | null,
  notBeforeMs: number | null,
  inDoubt: boolean,
): RecordChange {
  return { status: 'pending', category, grant: null, notBeforeMs, inDoubt, counts: false };
}

/** Nylas may have acted on this attempt. */
export function doubtful(notBeforeMs: number): RecordChange {
  return { status: 'in_doubt', category: null, grant: null, notBeforeMs, inDoubt: true, counts: true };
}

/** Reduces a grant to what is kept, free of anything the server may have echoed. */
export function recordGrant(grant: Grant, origin: Origin | null, scrub: Scrub): RecordGrant {
  return {
    id: grant.id,
    status: grant.status === null ? null : scrub(grant.status),
    email: grant.email === null ? null : scrub(grant.email),
    scope: grant.scope.length === 0 ? null : scrub(grant.scope.join(' ')),
    updatedAt: grant.updatedAt === null ? null : Math.floor(grant.updatedAt),
    origin,
  };
}

/** A grant that the mailbox has already, as the record's own. */
export function takenGrant(grant: MailboxGrant, origin: TakenOrigin): RecordGrant {
  return { id: grant.grantId, status: 'valid', email: null, scope: grant.scope, origin };
}
