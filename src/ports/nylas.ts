import type { Answer } from '../core/answer.js';
import type { GrantUse } from '../core/probe.js';
import type { Provider } from '../core/provider.js';
import type { ConnectBody } from '../core/record.js';

/** The calls of Nylas v3 that a migration makes. None throws for a status or a fault of the network. */
export interface NylasApi {
  /** `POST /v3/connect/custom`. */
  submit(body: ConnectBody, onLeft?: OnLeft): Promise<Answer>;
  /** `GET /v3/grants?email=…&provider=…`, the first 200. */
  grantsOf(
    mailbox: { readonly email: string; readonly provider: Provider },
    onLeft?: OnLeft,
  ): Promise<Answer>;
  /** `GET /v3/grants`: one page of a listing. */
  listGrants(page: GrantPage, onLeft?: OnLeft): Promise<Answer>;
  /** `GET /v3/grants/{id}?expose_aliases=true`. */
  grantById(grantId: string, onLeft?: OnLeft): Promise<Answer>;
  /** `GET /v3/applications`. */
  application(onLeft?: OnLeft): Promise<Answer>;
  /** `GET /v3/connectors`, the first 200. */
  connectors(onLeft?: OnLeft): Promise<Answer>;
  close(): void;
}

/** The calls that jobs other than a migration make too. */
export interface JobApi extends NylasApi {
  /** `DELETE /v3/grants/{id}`: final. */
  deleteGrant(grantId: string, onLeft?: OnLeft): Promise<Answer>;
  /** `GET /v3/grants/{id}/calendars?limit=1`, or `/messages`. Of a success only its status is kept. */
  useGrant(grantId: string, by: GrantUse, onLeft?: OnLeft): Promise<Answer>;
}

/** Told once when a request has been handed to the network whole; never where it didn't get so far. */
export type OnLeft = () => void;

/** A page of the application's grants. */
export interface GrantPage {
  /** In the order of their making (what is made meanwhile comes later), or the latest renewed first. */
  readonly order: 'made' | 'renewed';
  /** Unix seconds by Nylas' clock: only what was made since. */
  readonly since: number | null;
  readonly offset: number;
}
