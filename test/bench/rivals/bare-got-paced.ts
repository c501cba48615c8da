import { Agent } from 'node:http';
import { setInterval } from 'node:timers/promises';
import got from 'got';
import { userOf } from '../users.js';

/** What got costs at a pace: so many requests, one each time, and nothing else. */
const [url = '', rows = '0', perSecond = '1', tokenLength = '120', apiKey = ''] = process.argv.slice(2);

const client = got.extend({
  prefixUrl: url,
  headers: { authorization: `Bearer ${apiKey}` },
  agent: { http: new Agent({ keepAlive: true }) },
  retry: { limit: 0 },
  throwHttpErrors: false,
});

const sent: Promise<unknown>[] = [];
const ticks = setInterval(1000 / Number(perSecond))[Symbol.asyncIterator]();
while (sent.length < Number(rows)) {
  await ticks.next();
  const { accountId, token } = userOf(sent.length, Number(tokenLength));
  const json = { provider: 'google', settings: { refresh_token: token }, state: accountId };
  sent.push(client.post('v3/connect/custom', { json }).json());
}
await ticks.return?.();
await Promise.all(sent);
