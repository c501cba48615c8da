import { Agent } from 'node:http';
import got from 'got';
import { userOf } from '../users.js';

/** What got can do: so many requests, so many in flight, and nothing else; no file is read and none is written. */
const [url = '', rows = '0', inFlight = '1', tokenLength = '120', apiKey = ''] = process.argv.slice(2);

const client = got.extend({
  prefixUrl: url,
  headers: { authorization: `Bearer ${apiKey}` },
  agent: { http: new Agent({ keepAlive: true }) },
  retry: { limit: 0 },
});

let next = 0;

async function work(): Promise<void> {
  while (next < Number(rows)) {
    const { accountId, token } = userOf(next, Number(tokenLength));
    next += 1;
    const json = { provider: 'google', settings: { refresh_token: token }, state: accountId };
    await client.post('v3/connect/custom', { json }).json();
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, work));
