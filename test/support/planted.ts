import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from './fake-clock.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Secrets that are nowhere else: each is planted once, and then nothing may hold it. */
export class Planted {
  readonly #secrets = new Map<string, string>();
  readonly #random = seededRandom(20_260_301);

  /** A secret of that name, as long as a refresh token, with something in the middle of it. */
  plant(name: string, special = ''): string {
    const secret = this.#letters(20) + special + this.#letters(20);
    this.#secrets.set(name, secret);
    return secret;
  }

  #letters(count: number): string {
    const letter = (): string => ALPHABET.charAt(Math.floor(this.#random() * ALPHABET.length));
    return Array.from({ length: count }, letter).join('');
  }

  /** The names of the secrets that the bytes hold, in whatever spelling, each with the spelling's name. */
  foundIn(bytes: Buffer | string): string[] {
    const text = latin1(bytes).toLowerCase();
    const found: string[] = [];
    for (const [name, secret] of this.#secrets) {
      for (const [spelling, written] of spellings(secret)) {
        if (text.includes(latin1(written).toLowerCase())) found.push(`${name} (${spelling})`);
      }
    }
    return found;
  }

  /** What `foundIn` finds in each file of a folder and in the folders within. */
  foundInFolder(folder: string): string[] {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    return files.flatMap((file) =>
      this.foundIn(readFileSync(join(file.parentPath, file.name))).map((found) => `${file.name}: ${found}`),
    );
  }
}

function latin1(bytes: Buffer | string): string {
  return Buffer.from(bytes).toString('latin1');
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

function spellings(secret: string): (readonly [string, string])[] {
  const inBase64 = [secret, escaped(secret), encodeURIComponent(secret)].flatMap((text) =>
    [0, 1, 2].map((offset) => inner(text, offset)),
  );
  return [
    ['raw', secret],
    ['its first 12 characters', secret.slice(0, 12)],
    // Of what was cut off before it: no scrubber that knows the secret should leave it.
    ['its last 12 characters', secret.slice(-12)],
    ['JSON', escaped(secret)],
    ['JSON twice', escaped(escaped(secret))],
    ['URI', encodeURIComponent(secret)],
    ['hexadecimal', Buffer.from(secret).toString('hex')],
    ...inBase64.map((text) => ['base64', text] as const),
    ...inBase64.map((text) => ['the beginning of base64', text.slice(0, 16)] as const),
  ];
}

/** The part of a text's base64 that doesn't depend on what stands around it. */
function inner(text: string, offset: number): string {
  const bytes = Buffer.from(text);
  const coded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  return coded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}
