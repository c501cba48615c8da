import type { Provider } from '../core/provider.js';
import { simulate } from './behind.js';
import { connect } from './connect.js';
import { connectorOf } from './connectors.js';
import { drawReadFault } from './faults.js';
import type { StoredGrant } from './grants.js';
import { readGrantQuery, readPage } from './query.js';
import { accepted, invalidRequest, notFound, refused, type Reply } from './reply.js';
import { drawProviderLatencyMs, pause, type World } from './world.js';

/** A request, as much of it as decides the answer. */
interface Call {
  readonly query: URLSearchParams;
  readonly body: string;
  /** What the route's pattern captured: a grant id, or nothing. */
  readonly id: string;
}

type Handler = (world: World, call: Call) => Reply | Promise<Reply>;

export interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  /** Names its requests in the statistics. */
  readonly kind: string;
  readonly handle: Handler;
}

const ROUTES: readonly Route[] = [
  post(/^\/v3\/connect\/custom$/, 'connect', (world, { body }) => connect(world, body)),
  get(/^\/v3\/grants$/, 'list_grants', listGrants),
  get(/^\/v3\/grants\/([^/]+)$/, 'get_grant', getGrant),
  { method: 'DELETE', pattern: /^\/v3\/grants\/([^/]+)$/, kind: 'delete_grant', handle: deleteGrant },
  get(/^\/v3\/grants\/([^/]+)\/calendars$/, 'calendars', useGrant(['imap', 'yahoo', 'zoom'])),
  get(/^\/v3\/grants\/([^/]+)\/messages$/, 'messages', useGrant(['virtual-calendar', 'zoom'])),
  post(/^\/simulate\/([a-z_]+)$/, 'simulate', (world, { id, body }) => simulate(world, id, body)),
  get(/^\/v3\/connectors$/, 'connectors', listConnectors),
  get(/^\/v3\/applications$/, 'application', getApplication),
];

const UNKNOWN: Route = {
  method: '',
  pattern: /^/,
  kind: 'unknown',
  handle: () => notFound('Unknown endpoint'),
};

function post(pattern: RegExp, kind: string, handle: Handler): Route {
  return { method: 'POST', pattern, kind, handle };
}

/** A read, which a fault for reads may strike. */
function get(pattern: RegExp, kind: string, handle: Handler): Route {
  const read: Handler = (world, call) => {
    const fault = drawReadFault(world.settings.faults, world.faultRandom);
    return fault === null ? handle(world, call) : fault.distort(accepted({}));
  };
  return { method: 'GET', pattern, kind, handle: read };
}

/** The route of a method and path, with what its pattern captured; unknown paths have one too. */
export function findRoute(method: string, path: string): { readonly route: Route; readonly id: string } {
  const route = ROUTES.find((each) => each.method === method && each.pattern.test(path)) ?? UNKNOWN;
  return { route, id: route.pattern.exec(path)?.[1] ?? '' };
}

function listGrants({ grants, settings }: World, { query }: Call): Reply {
  const read = readGrantQuery(query, settings.pageMax);
  if ('kind' in read) return read;
  return accepted({ data: grants.list(read), limit: read.limit, offset: read.offset });
}

function getGrant({ grants }: World, { id, query }: Call): Reply {
  const stored = grants.find(id);
  if (stored === undefined) return noGrant(id);
  const aliases = query.get('expose_aliases') === 'true' ? exposedAliases(stored) : {};
  return accepted({ data: { ...stored.grant, ...aliases } });
}

/** Only these two providers tell. */
function exposedAliases({ grant, aliases }: StoredGrant): { readonly email_aliases?: readonly string[] } {
  return grant.provider === 'google' || grant.provider === 'microsoft' ? { email_aliases: aliases } : {};
}

function deleteGrant({ grants, tally }: World, { id }: Call): Reply {
  if (!grants.remove(id)) return noGrant(id);
  tally.count('grantsDeleted');
  return accepted({});
}

/** The smallest real use of a grant: it reaches the provider, and so finds out what became of the credential. */
function useGrant(unsupported: readonly Provider[]): Handler {
  return async (world, { id }) => {
    await pause(drawProviderLatencyMs(world));
    const stored = world.grants.find(id);
    if (stored === undefined) return noGrant(id);
    if (unsupported.includes(stored.grant.provider)) {
      return invalidRequest(`provider: ${stored.grant.provider} does not support this endpoint`);
    }
    return stored.dead || stored.grant.grant_status === 'invalid' ? expired() : accepted({ data: [] });
  };
}

function expired(): Reply {
  const providerError = { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' };
  return refused(401, 'unauthorized', 'The grant has expired: re-authenticate it', { providerError });
}

function noGrant(id: string): Reply {
  return notFound(`No grant with id ${id}`);
}

function listConnectors({ connectors }: World, { query }: Call): Reply {
  const read = readPage(query);
  if ('kind' in read) return read;
  const data = [...connectors].slice(read.offset, read.offset + read.limit).map(connectorOf);
  return accepted({ data, ...read });
}

function getApplication({ settings }: World): Reply {
  const { applicationId, applicationName, environment, region } = settings;
  const data = { application_id: applicationId, region, environment, branding: { name: applicationName } };
  return accepted({ data });
}
