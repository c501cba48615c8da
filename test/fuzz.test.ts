import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../src/adapters/clock/index.js';
import { csvSource } from '../src/adapters/csv/source.js';
import { nylasApi } from '../src/adapters/nylas/index.js';
import { openReader } from '../src/adapters/sqlite/reader.js';
import { check } from '../src/check.js';
import { CHECK, OPTION_NAMES, REPORT, RUN, SIMULATE } from '../src/cli/options.js';
import { resolveOptions, type OptionSpecs } from '../src/config.js';
import { UserError } from '../src/core/errors.js';
import { FIELDS, mapHeader } from '../src/core/header.js';
import { classifyOutcome } from '../src/core/outcome.js';
import { PROVIDERS } from '../src/core/provider.js';
import { interpretRow } from '../src/core/row.js';
import type { RunResult } from '../src/migrate.js';
import type { Clock } from '../src/ports/clock.js';
import type { NylasApi } from '../src/ports/nylas.js';
import { serveTcp } from './support/http.js';
import { makeFolder } from './support/ledger.js';
import { migrateHere } from './support/migrate.js';
import { reading } from './support/reading.js';
import { someUser } from './support/users.js';

/** What nobody caught: each test must leave none. */
const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);

beforeAll(() => {
  process.on('unhandledRejection', note);
});

afterAll(() => {
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

const budget = (timeLimitMs: number) => ({
  numRuns: 5_000,
  interruptAfterTimeLimit: timeLimitMs,
  markInterruptAsFailure: false,
});

/** Passes UserErrors, which are told in words; whatever else is thrown is a bug. */
async function orUserError<T>(act: () => T | Promise<T>): Promise<T | UserError> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof UserError) {
      expect(error.message).not.toBe('');
      return error;
    }
    throw error;
  }
}

const word = fc.constantFrom(
  ...FIELDS,
  ...PROVIDERS,
  ...['gmail', 'exchange', 'ada@example.com', '\\N', 'NULL', '__proto__', 'constructor', '993', '-1'],
  ...['"', '""', ',', ';', '\t', '|', '\n', '\r\n', '\r', '\uFEFF', '\0', '\uFFFD', ' ', 'é', '😀', '\ud800'],
);
const value = fc.oneof(word, fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 12 }));
const quoted = value.map((text) => `"${text.replaceAll('"', '""')}"`);
const delimiter = fc.constantFrom(',', ';', '\t', '|');

const csvText = fc
  .tuple(
    fc.uniqueArray(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...FIELDS) }, value), { maxLength: 8 }),
    fc.array(fc.array(fc.oneof(value, quoted), { maxLength: 9 }), { maxLength: 8 }),
    delimiter,
    fc.constantFrom('\n', '\r\n', '\r'),
  )
  .map(([header, rows, between, end]) => [header, ...rows].map((row) => row.join(between)).join(end));

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
  csvText.map((text) => Buffer.from(text)),
  csvText.map((text) => Buffer.from(`\uFEFF${text}`, 'utf16le')),
  csvText.map((text) => Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.from(text)])),
);

describe('whatever the input', () => {
  test('check judges it, or says what is wrong with it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 3 }), async (chunks) => {
        const source = csvSource({ stdin: Readable.from(chunks) });
        const summary = await orUserError(() => check(source, reading({ defaultProvider: 'google' }), 45));
        if (summary instanceof UserError) return;
        expect(JSON.parse(JSON.stringify(summary))).toBeTypeOf('object');
      }),
      budget(2_000),
    );
  });

  test('a row is a user or says why it is none, and never shows its credentials', async () => {
    const row = fc.dictionary(fc.oneof(fc.constantFrom(...FIELDS), value), value, { maxKeys: 8 });
    const secret = fc.string({
      unit: fc.constantFrom('a', 'b', 'Z', '0', '9', '_', '-', '/', '.', '~'),
      minLength: 12,
      maxLength: 60,
    });
    const arbitrary = fc.tuple(row, secret, fc.constantFrom(...FIELDS), fc.array(value, { maxLength: 3 }));
    await fc.assert(
      fc.asyncProperty(arbitrary, async ([fields, planted, column, more]) => {
        const token = `Zq0_${planted}`;
        const told = { provider: 'google', email: 'ada@example.com', ...fields, refresh_token: token };
        const all: Record<string, string> = { ...told, [column]: token };
        const read = reading({ carry: ['email'] });
        await orUserError(() => {
          const header = mapHeader(Object.keys(all), read);
          const raw = { line: 2, fields: [...Object.values(all), ...more], problem: null };
          const made = interpretRow(raw, header, { reading: read, keyOfCredential: () => 'key' });
          if (made.kind === 'user') {
            const { secrets, body, ...shown } = made.user;
            if (body.settings['refresh_token'] === token) expect(secrets).toContain(token);
            expect(JSON.stringify([shown, body.state])).not.toContain(token);
          } else {
            expect(made.bad.reasons.length).toBeGreaterThan(0);
            expect(JSON.stringify(made.bad)).not.toContain(token);
          }
        });
      }),
      budget(1_500),
    );
  });
});

describe('whatever the configuration', () => {
  const names = Object.values(RUN).map(({ flags }) => /--([a-z-]+)/.exec(flags)?.[1] ?? '');
  const text = fc.oneof(
    value,
    fc.constantFrom('1e9', '0x10', '-0', '1%', '100%', '2h', '1ms', 'a=b', 'us', '[]'),
  );
  const anything = fc.oneof(
    text,
    fc.array(text, { maxLength: 3 }),
    fc.boolean(),
    fc.double(),
    fc.jsonValue(),
  );
  const flags = fc.dictionary(fc.constantFrom(...names), anything, { maxKeys: 5 });
  const content = fc.oneof(
    fc.dictionary(fc.oneof(fc.constantFrom(...names), value), anything),
    fc.jsonValue(),
  );
  const variable = fc
    .constantFrom(...names)
    .map((name) => `NYLAS_MIGRATE_${name.toUpperCase().replaceAll('-', '_')}`);
  const env = fc.dictionary(variable, text, { maxKeys: 4 });

  test('it is read, or everything that is wrong with it is said', async () => {
    const commands: Readonly<Record<string, OptionSpecs>> = { RUN, CHECK, REPORT, SIMULATE };
    const arbitrary = fc.tuple(fc.constantFrom(...Object.keys(commands)), flags, env, content, env);
    await fc.assert(
      fc.asyncProperty(arbitrary, async ([command, given, variables, file, dotenv]) => {
        const specs = commands[command] ?? {};
        const named = { name: 'options.json', content: file };
        const values = await orUserError(() =>
          resolveOptions(specs, {
            flags: given,
            env: variables,
            file: named,
            dotenv,
            ofOthers: OPTION_NAMES,
          }),
        );
        if (values instanceof UserError) expect(values.kind).toBe('usage');
        else expect(Object.keys(values)).toEqual(Object.keys(specs));
      }),
      budget(1_500),
    );
  });
});

interface Reply {
  readonly head: string;
  readonly body: Buffer;
}

const echoed = fc.constantFrom(
  'grant-1',
  'ada@example.com',
  'google',
  'valid',
  'invalid',
  '__proto__',
  '',
  'é',
);
const leaf = fc.oneof(echoed, fc.jsonValue({ maxDepth: 1 }), fc.double(), fc.constantFrom(1e300, -1, 1.5));
const grantLike = fc.dictionary(
  fc.constantFrom('id', 'email', 'provider', 'grant_status', 'scope', 'state', 'created_at', 'updated_at'),
  leaf,
);
const errorLike = fc.dictionary(fc.constantFrom('type', 'message', 'provider_error', 'x'), leaf);
const bodyLike = fc.oneof(
  fc.record({ data: fc.oneof(grantLike, fc.array(grantLike, { maxLength: 3 }), leaf) }),
  fc.record({ error: errorLike, request_id: leaf }),
  fc.jsonValue(),
);
const json = bodyLike.map((content) => Buffer.from(JSON.stringify(content)));
const cutOff = fc.tuple(json, fc.nat(40)).map(([whole, length]) => whole.subarray(0, length));
const body = fc.oneof(
  { weight: 5, arbitrary: json },
  cutOff,
  fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)),
);

const status = fc.oneof(
  fc.constantFrom(200, 201, 204, 301, 304, 400, 401, 403, 404, 408, 409, 423, 429, 500, 502, 503, 504),
  fc.integer({ min: 100, max: 999 }),
);
const headerValue = fc.oneof(
  fc.constantFrom(
    '0',
    '1',
    '-1',
    '1e9',
    'Fri, 31 Dec 9999 23:59:59 GMT',
    'garbage 1',
    'gzip',
    'chunked',
    '2',
  ),
  fc.string({ maxLength: 20 }).map((text) => text.replace(/[^ -~]/g, '')),
);
const headerName = fc.constantFrom(
  'retry-after',
  'date',
  'x-fastly-id',
  'x-request-id',
  'content-encoding',
  'transfer-encoding',
  'content-length',
  'connection',
  'upgrade',
  'location',
  'set-cookie',
  'trailer',
);
const head = fc
  .tuple(status, fc.array(fc.tuple(headerName, headerValue), { maxLength: 3 }))
  .map(
    ([code, headers]) =>
      `HTTP/1.1 ${code} X\r\n${headers.map(([name, text]) => `${name}: ${text}\r\n`).join('')}`,
  );

const reply: fc.Arbitrary<Reply> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ head, body }) },
  // Whatever bytes: not HTTP at all.
  fc.record({ head: fc.string({ maxLength: 30 }), body }),
);

/** Node's own parser, connections and time-outs, without waiting longer than it takes: the peer always closes. */
function bytesOf({ head: first, body: rest }: Reply): Buffer {
  const length = /content-length|transfer-encoding/.test(first) ? '' : `content-length: ${rest.length}\r\n`;
  return Buffer.concat([Buffer.from(`${first}${length}\r\n`, 'latin1'), rest]);
}

const TIMEOUT_MS = 300;
const HANG_MS = 5_000;

/** Fails where something doesn't come to an end. */
async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error('it hangs'));
    }, HANG_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function apiAt(apiUri: string): NylasApi {
  return nylasApi({ apiUri, apiKey: 'nyk_v0_fuzzed-key', timeoutMs: TIMEOUT_MS, version: '1' }, systemClock);
}

describe('whatever the server answers', () => {
  test('a submission has an outcome', async () => {
    let next: Buffer = Buffer.alloc(0);
    const server = await serveTcp((socket) => {
      socket.end(next);
    });
    const api = apiAt(server.uri);
    onTestFinished(() => {
      api.close();
    });
    const user = someUser();
    await fc.assert(
      fc.asyncProperty(reply, async (given) => {
        next = bytesOf(given);
        const answer = await inTime(api.submit(user.body));
        const outcome = classifyOutcome(answer, user, null);
        expect(outcome.kind).toBeTypeOf('string');
        if (answer.kind === 'fault') expect(answer.left).toBe(true);
      }),
      budget(3_000),
    );
  });

  test('a run ends with balanced books and a ledger that can be read', async () => {
    const folder = makeFolder();
    onTestFinished(folder.remove);
    let count = 0;
    let replies: readonly Reply[] = [];
    let asked = 0;
    let whole = 0;
    const server = await serveTcp((socket, soFar) => {
      // Where the grants can't be listed to begin with, nothing is sent: that one answer is a good one.
      if (asked === 0 && soFar.startsWith('GET /v3/grants?')) {
        asked = 1;
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"data":[]}');
        return;
      }
      const given = replies[asked % Math.max(1, replies.length)];
      asked += 1;
      socket.end(given === undefined ? '' : bytesOf(given));
    });
    await fc.assert(
      fc.asyncProperty(fc.array(reply, { minLength: 1, maxLength: 6 }), async (given) => {
        [replies, asked] = [given, 0];
        count += 1;
        const path = folder.path(`${count}.db`);
        const result = await inTime(orUserError(() => migrateInto(path, server.uri)));
        if (!(result instanceof UserError)) {
          whole += 1;
          expect(result.balanced).toBe(true);
          expect(result.balance.read).toBe(ROWS);
        }
        const reader = openReader(path);
        try {
          for (const record of reader.records({ statuses: null, categories: null })) {
            expect(record.status).not.toBe('submitting');
          }
        } finally {
          reader.close();
        }
      }),
      budget(5_000),
    );
    expect(whole).toBeGreaterThan(3);
  });
});

const ROWS = 3;
const CSV = [
  'account_id,provider,email,refresh_token',
  ...Array.from({ length: ROWS }, (_, n) => `acc-${n},google,user${n}@example.com,token-of-user-${n}`),
  '',
].join('\n');

/** Time that a run waits is no time: timers fire at once, in their order; those of the network are Node's own. */
const hasty: Clock = {
  ...systemClock,
  after: (delayMs, callback) => systemClock.after(Math.min(delayMs, 2), callback),
};

function migrateInto(ledgerPath: string, apiUri: string): Promise<RunResult> {
  const input = { stdin: Readable.from([Buffer.from(CSV)]) };
  const retry = { attemptsMax: 2, settleDelayMs: 1 };
  const options = { timeoutMs: TIMEOUT_MS, concurrencyMax: 2, retry, drainTimeoutMs: 1_000 };
  return migrateHere({ ledgerPath, apiUri, input, clock: hasty }, options);
}
