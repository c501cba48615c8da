import type { Provider } from '../../src/core/provider.js';
import type { RawRow } from '../../src/core/record.js';
import type { Dice } from './dice.js';

/** What a provider says to a credential. */
export type Fate = 'works' | 'revoked' | 'unconsented' | 'malformed' | 'blocked' | 'dead';

/** A credential as its provider knows it. */
export interface Credential {
  readonly token: string;
  readonly provider: Provider;
  /** Whose mailbox it opens. */
  readonly mailbox: string;
  readonly fate: Fate;
  readonly worksOnce: boolean;
}

/** A user as a row names them. */
export interface Person {
  readonly key: string;
  readonly provider: Provider;
  /** As it is written in the row; null: the row has none. */
  readonly email: string | null;
  /** Their own mailbox, folded. */
  readonly mailbox: string;
  readonly credentialId: string | null;
  credential: Credential;
}

/** A row of the file: a person's, or (null) one that nobody can make anything of. */
type Line = {
  readonly person: Person;
  /** Another than their own. */ readonly older: Credential | null;
} | null;

export const HEADER = [
  'account_id',
  'provider',
  'email',
  'refresh_token',
  'credential_id',
  'imap_username',
  'imap_password',
];

const PROVIDERS: readonly Provider[] = ['google', 'microsoft', 'zoom', 'yahoo', 'imap'];
const FAILURES = ['revoked', 'revoked', 'unconsented', 'malformed', 'blocked', 'dead'] as const;
const SIZES = [8, 20, 20, 60, 60, 120, 300] as const;

/** Everybody there is, the file that names them, and what their credentials are worth. */
export class People {
  readonly persons: readonly Person[];
  /** Providers whose tokens the operator knows to work once. */
  readonly singleUse: ReadonlySet<Provider>;
  /** Providers whose tokens work once, whether anybody knows or not. */
  readonly #takesOnce: ReadonlySet<Provider>;
  readonly #dice: Dice;
  readonly #credentials = new Map<string, Credential>();
  readonly #byKey: ReadonlyMap<string, Person>;
  #lines: readonly Line[];

  constructor(dice: Dice) {
    this.#dice = dice;
    this.singleUse = new Set<Provider>(dice.chance(0.2) ? ['zoom', 'microsoft'] : ['zoom']);
    this.#takesOnce = new Set<Provider>([
      ...this.singleUse,
      ...(dice.chance(0.4) ? (['google'] as const) : []),
    ]);
    this.persons = this.#invent();
    this.#byKey = new Map(this.persons.map((person) => [person.key, person]));
    this.#lines = this.#write();
  }

  /** The credential with that token. */
  credentialOf(token: string): Credential | null {
    return this.#credentials.get(token) ?? null;
  }

  /** The person that a record is about. */
  personOf(key: string): Person {
    const person = this.#byKey.get(key);
    if (person === undefined) throw new Error(`nobody is called ${key}`);
    return person;
  }

  /** The rows of the file as it stands. */
  rows(): readonly RawRow[] {
    return this.#lines.map((line, index) => ({ line: index + 2, fields: fieldsOf(line), problem: null }));
  }

  /** How many rows may each have attempts of their own: all that name a person, where their credentials differ. */
  turnsOf(key: string): number {
    const own = this.#lines.filter((line) => line?.person.key === key);
    return own.some((line) => (line?.older ?? null) !== null) ? own.length : 1;
  }

  /** Writes the file in another order. */
  reorder(): void {
    this.#lines = this.#dice.shuffled(this.#lines);
  }

  /** Gives a person a new credential that works. */
  renew(person: Person): void {
    const { provider, mailbox, credential } = person;
    const token = `${credential.token}-renewed`;
    person.credential = { token, provider, mailbox, fate: 'works', worksOnce: credential.worksOnce };
    this.#credentials.set(token, person.credential);
  }

  #invent(): readonly Person[] {
    const dice = this.#dice;
    const providers = dice.shuffled(PROVIDERS).slice(0, dice.int(1, PROVIDERS.length));
    const count = dice.int(5, dice.pick(SIZES));
    const habits = {
      shares: dice.pick([0, 0.15, 0.5]),
      namesNoEmail: dice.chance(0.4) ? 0.2 : 0,
      hasCredentialId: dice.chance(0.4) ? 0.3 : 0,
      fails: dice.pick([0, 0.1, 0.3, 0.9]),
      isWrong: dice.chance(0.3) ? 0.1 : 0,
    };
    const persons: Person[] = [];
    for (let number = 1; number <= count; number += 1) {
      const provider = dice.pick([providers[0] ?? 'google', ...providers]);
      const twin = dice.chance(habits.shares) ? (persons[dice.int(0, persons.length - 1)] ?? null) : null;
      persons.push(this.#person(number, provider, twin, habits));
    }
    return persons;
  }

  #person(number: number, ownProvider: Provider, twin: Person | null, habits: Habits): Person {
    const dice = this.#dice;
    const provider = twin !== null && dice.chance(0.7) ? twin.provider : ownProvider;
    const mailbox = twin?.mailbox ?? `u${number}@d${number % 5}.example`;
    const written = dice.chance(0.1) ? mailbox.toUpperCase() : mailbox;
    const isWithId = dice.chance(habits.hasCredentialId) && provider !== 'imap';
    const email = dice.chance(habits.namesNoEmail) ? null : written;
    // Where a row has no email, nothing tells that its token is another's too.
    const isTwin = twin?.provider === provider && twin.email !== null && email !== null;
    return {
      key: `user-${number}`,
      provider,
      email,
      mailbox,
      credentialId: isWithId ? 'credential-1' : null,
      credential:
        isTwin && dice.chance(0.6) ? twin.credential : this.#credential(number, provider, mailbox, habits),
    };
  }

  #credential(number: number, provider: Provider, own: string, habits: Habits): Credential {
    const dice = this.#dice;
    const mailbox = dice.chance(habits.isWrong) ? `other${number}@d.example` : own;
    const fate: Fate = dice.chance(habits.fails) ? dice.pick(FAILURES) : 'works';
    const worksOnce = this.#takesOnce.has(provider);
    const credential = { token: `token-of-${number}`, provider, mailbox, fate, worksOnce };
    this.#credentials.set(credential.token, credential);
    return credential;
  }

  /** The file: everybody, some of them more than once, and rows that say nothing. */
  #write(): readonly Line[] {
    const dice = this.#dice;
    const lines: Line[] = this.persons.map((person) => ({ person, older: null }));
    const repeats = dice.chance(0.5) ? dice.int(1, Math.ceil(lines.length / 2)) : 0;
    const olderShare = dice.pick([0, 0.3]);
    for (let count = 0; count < repeats; count += 1) {
      const line = this.#repeat(this.persons[dice.int(0, this.persons.length - 1)], count, olderShare);
      lines.splice(dice.chance(0.5) ? lines.length : dice.int(0, lines.length), 0, line);
    }
    if (dice.chance(0.2)) lines.splice(dice.int(0, lines.length), 0, null);
    return dice.chance(0.5) ? lines : dice.shuffled(lines);
  }

  /** Another row of a person: the same, or with a credential that they had before. */
  #repeat(person: Person | undefined, number: number, olderShare: number): Line {
    if (person === undefined) return null;
    if (!this.#dice.chance(olderShare)) return { person, older: null };
    const { token } = person.credential;
    const fate: Fate = this.#dice.chance(0.5) ? 'revoked' : 'works';
    const older = { ...person.credential, token: `${token}-older-${number}`, fate };
    this.#credentials.set(older.token, older);
    return { person, older };
  }
}

interface Habits {
  readonly shares: number;
  readonly namesNoEmail: number;
  readonly hasCredentialId: number;
  readonly fails: number;
  readonly isWrong: number;
}

function fieldsOf(line: Line): readonly string[] {
  if (line === null) return HEADER.map(() => '');
  const { key, provider, email, credentialId } = line.person;
  const credential = line.older ?? line.person.credential;
  const isImap = provider === 'imap';
  const login = isImap && email === null ? `login-of-${key}` : '';
  return [
    ...[key, provider, email ?? ''],
    ...(isImap ? ['', '', login, credential.token] : [credential.token, credentialId ?? '', '', '']),
  ];
}
