import type { Answer } from './core/answer.js';
import { recordGrant } from './core/change.js';

import { nameWish, problemOf, repeatedIds, type Resolved, type Wish } from './core/decisions.js';
import { UserError } from './core/errors.js';
import { foldEmail, grantOf, type Grant } from './core/grant.js';
import { keepable } from './core/listed.js';
import type { Origin } from './core/category.js';
import type { HeldRecord, LedgerRecord } from './core/ledger-rows.js';
import { isNotFound, refusesKey } from './core/outcome.js';
import { scrubberOf } from './core/scrub.js';
import type { Verdict } from './core/verdict.js';
import { inParallel } from './caller.js';
import type { JobPorts } from './job.js';
import type { Decided } from './ports/ledger.js';
import type { LedgerReader } from './ports/ledger-reader.js';
import { reread } from './reread.js';

export interface ResolveResult {
  readonly runId: number;
  readonly verdict: Verdict;
  readonly counts: { readonly accept: number; readonly reject: number; readonly grant: number };
  readonly resolved: readonly Resolved[];
}

/** A wish, and the record that it is about. */
interface Matched {
  readonly wish: Wish;
  readonly record: LedgerRecord;
  /** Null: it only lacks a grant. */
  readonly held: HeldRecord | null;
}

const CONCURRENCY = 20;

/**
 * Decides about records: all of them, or, where anything is wrong with one, none. Grants that records are to have
 * are asked for first. Throws UserError with every problem at once.
 */
export async function resolve(ports: JobPorts, wishes: readonly Wish[]): Promise<ResolveResult> {
  const { progress, caller } = ports;
  progress.begin(() => caller.snapshot('asking for the grants', null));
  const matched = await matchAll(ports, wishes);
  const grants = await askForAll(ports, matched);
  if (grants === null) return { runId: ports.runId, verdict: 'signal', counts: count([]), resolved: [] };
  const decided = matched.map((each) => decide(ports, each, grants.get(each) ?? null));
  await write(ports, decided);
  const resolved = decided.map(toResolved);
  return { runId: ports.runId, verdict: 'done', counts: count(resolved), resolved };
}

/** Finds the record of each wish. Throws UserError with every wish that can't be met. */
async function matchAll(ports: JobPorts, wishes: readonly Wish[]): Promise<readonly Matched[]> {
  const reader = await ports.openReader();
  try {
    const held = new Map(reader.held().map((record) => [record.recordId, record]));
    const problems: string[] = [];
    const matched = wishes.flatMap((wish) => {
      const found = findRecords(reader, wish.key);
      const ofIt = held.get(found[0]?.recordId ?? 0) ?? null;
      const problem = problemOf(wish, found, ofIt);
      if (problem !== null) problems.push(`${nameWish(wish)}: ${problem}.`);
      return found[0] === undefined || problem !== null ? [] : [{ wish, record: found[0], held: ofIt }];
    });
    failOn([...problems, ...repeats(matched)]);
    return matched;
  } finally {
    reader.close();
  }
}

/** By its key alone, where one has it; else by email. */
function findRecords(reader: LedgerReader, key: string): readonly LedgerRecord[] {
  const found = reader.find(key);
  const named = found.filter((record) => record.key === key);
  const mailed = found.filter(({ mailbox }) => mailbox === foldEmail(key));
  return named.length > 0 ? named : mailed;
}

function repeats(matched: readonly Matched[]): readonly string[] {
  const repeated = repeatedIds(matched.map(({ record }) => record.recordId));
  return matched
    .filter(({ record }) => repeated.has(record.recordId))
    .map(({ wish }) => `${nameWish(wish)}: it is decided about more than once.`);
}

type Grants = ReadonlyMap<Matched, Grant>;

/** Asks for every grant that a record is to have. Null: stopped meanwhile. Throws UserError, likewise. */
async function askForAll(ports: JobPorts, matched: readonly Matched[]): Promise<Grants | null> {
  const { caller, api } = ports;
  const grants = new Map<Matched, Grant>();
  const problems: string[] = [];
  const wanted = matched.filter(({ wish }) => wish.decision !== 'reject');
  await inParallel(wanted, { concurrency: CONCURRENCY, stopping: caller.stopping }, async (each) => {
    const answer = await reread(caller, (onLeft) => api.grantById(wantedId(each), onLeft));
    const grant = answer === null ? null : readGrant(answer, each);
    if (typeof grant === 'string') problems.push(`${nameWish(each.wish)}: ${grant}.`);
    else if (grant !== null) grants.set(each, grant);
  });
  if (caller.stopping()) return null;
  failOn(problems);
  return grants;
}

function wantedId({ wish, held }: Matched): string {
  return wish.grantId ?? held?.grantId ?? '';
}

/** The grant in an answer, or what is wrong with it. Throws UserError where the answer tells nothing of it. */
function readGrant(answer: Answer, matched: Matched): Grant | string {
  const id = wantedId(matched);
  if (isNotFound(answer)) return `Nylas has no grant ${id}`;
  if (refusesKey(answer)) {
    throw new UserError('refused', 'Nylas refuses the API key.', 'Check NYLAS_API_KEY; nothing was decided.');
  }
  const parsed = answer.kind === 'reply' && answer.status === 200 ? grantOf(answer.body) : null;
  const grant = parsed?.id === id ? keepable(parsed) : null;
  if (grant === null) {
    const message = `Nylas gave no usable answer about the grant ${id}.`;
    throw new UserError('unfinished', message, 'Run the same command again; nothing was decided.');
  }
  const { provider } = matched.record;
  if (grant.provider !== null && grant.provider !== provider)
    return `the grant ${id} is of ${grant.provider}, the record is of ${provider}`;
  return (grant.status ?? 'valid') === 'valid'
    ? grant
    : `the grant ${id} is ${grant.status ?? ''}, not valid`;
}

function decide(ports: JobPorts, { wish, record, held }: Matched, grant: Grant | null): Decided {
  const { decision, by, why } = wish;
  const scrub = scrubberOf([ports.apiKey]);
  const kept =
    grant === null ? null : { ...recordGrant(grant, originOf(record, grant), scrub), status: 'valid' };
  return { held: held ?? asHeld(record), decision, atMs: ports.clock.now(), by, why, grant: kept };
}

/** The record's own grant came as it came; another was there, and is left as it is. */
function originOf(record: LedgerRecord, grant: Grant): Origin {
  return record.grantId === grant.id ? (record.origin ?? 'existing') : 'existing';
}

/** A record that was never held: what it had, if anything, is of its own mailbox. */
function asHeld({ recordId, key, provider, email, status, grantId, origin, grantEmail }: LedgerRecord) {
  return {
    recordId,
    key,
    provider,
    email,
    status,
    grantId,
    origin,
    answeredEmail: grantEmail,
    isRejected: false,
  };
}

async function write({ ledger, runId }: JobPorts, decided: readonly Decided[]): Promise<void> {
  const written = ledger.decide(runId, decided);
  ledger.flush();
  await written;
}

function toResolved({ held, decision, grant, by, why }: Decided): Resolved {
  const isLeft = held.grantId !== null && held.grantId !== grant?.id;
  return {
    key: held.key,
    decision,
    grantId: grant?.id ?? null,
    grantEmail: grant?.email ?? null,
    leftGrantId: isLeft ? held.grantId : null,
    leftEmail: isLeft ? held.answeredEmail : null,
    by,
    why,
  };
}

function count(resolved: readonly Resolved[]): ResolveResult['counts'] {
  const of = (name: Wish['decision']): number => resolved.filter(({ decision }) => decision === name).length;
  return { accept: of('accept'), reject: of('reject'), grant: of('grant') };
}

function failOn(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const next =
    'Nothing was decided: mend that and give all of it again. Who is held says resolve --list, with the same --ledger.';
  throw new UserError('usage', problems.join('\n'), next);
}
