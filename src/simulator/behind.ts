import { isProvider, type Provider } from '../core/provider.js';
import { accepted, invalidRequest, notFound, type Reply } from './reply.js';
import type { World } from './world.js';

/** What users, and Nylas, do to grants behind a client's back. Each tells whether there was such a grant. */
export interface Behind {
  /** Deletes a grant. */
  readonly remove: (grantId: string) => boolean;
  /** The credential stops working; Nylas calls the grant invalid, or hasn't noticed yet. */
  readonly invalidate: (grantId: string, hasNoticed?: boolean) => boolean;
  /** The mailbox goes by another email. */
  readonly rename: (grantId: string, email: string) => boolean;
  /** Somebody signs in by themselves: their mailbox has a healthy grant, whose id this is. */
  readonly signIn: (person: { readonly provider: Provider; readonly email: string }) => string;
  /** Whoever administers the application makes a connector. */
  readonly addConnector: (provider: Provider) => void;
}

export function behindTheBack({ grants, connectors, nowS }: World): Behind {
  return {
    remove: (grantId) => grants.remove(grantId),
    invalidate: (grantId, hasNoticed = true) => grants.invalidate(grantId, hasNoticed),
    rename: (grantId, email) => grants.rename(grantId, email),
    signIn: ({ provider, email }) => {
      const person = { provider, email, mailbox: email, state: null, credentialId: null, aliases: [] };
      return grants.upsert({ ...person, scope: [], status: 'valid', dead: false }, nowS()).grant.id;
    },
    addConnector: (provider) => {
      connectors.add(provider);
    },
  };
}

/** `POST /simulate/<event>` with a JSON body: the same for whoever rehearses with a process. */
export function simulate(world: World, event: string, body: string): Reply {
  const said = parse(body);
  const { grant_id: grantId = '', email = '', provider = '' } = said ?? {};
  const behind = behindTheBack(world);
  if (event === 'sign_in') {
    if (email === '' || !isProvider(provider)) return invalidRequest('sign_in takes provider and email');
    return accepted({ data: { grant_id: behind.signIn({ provider, email }) } });
  }
  if (event === 'connector') {
    if (!isProvider(provider)) return invalidRequest('connector takes a provider');
    behind.addConnector(provider);
    return accepted({});
  }
  const act = EVENTS[event];
  if (act === undefined)
    return notFound(`There is delete, invalidate, expire, rename, sign_in and connector, no ${event}`);
  return act(behind, grantId, email) ? accepted({}) : notFound(`No grant with id ${grantId}`);
}

type Act = (behind: Behind, grantId: string, email: string) => boolean;

const EVENTS: Readonly<Record<string, Act>> = {
  delete: (behind, grantId) => behind.remove(grantId),
  invalidate: (behind, grantId) => behind.invalidate(grantId),
  // Its first real use shows it.
  expire: (behind, grantId) => behind.invalidate(grantId, false),
  rename: (behind, grantId, email) => behind.rename(grantId, email),
};

/** The texts in a JSON object; null where it is none. */
function parse(body: string): Readonly<Record<string, string>> | null {
  try {
    const said: unknown = JSON.parse(body);
    if (typeof said !== 'object' || said === null) return null;
    return Object.fromEntries(
      Object.entries(said).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    // No JSON: as if nothing had been said.
    return null;
  }
}
