import type { LaneStop } from './lane.js';

/** A lane as it is named to people: its provider, and the credential record where rows named one. */
export function laneTitle({
  provider,
  credentialId,
}: {
  provider: string;
  credentialId: string | null;
}): string {
  return credentialId === null ? provider : `${provider} (credential_id ${credentialId})`;
}

/** What a stopped lane saw, and what to fix before its rows are worth sending. */
export function describeLaneStop(stop: LaneStop): string {
  switch (stop.kind) {
    case 'no_connector':
      return "the application has no connector for it: make one in Nylas' dashboard.";
    case 'client_mismatch':
      return `the provider does not know the connector's client, as seen over ${stop.domains} domains: correct the client id and secret in the connector.`;
    case 'no_success':
      return `${stop.outcomes} outcomes and not one grant: usually the connector's client is not the one that these refresh tokens were issued to. Point the connector, or credential_id, at that client, then run again: what failed is tried again. Where these users really are to sign in again, give --expect-reauth.`;
    case 'failure_rate':
      return `${stop.failures} of its latest ${stop.outcomes} submissions failed, and not for what users can mend: see report --select failed, and raise --failure-rate-max if that is as it should be.`;
  }
}
