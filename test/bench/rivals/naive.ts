import { appendFile, readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import sdk from 'nylas';
import pLimit from 'p-limit';

/** The script that one would write: the whole file at once, the official SDK, and a line appended for each user. */
const [url = '', file = '', out = '', inFlight = '1', apiKey = ''] = process.argv.slice(2);

// The package's types are taken for CommonJS, and so have one `default` that isn't there when it runs.
const Nylas = sdk as unknown as typeof sdk.default;

interface Row {
  readonly account_id: string;
  readonly provider: 'google';
  readonly email: string;
  readonly refresh_token: string;
}

const nylas = new Nylas({ apiKey, apiUri: url });
const rows: Row[] = parse(await readFile(file), { columns: true });
const limit = pLimit(Number(inFlight));

async function migrate(row: Row): Promise<void> {
  const requestBody = {
    provider: row.provider,
    settings: { refreshToken: row.refresh_token },
    state: row.account_id,
  };
  const { data } = await nylas.auth.customAuthentication({ requestBody });
  await appendFile(out, `${row.account_id},${data.id}\n`);
}

await Promise.all(rows.map((row) => limit(migrate, row)));
