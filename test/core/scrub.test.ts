import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isEcho, REDACTED, scrubberOf } from '../../src/core/scrub.js';

/** Like Google's: the slashes are what serialisers escape. */
const TOKEN = '1//0gKx-Rt_Planted/Secret+9876543210==';
const PASSWORD = 'p"a\\ss w&rd<é€>\'%41';

const hex = (code: number, length: number): string => code.toString(16).padStart(length, '0');
const utf8 = (text: string): readonly number[] => [...Buffer.from(text, 'utf8')];
const codeOf = (char: string): number => char.codePointAt(0) ?? 0;
const jsonOf = (text: string): string => JSON.stringify(text).slice(1, -1);

/** How servers write down what they were sent. */
const SPELLINGS: Readonly<Record<string, (secret: string) => string>> = {
  raw: (secret) => secret,
  'lower case': (secret) => secret.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  'upper case': (secret) => secret.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
  JSON: jsonOf,
  'JSON with escaped slashes': (secret) => jsonOf(secret).replaceAll('/', '\\/'),
  'JSON of JSON': (secret) => jsonOf(jsonOf(secret)),
  'JSON of JSON with escaped slashes': (secret) =>
    jsonOf(jsonOf(secret).replaceAll('/', '\\/')).replaceAll('/', '\\/'),
  'JSON with escaped HTML': (secret) =>
    jsonOf(secret).replace(/[<>&+'=]/g, (c) => `\\u${hex(c.charCodeAt(0), 4)}`),
  'JSON in ASCII': (secret) =>
    jsonOf(secret).replace(/[^ -~]/g, (unit) => `\\u${hex(unit.charCodeAt(0), 4).toUpperCase()}`),
  'URI component': encodeURIComponent,
  'URI, every byte': (secret) =>
    utf8(secret)
      .map((byte) => `%${hex(byte, 2)}`)
      .join(''),
  'URI, twice': (secret) => encodeURIComponent(encodeURIComponent(secret)),
  form: (secret) => new URLSearchParams({ x: secret }).toString().slice(2),
  HTML: (secret) =>
    secret
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
  'HTML, hexadecimal': (secret) =>
    secret.replace(/[^\w ]/gu, (char) => `&#x${hex(codeOf(char), 2).toUpperCase()};`),
  'HTML, decimal': (secret) =>
    secret.replace(/[^\w ]/gu, (char) => `&#${String(codeOf(char)).padStart(3, '0')};`),
  'HTML of JSON': (secret) => jsonOf(secret).replace(/[<>&"']/g, (char) => `&#${String(codeOf(char))};`),
  'URI of JSON': (secret) => encodeURIComponent(jsonOf(secret)),
  'base64 of JSON': (secret) => Buffer.from(jsonOf(secret)).toString('base64'),
  'base64 of a URI': (secret) => Buffer.from(encodeURIComponent(secret)).toString('base64'),
  base64: (secret) => Buffer.from(secret).toString('base64'),
  base64url: (secret) => Buffer.from(secret).toString('base64url'),
};

const CONTEXTS: Readonly<Record<string, readonly [before: string, after: string]>> = {
  alone: ['', ''],
  'in words': ['the value ', ' was not accepted'],
  'in a tag': ['<p title=', '></p>'],
  'within letters': ['xyz', 'xyz'],
  'after a backslash': ['\\', '\\'],
};

describe.each(Object.entries(SPELLINGS))('%s', (_name, spell) => {
  test.each(Object.entries(CONTEXTS))('%s', (_context, [before, after]) => {
    for (const secret of [TOKEN, PASSWORD]) {
      const scrubbed = scrubberOf([TOKEN, PASSWORD])(before + spell(secret) + after);
      expect(scrubbed).toContain(REDACTED);
      expect(scrubbed.startsWith(before.slice(0, -1))).toBe(true);
      expect(scrubbed.endsWith(after)).toBe(true);
      expect(leftOf(scrubbed, spell(secret))).toBe('');
    }
  });

  test('cut off anywhere from the eighth character on', () => {
    const written = spell(TOKEN);
    const scrub = scrubberOf([TOKEN]);
    const shortest = spell(TOKEN.slice(0, 8)).replace(/=+$/, '').length;
    for (let length = Math.max(shortest, 8); length <= written.length; length += 1) {
      expect(leftOf(scrub(`cut: ${written.slice(0, length)}`), written.slice(0, length))).toBe('');
    }
  });
});

/** The longest part of `written`, from 8 characters on, that is still there. */
function leftOf(text: string, written: string): string {
  for (let from = 0; from + 8 <= written.length; from += 1) {
    const part = written.slice(from, from + 8);
    if (text.includes(part)) return part;
  }
  return '';
}

test('base64 of a pair holds the secret at any offset', () => {
  for (const name of ['a', 'ab', 'abc', 'user@example.com']) {
    const pair = Buffer.from(`${name}:${TOKEN}`).toString('base64');
    expect(
      leftOf(scrubberOf([TOKEN])(`Basic: ${pair}`), pair.slice(Math.ceil((name.length + 1) * 1.34) + 1)),
    ).toBe('');
  }
});

test('any secret is found in base64, in either alphabet, at any offset', () => {
  const secrets = fc.oneof(
    fc.string({ minLength: 9, maxLength: 40 }),
    fc.string({ minLength: 9, maxLength: 20, unit: 'grapheme' }),
  );
  fc.assert(
    fc.property(secrets, fc.nat(3), fc.constantFrom('base64', 'base64url'), (secret, offset, alphabet) => {
      const around = Buffer.concat([Buffer.alloc(offset, 'x'), Buffer.from(secret), Buffer.from('yy')]);
      expect(scrubberOf([secret])(around.toString(alphabet))).toContain(REDACTED);
    }),
  );
});

describe('what is not a secret stays', () => {
  test.each([
    'AADSTS70000: The provided value for the input parameter is not valid. Trace ID: 00aa-11bb',
    'Invalid or revoked refresh token',
    'The access token has expired, or the API key is wrong.',
    '<html><head><title>502 Bad Gateway</title></head></html>',
    '{"error":"invalid_grant","error_description":"Token has been expired or revoked."}',
    'password must not be empty',
    'https://api.us.nylas.com/v3/grants?email=ada%40example.com&limit=200',
    'p = 1//0, é & €',
    `${TOKEN.slice(0, 7)} is seven characters`,
    '',
  ])('%s', (text) => {
    expect(scrubberOf([TOKEN, PASSWORD, ''])(text)).toBe(text);
  });

  test('around a secret', () => {
    expect(scrubberOf([TOKEN])(`a ${TOKEN} b ${TOKEN}, c`)).toBe(`a ${REDACTED} b ${REDACTED}, c`);
  });
});

describe('by name', () => {
  const scrub = scrubberOf([]);

  test.each([
    ['refresh_token=Zq9.w-x', 'refresh_token=[redacted]'],
    ['grant_type=x&refresh_token=Zq9&client_id=7', 'grant_type=x&refresh_token=[redacted]&client_id=7'],
    ['{"password": "two words", "a": 1}', '{"password": "[redacted]", "a": 1}'],
    [String.raw`{"password":"with \" quote","a":1}`, '{"password":"[redacted]","a":1}'],
    [
      String.raw`"{\"access_token\":\"Zq\\\"9\",\"a\":1}"`,
      String.raw`"{\"access_token\":\"[redacted]\",\"a\":1}"`,
    ],
    ["client-secret: 'Zq9'", "client-secret: '[redacted]'"],
    ['"refreshToken":"cut o', '"refreshToken":"[redacted]'],
    ['Authorization: Bearer Zq9', 'Authorization: Bearer [redacted]'],
    ['authorization=Basic Zq9==', 'authorization=Basic [redacted]'],
    ['sent bearer Zq9, refused', 'sent bearer [redacted], refused'],
    ['api_key = Zq9', 'api_key = [redacted]'],
    ['smtp_passwd:Zq9', 'smtp_passwd:[redacted]'],
    ['{&quot;id_token&quot;:&quot;Zq9&quot;}', '{&quot;id_token&quot;:&quot;[redacted]&quot;}'],
    ['"assertion":"Zq9"', '"assertion":"[redacted]"'],
  ])('%s', (text, scrubbed) => {
    expect(scrub(text)).toBe(scrubbed);
  });
});

describe('a short secret', () => {
  test('is only removed whole', () => {
    expect(scrubberOf(['Tr0ub'])('Tr0ub, Tr0u')).toBe(`${REDACTED}, Tr0u`);
  });

  test('that is a piece of our own mark changes nothing of it', () => {
    const scrub = scrubberOf(['red', 'e', '[']);
    expect(scrub('a red x')).toBe(`a ${REDACTED} x`);
    expect(scrub(scrub('a red x'))).toBe(`a ${REDACTED} x`);
  });
});

test('one secret that begins another is not left half removed', () => {
  const scrub = scrubberOf(['secret-A', 'secret-A-and-more']);
  expect(scrub('secret-A-and-more, secret-A')).toBe(`${REDACTED}, ${REDACTED}`);
});

test('a long text full of escapes is scrubbed in reasonable time', () => {
  const text = `${'\\u0031//0gKx&amp;%25 '.repeat(8_000)}${TOKEN}`;
  const startedMs = performance.now();
  expect(leftOf(scrubberOf([TOKEN, PASSWORD, 'x'.repeat(3_000)])(text), TOKEN)).toBe('');
  expect(performance.now() - startedMs).toBeLessThan(3_000);
});

describe('whatever the secrets and the text', () => {
  const secret = fc.string({ unit: 'binary', minLength: 8, maxLength: 40 });
  const short = fc.string({ minLength: 1, maxLength: 7 });
  const around = fc.string({ unit: 'grapheme', maxLength: 20 });
  const spelling = fc.constantFrom(...Object.values(SPELLINGS));
  const word = fc.constantFrom(
    'password',
    '"refresh_token"',
    ':',
    '=',
    ' ',
    '"',
    '\\',
    "'",
    'bearer ',
    REDACTED,
    'Zq',
  );

  test('no spelling of a secret is left', () => {
    fc.assert(
      fc.property(secret, short, spelling, around, around, (long, brief, spell, before, after) => {
        fc.pre(!/[[\]]|redacted/i.test(long + brief));
        const scrubbed = scrubberOf([brief, long])(`${before} ${spell(long)} ${after} ${spell(long)}`);
        expect(scrubbed).toContain(REDACTED);
        expect(scrubbed.replaceAll(REDACTED, '')).not.toContain(spell(long));
      }),
      { numRuns: 1_000 },
    );
  });

  test('scrubbing twice is scrubbing once', () => {
    const piece = fc.oneof(word, around, fc.constantFrom(TOKEN, TOKEN.slice(0, 12), jsonOf(PASSWORD)));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), short, (pieces, brief) => {
        fc.pre(!/[[\]]/.test(brief));
        const scrub = scrubberOf([TOKEN, PASSWORD, brief]);
        const once = scrub(pieces.join(''));
        expect(scrub(once)).toBe(once);
      }),
      { numRuns: 2_000 },
    );
  });

  test('text without secrets or their names is left alone', () => {
    fc.assert(
      fc.property(around, (text) => {
        fc.pre(!/token|key|pass|bearer|assertion|authorization|secret/i.test(text));
        expect(scrubberOf([TOKEN, PASSWORD])(text)).toBe(text);
      }),
    );
  });
});

describe('an id', () => {
  test('that repeats a secret, whole, encoded or cut off, is an echo of it', () => {
    for (const id of [TOKEN, `grant-${TOKEN}`, TOKEN.slice(0, 9), Buffer.from(TOKEN).toString('base64')]) {
      expect(isEcho(id, [TOKEN])).toBe(true);
    }
    expect(isEcho(`grant ${REDACTED}`, [])).toBe(true);
  });

  test('that holds a short password by chance is none', () => {
    expect(isEcho('0a7b2c4d-0000-4000-8000-00000000abcd', ['abcd', '0', TOKEN])).toBe(false);
  });
});
